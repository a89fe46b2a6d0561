"""The README: its example runs, and its commands are the ones that CI runs."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose
from packaging.version import parse

import sklearn_popularity
from sklearn_popularity.features import _gist

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def _once(describe):
    """A function that describes a photo once, and remembers it."""
    known = {}

    def described(image, **settings):
        key = image.tobytes()
        if key not in known:
            known[key] = describe(image, **settings)
        return known[key]

    return described


def test_example_prints_what_is_shown(capsys, monkeypatch):
    # Of five folds, which describe each photo anew: most of half a minute.
    monkeypatch.setattr(_gist, "_describe_gist", _once(_gist._describe_gist))
    (example,), (shown,) = _blocks("python"), _blocks("text")
    exec(compile(example, "README.md", "exec"), {})
    scores, expected = (
        np.fromstring(text.strip("[]\n"), sep=" ")
        for text in (capsys.readouterr().out, shown)
    )
    assert len(scores) == 5 and scores.mean() > 0.2
    if parse(sklearn.__version__) >= parse("1.9"):  # which splits groups otherwise
        assert_allclose(scores, expected, atol=0.02)


def test_commands_are_those_of_ci():
    install = next(block for block in _blocks("sh") if "[tests]" in block).strip()
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    # `set -e` does not see what fails before an "&&".
    assert f"{install} || exit 1" in script.splitlines()


def test_links_lead_to_files():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    for link in links:
        assert (ROOT / link).exists(), link


@pytest.mark.parametrize("name", ["CHANGELOG.md", "docs/guide/index.md"])
def test_documents_name_every_public_name(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    names = [
        each
        for each in sklearn_popularity.__all__
        if not inspect.ismodule(getattr(sklearn_popularity, each))
    ]
    assert [each for each in names if each not in text] == []
