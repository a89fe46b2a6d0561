"""Model files: what is written comes back, and nothing else is read."""

import hashlib
import json
import os
import pickle
import re
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import skops.io
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import sklearn_popularity
from sklearn_popularity import (
    ColorHistogram,
    ColorStatistics,
    LatentRankSVM,
    StackedLateFusion,
    load_model,
    read_model_card,
    save_model,
    spearman_interval,
)
from sklearn_popularity.evaluation import FEATURES
from sklearn_popularity.models import ModelVersionWarning
from sklearn_popularity.models import _model_file as model_file
from sklearn_popularity.models._model_card import installed_versions
from sklearn_popularity.models._saved_types import is_approved

MARK = model_file._MARK
INTERVAL = spearman_interval(np.arange(9.0), np.arange(9.0))
REFUSED = r"damaged|not written by save_model"


@pytest.fixture(scope="module")
def model(images):
    features = FeatureUnion([("color", ColorStatistics()), ("h", ColorHistogram())])
    fusion = StackedLateFusion([("all", Ridge(), slice(0, 56))], cv=3)
    return make_pipeline(features, fusion).fit(images, np.arange(7.0) * 3 % 7)


@pytest.fixture
def path(model, tmp_path):
    path = tmp_path / "model.skops"
    save_model(model, path)
    return path


def seal(data):
    """A digest that fits, as whoever changes a file on purpose can write it."""
    content = data[:-64]
    return content + hashlib.sha256(content).hexdigest().encode()


def forge(path, obj=None, *, compression=zipfile.ZIP_STORED, **members):
    """A file with a digest that fits around anything."""
    buffer = BytesIO()
    if obj is not None:
        buffer.write(skops.io.dumps(obj))
    with zipfile.ZipFile(buffer, "a", compression) as archive:
        card = {"versions": installed_versions()}
        members = {"card": json.dumps(card)} | members
        for name, content in members.items():
            archive.writestr(f"{name}.json", content)
        archive.comment = MARK + b"0" * 64
    path.write_bytes(seal(buffer.getvalue()))


def test_model_comes_back(model, path, images):
    loaded = load_model(path)
    assert repr(loaded) == repr(model)
    assert_array_equal(loaded.predict(images), model.predict(images))
    assert [each.name for each in path.parent.iterdir()] == ["model.skops"]


def test_skops_reads_the_file_too(model, path, images):
    untrusted = skops.io.get_untrusted_types(file=path)
    loaded = skops.io.load(path, trusted=untrusted)
    assert_array_equal(loaded.predict(images), model.predict(images))


def test_card_tells_what_was_learned(model, path):
    rng = np.random.default_rng(0)
    y = rng.normal(size=50)
    predictions = y + rng.normal(size=50)
    found = spearman_interval(y, predictions)
    save_model(model, path, y=y, predictions=predictions, spearman=found, label="stars")
    card = read_model_card(path)
    assert card["model"] == "sklearn.pipeline.Pipeline"
    assert card["versions"] == installed_versions()
    assert card["settings"]["featureunion__color__max_size"] == 500
    assert card["settings"]["stackedlatefusion__all__alpha"] == 1.0
    assert not any(name in card["settings"] for name in ("steps", "featureunion"))
    assert card["training"] == {
        "label": "stars",
        "n_samples": 50,
        "low": y.min(),
        "high": y.max(),
        "spearman": found.score,
        "interval": [found.low, found.high],
        "quantiles": pytest.approx(np.sort(predictions), rel=1e-12),
    }
    assert card["sha256"] == path.read_bytes()[-64:].decode()


