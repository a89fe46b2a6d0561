"""The house: imports run downhill, and importing the package stays cheap."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sklearn_popularity

PACKAGE = Path(sklearn_popularity.__file__).parent
# Data runs down this list. Rooms on one line may not import from each other.
FLOORS = [
    {"metrics", "images"},
    {"networks"},
    {"features", "context"},
    {"models"},
    {"evaluation"},
    {"inspection"},
    {"datasets"},
    {"papers"},
    {"cli"},
]
OPEN_TO_ALL = {path.stem for path in PACKAGE.glob("_*.py")}


def _floor(room):
    return next(i for i, rooms in enumerate(FLOORS) if room in rooms)


def _imports(path):
    """What a file imports, at any depth of its code: whole names, in parts."""
    inside = ("sklearn_popularity", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = inside[: len(inside) - node.level + 1] if node.level else ()
            names = [*base, *(node.module or "").split(".")]
            names = [name for name in names if name]
            yield from ((*names, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)


def _imported_rooms(path):
    """Rooms of this package that a file imports from."""
    ours = (parts for parts in _imports(path) if parts[0] == "sklearn_popularity")
    return {parts[1] for parts in ours if len(parts) > 1}


def _private_imports(path):
    """Private modules and names of other rooms that a file imports."""
    open_here = {path.relative_to(PACKAGE).parts[0], *OPEN_TO_ALL, "__version__"}
    for package, *parts in _imports(path):
        if package == "sklearn_popularity" and not open_here.issuperset(parts[:1]):
            if any(part.startswith("_") for part in parts):
                yield ".".join(parts)


def _files():
    files = sorted(PACKAGE.rglob("*.py"))
    return [f for f in files if f.name != "__init__.py" or f.parent != PACKAGE]


@pytest.mark.parametrize("path", _files(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_run_downhill(path):
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if room in OPEN_TO_ALL:
        assert _imported_rooms(path) <= OPEN_TO_ALL
        return
    for other in _imported_rooms(path) - {room, "__version__"} - OPEN_TO_ALL:
        assert _floor(other) < _floor(room), f"{room} imports from {other}"


def test_import_walker_sees_every_form(tmp_path, monkeypatch):
    room = tmp_path / "features"
    room.mkdir()
    path = room / "_x.py"
    path.write_text(
        "from ..cli import main\nfrom .. import models\nfrom ._base import A\n"
        "import sklearn_popularity.papers\n"
        "def f():\n    from sklearn_popularity.datasets import load_folder\n"
    )
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    assert _imported_rooms(path) == {
        "cli",
        "models",
        "features",
        "papers",
        "datasets",
    }


@pytest.mark.parametrize("path", _files(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_rooms_use_what_others_show(path):
    assert list(_private_imports(path)) == []


def test_private_imports_are_seen_in_every_form(tmp_path, monkeypatch):
    room = tmp_path / "features" / "deep"
    room.mkdir(parents=True)
    path = room / "_x.py"
    path.write_text(
        "from ...images._pixels import to_rgb8\nfrom ...images import _reader\n"
        "import sklearn_popularity.metrics._spearman\n"
        "def f():\n    from sklearn_popularity.images import read_image, _hidden\n"
        "from ..._files import whole_file\nfrom .. import _cache, __version__\n"
        "from .._cache import Row\nfrom ._y import z\nimport sklearn_popularity\n"
        "from numpy import _core\n"
    )
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    assert set(_private_imports(path)) == {
        "images._pixels.to_rgb8",
        "images._reader",
        "metrics._spearman",
        "images._hidden",
    }


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        (
            "import sklearn_popularity",
            ["torch", "cv2", "matplotlib", "sklearn", "pandas"],
        ),
        (
            "from sklearn_popularity import spearman_scorer",
            ["torch", "cv2", "matplotlib"],
        ),
        # Of a room whose imports are those of nearly all others.
        ("from sklearn_popularity import popularity_report", ["torch", "matplotlib"]),
    ],
)
def test_import_loads_nothing_heavy(statement, heavy):
    code = f"import sys; {statement}; print(*(set({heavy}) & set(sys.modules)))"
    loaded = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert loaded == []


def test_public_names_can_be_imported():
    for name in sklearn_popularity.__all__:
        assert getattr(sklearn_popularity, name) is not None
    assert "GistTransformer" in sklearn_popularity.__all__


def test_private_sklearn_names_sit_in_one_file():
    for path in _files():
        if path.stem == "_sklearn_compat":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                names = [*(node.module or "").split("."), *(a.name for a in node.names)]
                private = [name for name in names if name.startswith("_")]
                assert names[0] != "sklearn" or not private, (path.name, private)
