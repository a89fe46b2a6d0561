"""Palettes: the one we make, those of files and arrays, and the published one."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.io import savemat
from scipy.spatial.distance import cdist
from skimage.color import rgb2lab

from sklearn_popularity import ColorHistogram, fetch_color_palette
from sklearn_popularity.features import _discriminative
from sklearn_popularity.features._npy import read_npy
from sklearn_popularity.features._palettes import (
    bin_colors,
    color_bins,
    load_palette,
    mean_colors,
    perceptual_palette,
)
from sklearn_popularity.features.codebook._dictionary import load_words

# --- bins


def test_bins_follow_their_formula():
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    red, green, blue = np.moveaxis(image.astype(int), -1, 0)
    expected = red // 8 + 32 * (green // 8) + 1024 * (blue // 8)
    assert_array_equal(color_bins(image), expected)
    extremes = np.array([[[0, 0, 0], [255, 255, 255]]], dtype=np.uint8)
    assert color_bins(extremes).tolist() == [[0, 32767]]


def test_bin_colors_lie_in_their_bin():
    centres = bin_colors()
    assert_array_equal(color_bins(np.floor(centres).astype(np.uint8)), range(32768))
    assert_array_equal(centres % 8, 3.5)


# --- the perceptual palette


def quantization_error(colors):
    """Mean distance in CIELAB from any colour to the nearest of a palette."""
    anything = np.random.default_rng(0).uniform(size=(5000, 3))
    return cdist(rgb2lab(anything), rgb2lab(np.asarray(colors) / 255)).min(1).mean()


def test_perceptual_palette_is_pinned():
    palette = perceptual_palette()
    assert (palette.shape, palette.dtype) == ((50, 3), np.uint8)
    assert hashlib.sha256(palette.tobytes()).hexdigest() == (
        "ee158ce1e84d5640207328133a74b9cb3acf02b652997f2e42839370c78638c2"
    )


@pytest.mark.parametrize("steps", [(4, 4, 3), (3, 4, 4)], ids=str)
@pytest.mark.parametrize("placed", ["at the ends", "in the middle"])
def test_perceptual_palette_beats_grids(steps, placed):
    axes = [
        np.linspace(0, 255, n)
        if placed == "at the ends"
        else (np.arange(n) + 0.5) * 255 / n
        for n in steps
    ]
    grid = np.array(list(product(*axes)))
    assert quantization_error(perceptual_palette()) < quantization_error(grid)


def test_every_perceptual_color_is_used():
    palette = load_palette("perceptual")
    counts = np.bincount(palette.table, minlength=50)
    assert counts.min() > 32768 / 50 / 10
    # Its own colour has the name of each.
    names = palette.table[color_bins(perceptual_palette())]
    assert (names == np.arange(50)).mean() > 0.95


def test_perceptual_palette_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        perceptual_palette()[0] = 0


# --- arrays and files

COLORS = np.array([[0, 0, 0], [255, 0, 0], [250, 255, 5]])


def make_tables():
    rng = np.random.default_rng(0)
    probabilities = rng.uniform(size=(32768, 4))
    return {
        "colors": COLORS,
        "names": rng.integers(0, 5, size=32768),
        "probabilities": probabilities,
    }


@pytest.mark.parametrize(
    ("kind", "suffix", "as_path"),
    [
        ("colors", ".csv", str),
        ("colors", ".txt", Path),
        ("names", ".txt", str),
        ("probabilities", ".npy", Path),
    ],
)
def test_palette_file_equals_array(kind, suffix, as_path, tmp_path):
    table = make_tables()[kind]
    path = tmp_path / f"palette{suffix}"
    if suffix == ".npy":
        np.save(path, table)
    else:
        np.savetxt(path, table, fmt="%.18g", delimiter="," if suffix == ".csv" else " ")
    image = np.random.default_rng(1).integers(0, 256, (1, 30, 40, 3), dtype=np.uint8)
    from_array = ColorHistogram(palette=table)
    from_file = ColorHistogram(palette=as_path(path))
    assert_array_equal(from_file.transform(image), from_array.transform(image))
    assert_array_equal(
        from_file.get_feature_names_out(), from_array.get_feature_names_out()
    )


@pytest.mark.parametrize("change", ["rewritten", "deleted"])
def test_palette_file_is_read_at_fit(change, tmp_path):
    path, tables = tmp_path / "palette.npy", make_tables()
    np.save(path, tables["colors"])
    image = np.random.default_rng(1).integers(0, 256, (1, 30, 40, 3), dtype=np.uint8)
    fitted = ColorHistogram(palette=path).fit(image)
    expected, names = fitted.transform(image), fitted.get_feature_names_out()
    assert_array_equal(ColorHistogram(palette=path).transform(image), expected)
    path.unlink()
    if change == "rewritten":
        np.save(path, tables["names"])
    assert_array_equal(fitted.transform(image), expected)
    assert_array_equal(fitted.get_feature_names_out(), names)
    if change == "rewritten":
        assert fitted.fit(image).get_feature_names_out().tolist() != names.tolist()
    assert (fitted.palette_.shape, fitted.palette_.dtype) == ((32768,), np.uint8)
    assert type(fitted.n_colors_) is int


def test_files_are_found_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    np.save(tmp_path / "palette.npy", COLORS)
    assert load_palette("~/palette.npy").n_colors == 3
    assert_array_equal(read_npy(Path("~/palette.npy")), COLORS)
    assert load_words("~/palette.npy", 3, "colours").shape == (3, 3)


def test_lists_are_palettes():
    assert_array_equal(load_palette(COLORS.tolist()).table, load_palette(COLORS).table)


def test_table_of_names_is_taken_as_it_is():
    names = make_tables()["names"]
    table, n_colors = load_palette(names)
    assert_array_equal(table, names)
    assert n_colors == 5


def test_probabilities_give_the_likeliest_name():
    probabilities = make_tables()["probabilities"]
    table, n_colors = load_palette(probabilities)
    assert_array_equal(table, probabilities.argmax(axis=1))
    assert n_colors == 4


def test_mean_colors_average_bins():
    names = make_tables()["names"]
    means = mean_colors(load_palette(names))
    for name in range(5):
        assert_allclose(means[name], bin_colors()[names == name].mean(axis=0))


def test_name_without_bin_is_mid_grey():
    names = np.where(np.arange(32768) % 2, 0, 2)
    assert_array_equal(mean_colors(load_palette(names))[1], 127.5)


def test_tied_color_takes_the_first_name():
    table = load_palette([[10, 10, 10], [10, 10, 10], [200, 0, 0]]).table
    assert set(np.unique(table)) == {0, 2}


@pytest.mark.parametrize(
    ("palette", "message"),
    [
        (np.zeros((1, 3)), r"the array .* shape \(1, 3\), but \(n_colors, 3\)"),
        (np.zeros((257, 3)), r"shape \(257, 3\).*2 to 256 colours"),
        (np.zeros((5, 4)), r"shape \(5, 4\)"),
        (np.zeros(50), r"shape \(50,\)"),
        (np.zeros((32768, 0)), r"shape \(32768, 0\)"),
        (np.zeros((2, 3, 3)), r"shape \(2, 3, 3\)"),
        (np.full(32768, -1), r"shape \(32768,\)|-1"),
        (np.full(32768, 256), r"shape \(32768,\)|256"),
        (COLORS + 1, "spans 1 to 256, but sRGB values from 0 to 255"),
        (COLORS - 0.5, r"spans -0\.5 to 254\.5"),
        (np.where(COLORS == 5, np.nan, COLORS), "float64 values, but finite"),
        (np.where(COLORS == 5, np.inf, COLORS), "float64 values, but finite"),
        (np.array([["red", "green", "blue"]] * 2), "finite numbers were expected"),
        (COLORS.astype(complex), "complex128 values"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_palette_raises(palette, message):
    with pytest.raises(ValueError, match=message):
        ColorHistogram(palette=palette).transform(np.zeros((1, 2, 2, 3), np.uint8))


def test_names_that_are_no_integers_raise():
    names = np.full(32768, 0.5)
    with pytest.raises(ValueError, match="given as palette"):
        load_palette(names)


@pytest.mark.parametrize("palette", ["khan", "missing.npy", Path("missing.csv")])
def test_missing_palette_raises(palette):
    message = f"palette='{palette}', but 'perceptual', 'discriminative', an"
    with pytest.raises(ValueError, match=message):
        ColorHistogram(palette=palette).get_feature_names_out()


def header_of(shape):
    """What an array begins with."""
    file = BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue()


def with_header(text):
    """Bytes that begin as an array does, and say of it what they like."""
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + b"12345678"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.npy", b"not an array"),
        ("a.npy", b""),
        ("a.npy", b"PK\x03\x04 of an archive"),
        ("a.npy", header_of((10**13, 3))),
        ("a.npy", header_of((10**22, 3)) + b"12345678"),
        ("a.npy", with_header(b"{[]: 1}\n")),
        ("a.npy", with_header(b"{'descr': '<f8'\n")),
        ("a.npy", with_header(b"{'descr': ',f8', 'fortran_order': 0, 'shape': (1,)}")),
        ("a.csv", b"red,green,blue\n"),
        ("a.txt", b"1 2 3\n4 5\n"),
    ],
)
def test_broken_palette_file_raises(name, content, tmp_path):
    (tmp_path / name).write_bytes(content)
    message = rf"The palette file '.*{name}' cannot be read .*numpy\.save"
    with pytest.raises(ValueError, match=message):
        load_palette(tmp_path / name)


def test_wrong_palette_file_names_itself(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((5, 4)))
    with pytest.raises(ValueError, match=r"the file '.*a\.npy' given as palette has"):
        load_palette(tmp_path / "a.npy")


class Trap:
    """Sets off when it is unpickled."""

    def __reduce__(self):
        return Trap.spring, ()

    @staticmethod
    def spring():
        raise AssertionError("The file was unpickled.")


def test_pickled_palette_is_not_loaded(tmp_path):
    trap = np.empty((2, 3), dtype=object)
    trap[:] = COLORS[:2]
    trap[0, 0] = Trap()
    np.save(tmp_path / "a.npy", trap, allow_pickle=True)
    with pytest.raises(ValueError, match=r"cannot be read .*allow_pickle=False"):
        load_palette(tmp_path / "a.npy")


# --- the published palette


@pytest.fixture(scope="module")
def table():
    """A made-up table of probabilities, in place of the published one."""
    names = np.random.default_rng(0).integers(0, 50, size=32768)
    return np.eye(50, dtype=np.uint8)[names]


@pytest.fixture
def home(monkeypatch, tmp_path, table):
    """An empty folder for downloads; the made-up table is the expected one."""
    names = table.argmax(axis=1).astype(np.uint8)
    digest = hashlib.sha256(names.tobytes()).hexdigest()
    monkeypatch.setattr(_discriminative, "_SHA256", digest)
    monkeypatch.setenv("SKLEARN_POPULARITY_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "data"


@pytest.fixture(scope="module")
def server(table):
    """A server on this machine: its address and the paths it was asked for."""
    requested = []
    contents = {
        "/table.mat": encode_mat(w2c=table),
        "/other.mat": encode_mat(w2c=np.roll(table, 1, axis=0)),
        "/two.mat": encode_mat(w2c=table, copy=table),
        "/small.mat": encode_mat(w2c=table[:100]),
        "/text.mat": b"<html>Not what you wanted</html>",
        "/empty.mat": b"",
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            requested.append(self.path)
            cut = self.path == "/cut.mat"
            content = contents.get("/table.mat" if cut else self.path)
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if cut else content)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}", requested
        httpd.shutdown()
        thread.join()


def encode_mat(**arrays):
    file = BytesIO()
    savemat(file, arrays, do_compression=True)
    return file.getvalue()


def test_fetched_palette_is_used(server, home, table):
    url, _ = server
    path = fetch_color_palette(url=f"{url}/table.mat")
    assert path == home / "discriminative_50.npy"
    assert list(home.iterdir()) == [path]
    palette = load_palette("discriminative")
    assert_array_equal(palette.table, table.argmax(axis=1))
    assert palette.n_colors == 50
    image = np.random.default_rng(0).integers(0, 256, (1, 20, 30, 3), dtype=np.uint8)
    assert_array_equal(
        ColorHistogram(palette="discriminative").transform(image),
        ColorHistogram(palette=table.astype(float)).transform(image),
    )


def test_fetched_palette_is_kept(server, home):
    url, requested = server
    first = fetch_color_palette(url=f"{url}/table.mat")
    n_requests = len(requested)
    assert fetch_color_palette(url=f"{url}/table.mat") == first
    assert len(requested) == n_requests


def test_palette_is_fetched_into_folder(server, home, tmp_path):
    url, _ = server
    path = fetch_color_palette(folder=tmp_path / "a" / "b", url=f"{url}/table.mat")
    assert path.parent == tmp_path / "a" / "b"
    assert not home.exists()


@pytest.mark.parametrize("name", ["other", "two", "small", "text", "empty"])
def test_wrong_download_is_not_kept(name, server, home):
    url, _ = server
    message = rf"downloaded from {url}/{name}\.mat is not the published .*Nothing was"
    with pytest.raises(ValueError, match=message):
        fetch_color_palette(url=f"{url}/{name}.mat")
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "message"), [("cut", "IncompleteRead|bytes"), ("missing", "404")]
)
def test_failed_download_is_not_kept(name, message, server, home):
    url, _ = server
    with pytest.raises((OSError, ValueError), match=message):
        fetch_color_palette(url=f"{url}/{name}.mat")
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "text", "archive"])
def test_damaged_palette_is_noticed(damage, server, home):
    url, _ = server
    path = fetch_color_palette(url=f"{url}/table.mat")
    content = path.read_bytes()
    flipped = bytes([content[5000] ^ 1])
    path.write_bytes(
        {
            "flip": content[:5000] + flipped + content[5001:],
            "cut": content[:-100],
            "empty": b"",
            "text": b"something else",
            "archive": b"PK\x03\x04 and no more",
        }[damage]
    )
    message = r"discriminative_50\.npy' is damaged\. Delete it and call"
    with pytest.raises(ValueError, match=message):
        ColorHistogram(palette="discriminative").transform([np.zeros((2, 2, 3))])
    with pytest.raises(ValueError, match=message):
        fetch_color_palette(url=f"{url}/table.mat")


def test_missing_download_names_the_fetcher(home):
    message = r"palette='discriminative', but .*\.fetch_color_palette\(\)"
    transformer = ColorHistogram(palette="discriminative")
    with pytest.raises(ValueError, match=message):
        transformer.transform(np.zeros((1, 2, 2, 3), np.uint8))
    with pytest.raises(ValueError, match=message):
        transformer.get_feature_names_out()
    assert not home.exists()


def test_published_digest_is_that_of_the_reference(shared):
    names = np.load(shared / "oracle" / "dd50.npz")["argmax"] - 1
    digest = hashlib.sha256(names.astype(np.uint8).tobytes()).hexdigest()
    assert digest == _discriminative._SHA256