def test_many_predictions_are_summarised(path):
    y = np.random.default_rng(0).normal(size=10_000)
    save_model(Ridge(), path, y=y, predictions=y)
    quantiles = read_model_card(path)["training"]["quantiles"]
    assert_array_equal(quantiles, np.quantile(y, np.linspace(0, 1, 1001)))


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({"predictions": [1.0]}, "predictions without y"),
        ({"spearman": INTERVAL}, "spearman without predictions"),
        ({"y": [1.0, 2.0], "spearman": INTERVAL}, "spearman without predictions"),
        ({"y": [1.0, 2.0], "predictions": [1.0]}, "inconsistent numbers of samples"),
        ({"y": [1.0, np.nan]}, "y contains NaN"),
        ({"y": ["a", "b"]}, "could not convert"),
    ],
)
def test_training_is_validated(training, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        save_model(Ridge(), tmp_path / "model.skops", **training)
    assert list(tmp_path.iterdir()) == []


# --- damage


def test_bit_flips_are_refused(path):
    rng = np.random.default_rng(0)
    data = path.read_bytes()
    n_bits = 8 * len(data)
    places = {*range(8), *range(n_bits - 200, n_bits)}  # the ends, and anywhere
    while len(places) < 400:
        places.add(int(rng.integers(n_bits)))
    for place in places:
        flipped = bytearray(data)
        flipped[place // 8] ^= 1 << place % 8
        path.write_bytes(flipped)
        with pytest.raises(ValueError, match=REFUSED):
            load_model(path)


def test_cut_and_grown_files_are_refused(path):
    data = path.read_bytes()
    cuts = [0, 1, 63, 64, 100, len(data) // 2, len(data) - 64, len(data) - 1]
    for changed in [*(data[:n] for n in cuts), data + b"\0", b"\0" + data, data * 2]:
        path.write_bytes(changed)
        for read in (load_model, read_model_card):
            with pytest.raises(ValueError, match=REFUSED):
                read(path)


def test_interrupted_write_leaves_what_was_there(model, path, monkeypatch):
    before = path.read_bytes()

    def interrupt(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save_model(Ridge(), path)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["model.skops"]


def test_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "nothing.skops")
    with pytest.raises(OSError, match="nowhere"):
        save_model(Ridge(), tmp_path / "nowhere" / "model.skops")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="FIFOs belong to POSIX.")
def test_special_files_are_refused(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    for path in (tmp_path, tmp_path / "fifo"):
        with pytest.raises(ValueError, match="a regular file was expected"):
            load_model(path)


# --- malice


class Malicious:
    """What a pickle runs when it is loaded."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sealed"])
def test_pickles_do_not_run(path, sealed):
    trace = path.with_name("trace")
    data = pickle.dumps(Malicious(trace))
    assert pickle.loads(data) is None and trace.exists()  # it would
    trace.unlink()
    path.write_bytes(seal(data + MARK + b"0" * 64) if sealed else data)
    with pytest.raises(ValueError, match="not written by save_model"):
        load_model(path)
    assert not trace.exists()


def test_pickles_inside_do_not_run(path):
    trace = path.with_name("trace")
    array = np.empty(1, dtype=object)
    array[0] = Malicious(trace)
    buffer = BytesIO()
    np.save(buffer, array, allow_pickle=True)
    schema = {
        "__class__": "ndarray",
        "__module__": "numpy",
        "__loader__": "NdArrayNode",
        "type": "numpy",
        "file": "evil.json",
        "protocol": 2,
        "_skops_version": skops.__version__,
    }
    forge(path, schema=json.dumps(schema), evil=buffer.getvalue())
    with pytest.raises(ValueError, match=r"cannot be loaded .*allow_pickle=False"):
        load_model(path)
    assert not trace.exists()


def _node(loader, module, name, content=None):
    node = {"__class__": name, "__module__": module, "__loader__": loader}
    return node if content is None else node | {"content": content}


TOUCH = {
    "function": _node("FunctionNode", "os", "system"),
    "type": _node("TypeNode", "subprocess", "Popen"),
    "object": _node("ObjectNode", "subprocess", "Popen"),
    "reduced": _node(
        "ConstructorFromReduceNode",
        "os",
        "system",
        _node(
            "TupleNode",
            "builtins",
            "tuple",
            [{**_node("JsonNode", "builtins", "str", '"true"'), "is_json": True}],
        ),
    ),
    "our command line": _node("ObjectNode", "sklearn_popularity.cli.__main__", "Ridge"),
    "our function": _node("FunctionNode", "sklearn_popularity.cli._main", "run"),
    "our public function": _node("FunctionNode", "sklearn_popularity", "load_folder"),
    "ours by name": _node("ObjectNode", "os", "LatentRankSVM"),
}


@pytest.mark.parametrize("node", TOUCH.values(), ids=TOUCH)
def test_foreign_types_are_named_and_not_made(node, path, monkeypatch):
    monkeypatch.setattr(skops.io, "loads", lambda *a, **k: pytest.fail("loaded"))
    root = node | {"protocol": 2, "_skops_version": skops.__version__}
    forge(path, schema=json.dumps(root))
    name = f"{node['__module__']}.{node['__class__']}"
    with pytest.raises(ValueError, match=f"not trusted: {name}|{name}.*cannot be"):
        load_model(path)


def test_estimators_of_a_stranger_need_trust(path):
    model = FunctionTransformer(os.path.basename).fit([[1.0]])
    trusted = ["posixpath.basename"]
    with pytest.raises(ValueError, match=r"cannot be saved.*func: posixpath\.basename"):
        save_model(model, path)
    save_model(model, path, trusted=trusted)
    with pytest.raises(ValueError, match=r"not trusted: posixpath\.basename\. In Py"):
        load_model(path)
    assert load_model(path, trusted=trusted).func is os.path.basename


@pytest.mark.parametrize("trusted", [True, None, "posixpath.basename", [3]])
def test_trusted_that_names_nothing_is_refused(trusted, path):
    message = f"Got trusted={trusted!r}, but a list of types and functions"
    with pytest.raises(ValueError, match=re.escape(message)):
        save_model(Ridge().fit([[0.0], [1.0]], [0.0, 1.0]), path, trusted=trusted)
    save_model(Ridge().fit([[0.0], [1.0]], [0.0, 1.0]), path)
    with pytest.raises(ValueError, match=re.escape(message)):
        load_model(path, trusted=trusted)


def test_trusted_takes_types(path):
    model = StackedLateFusion([], cv=KFoldOfOurs(3))
    save_model(model, path, trusted=[KFoldOfOurs])
    with pytest.raises(ValueError, match="KFoldOfOurs"):
        load_model(path)
    assert load_model(path, trusted=[KFoldOfOurs]).cv.n_splits == 3


class KFoldOfOurs(KFold):
    pass


def test_bombs_are_refused_unread(path, monkeypatch):
    forge(path, compression=zipfile.ZIP_DEFLATED, bomb=b"0" * 50_000_000)
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *a: pytest.fail("read"))
    with pytest.raises(ValueError, match="larger than the file"):
        load_model(path)


def test_huge_files_are_refused_unread(path, monkeypatch):
    monkeypatch.setattr(model_file, "_MAX_BYTES", 1000)
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail("read"))
    with pytest.raises(ValueError, match="but a model has at most 1,000"):
        load_model(path)


@pytest.mark.parametrize(
    "members",
    [
        {"card": "[]"},
        {"card": "{}"},
        {"card": "["},
        {"card": '{"versions": [1]}'},
        {"card": "[" * 100_000},
    ],
    ids=["list", "empty", "broken", "no versions", "deep"],
)
def test_cards_are_not_trusted(path, members):
    forge(path, Ridge(), **members)
    for read in (load_model, read_model_card):
        with pytest.raises(ValueError, match="no card that can be read"):
            read(path)


@pytest.mark.parametrize("schema", ["", "[]", "{}", '{"__loader__": "NoNode"}'])
def test_broken_schemas_are_value_errors(path, schema):
    forge(path, schema=schema)
    with pytest.raises(ValueError, match="cannot be loaded"):
        load_model(path)


# --- types and versions


def test_types_of_the_recipes_are_approved(tmp_path, photos_and_scores):
    photos, y = photos_and_scores
    path = tmp_path / "model.skops"
    for name, recipe in FEATURES.items():
        transformer = clone(recipe.transformer)
        parameters = transformer.get_params()
        sizes = [name for name in parameters if name.endswith("dictionary")]
        transformer.set_params(**dict.fromkeys(sizes, 8))
        model = make_pipeline(transformer, recipe.regressor).fit(photos, y)
        save_model(model, path)
        loaded = load_model(path)
        assert_array_equal(loaded.predict(photos), model.predict(photos), err_msg=name)


@pytest.fixture(scope="module")
def photos_and_scores():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (8, 32, 40, 3), dtype=np.uint8), rng.normal(size=8)


def test_public_estimators_splitters_and_scores_are_approved():
    for name in sklearn_popularity.__all__:
        public = getattr(sklearn_popularity, name)
        approved = isinstance(public, type) and (
            hasattr(public, "get_params") or hasattr(public, "get_n_splits")
        )
        approved |= name in ("spearman_score", "per_user_spearman_score")
        named = isinstance(public, type) or hasattr(public, "__qualname__")
        full = f"{public.__module__}.{name}" if named else name
        if full.startswith("sklearn_popularity.metrics.") and callable(public):
            continue  # they compute numbers from numbers
        assert is_approved(full) == approved, name


@pytest.mark.parametrize("library", installed_versions())
def test_other_versions_warn(path, monkeypatch, library):
    before = installed_versions()
    monkeypatch.setattr(
        model_file, "installed_versions", lambda: before | {library: "999.0"}
    )
    message = rf"{library} {before[library]} \(installed: 999\.0\); it may fail"
    with pytest.warns(ModelVersionWarning, match=message) as caught:
        load_model(path)
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_other_scikit_learn_warns_once(path, monkeypatch):
    monkeypatch.setattr("sklearn.__version__", "1.8.99")
    save_model(make_pipeline(StandardScaler(), LatentRankSVM()), path)
    monkeypatch.undo()
    with pytest.warns(ModelVersionWarning, match=r"scikit-learn 1\.8\.99") as caught:
        load_model(path)
    assert len(caught) == 1
