"""The guide: its snippets run and print what it says; public names are documented."""

import contextlib
import doctest
import importlib
import inspect
import io
import math
import re
import shlex
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from pkgutil import iter_modules

import pytest
from packaging.requirements import Requirement
from sklearn.base import BaseEstimator

import sklearn_popularity
from sklearn_popularity.cli import main

DOCS = Path(__file__).parents[1] / "docs"
# A fenced block, with the comment right above it if there is one.
BLOCK = re.compile(
    r"(?:^<!-- (?P<note>.*?) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
FRACTION = re.compile(r"-?\d+\.\d+")
PRINTED = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

ROOMS = [each.name for each in iter_modules(sklearn_popularity.__path__) if each.ispkg]
# All checks of numpydoc but these.
NOT_CHECKED = {
    "ES01",  # no extended summary: one line may say all
    "EX01",  # no example: not for warnings and small helpers
    "RT02",  # a named return value: the name is often what explains it
    "RT03",  # a return value without description: its name and type may say all
    "SA01",  # no See Also: not everything has a relative
    "SS05",  # a verb in third person: "Spearman's" is taken for one
}


def _pages():
    pages = [*DOCS.glob("*.md"), *DOCS.glob("guide/*.md"), *DOCS.glob("questions/*.md")]
    return sorted(page.relative_to(DOCS).as_posix() for page in pages)


def _run(block, namespace):
    """Run a block of Python, or the commands of this package in one of shell."""
    if block["language"] == "python":
        exec(compile(block["text"], "<snippet>", "exec"), namespace)
        return
    for line in block["text"].replace("\\\n", " ").splitlines():
        command, *arguments = shlex.split(line, comments=True) or [""]
        if command == "sklearn-popularity":
            assert main(arguments) == 0, line


def _is_for_here(note):
    """Whether a block holds here, by the comment above it."""
    if note is None or not note.startswith("needs "):
        return note is None or not note.startswith("not run")
    needed = Requirement(note.removeprefix("needs "))
    try:
        return version(needed.name) in needed.specifier
    except PackageNotFoundError:
        return False


def _output_of(block, namespace):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        _run(block, namespace)
    return printed.getvalue()


def _is_alike(shown, printed):
    """Whether texts agree; last digits of fractions may differ between versions."""
    check = doctest.OutputChecker().check_output
    if not check(FRACTION.sub("0.0", shown), FRACTION.sub("0.0", printed), PRINTED):
        return False
    pairs = zip(FRACTION.findall(shown), FRACTION.findall(printed), strict=False)
    return all(
        math.isclose(float(one), float(other), rel_tol=0.02, abs_tol=0.012)
        for one, other in pairs
    )


def _check_page(text):
    namespace, printed = {"__name__": "__main__"}, None
    for block in BLOCK.finditer(text):
        here = _is_for_here(block["note"])
        if block["language"] in ("python", "sh"):
            printed = _output_of(block, namespace) if here else None
        elif block["language"] == "text" and here and printed is not None:
            assert _is_alike(block["text"], printed), (
                f"The page shows {block['text']!r}, but {printed!r} is printed."
            )


@pytest.mark.parametrize("page", _pages())
def test_snippets_print_what_is_shown(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # Workers that outlive a page would stay in its folder.
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    _check_page((DOCS / page).read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", _pages())
def test_included_parts_are_there(page):
    text = (DOCS / page).read_text(encoding="utf-8")
    for block in re.finditer(r"^```\{include\} (\S+)\n(.*?)^```$", text, re.M | re.S):
        whole = (DOCS / page).parent.joinpath(block[1]).read_text(encoding="utf-8")
        for marker in re.findall(
            r'^:(?:start-after|end-before): "(.*)"$', block[2], re.M
        ):
            assert marker in whole


def test_wrong_output_is_noticed():
    page = "```python\nprint('score', 2, 0.50)\n```\n\n```text\n{}\n```\n"
    _check_page(page.format("score 2 0.51"))
    for wrong in ("score 3 0.5", "score 2 0.6", "rank 2 0.5"):
        with pytest.raises(AssertionError, match=f"The page shows '{wrong}"):
            _check_page(page.format(wrong))


def test_notes_keep_blocks_from_running():
    for note in ("not run: no reason", "not run", "needs no_such", "needs numpy>99"):
        _check_page(f"<!-- {note} -->\n```python\n1 / 0\n```\n")
    with pytest.raises(ZeroDivisionError):
        _check_page("<!-- needs numpy -->\n```python\n1 / 0\n```\n")


def _public_names():
    """Names of what a user may import, methods of estimators, functions of papers."""
    for room in ROOMS:
        module = importlib.import_module(f"sklearn_popularity.{room}")
        for short in module.__all__:
            value = getattr(module, short)
            at_top = short in sklearn_popularity.__all__
            name = f"{'' if at_top else room + '.'}{short}"
            if inspect.isclass(value) or inspect.isfunction(value):
                yield name
            estimator = inspect.isclass(value) and issubclass(value, BaseEstimator)
            if estimator or inspect.ismodule(value):
                yield from (f"{name}.{function}" for function in _functions(value))


def _functions(owner):
    """Public functions of a paper, or public methods of an estimator."""
    for name, value in inspect.getmembers(owner, inspect.isfunction):
        home = owner.__name__ if inspect.ismodule(owner) else "sklearn_popularity"
        if value.__module__.startswith(home) and not name.startswith("_"):
            yield name


def _public_data():
    """Rooms and names of public values that have no docstring of their own."""
    for room in ROOMS:
        module = importlib.import_module(f"sklearn_popularity.{room}")
        for name in module.__all__:
            value = getattr(module, name)
            documented = inspect.isclass(value) or inspect.isfunction(value)
            if not documented and not inspect.ismodule(value):
                yield f"{room}.{name}"


@pytest.mark.parametrize("name", sorted(_public_names()))
def test_docstring_is_complete(name):
    validate = pytest.importorskip("numpydoc.validate").validate
    errors = validate(f"sklearn_popularity.{name}")["errors"]
    assert [each for each in errors if each[0] not in NOT_CHECKED] == []


@pytest.mark.parametrize("name", sorted(_public_data()))
def test_data_has_comment(name):
    room, constant = name.split(".")
    folder = Path(sklearn_popularity.__file__).parent / room
    sources = "\n".join(
        path.read_text(encoding="utf-8") for path in folder.glob("*.py")
    )
    # Sphinx takes what stands after "#:" above an assignment for its text.
    assert re.search(rf"^#: .*\n{constant} = ", sources, re.MULTILINE)
