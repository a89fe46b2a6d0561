"""The README: its example runs, and its commands are the ones that CI runs."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_example_runs(capsys):
    (example,) = _blocks("python")
    exec(compile(example, "README.md", "exec"), {})
    scores = np.fromstring(capsys.readouterr().out.strip("[]\n"), sep=" ")
    assert len(scores) == 5
    assert scores.mean() > 0.2


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


@pytest.mark.parametrize("name", ["CHANGELOG.md", "README.md"])
def test_documents_name_every_public_name(name):
    import sklearn_popularity

    text = (ROOT / name).read_text(encoding="utf-8")
    minor = set()
    if name == "README.md":
        minor = {
            "ImageShapeWarning",
            "ImageTransformer",
            "UnreadablePhotosWarning",
            "fetch_color_palette",
            "read_image",
        }
    for public in set(sklearn_popularity.__all__) - minor:
        room = inspect.ismodule(getattr(sklearn_popularity, public))
        assert room or public in text, public
