"""What X may be: each form that is understood, each guard that stops a mistake."""

from collections import deque
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from scipy import sparse

from sklearn_popularity import ColorStatistics, ImageError, ImageShapeWarning
from sklearn_popularity.images import Photos, find_photos, rows_as_batch


@pytest.fixture(scope="module")
def photo():
    return np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def encoded(photo):
    file = BytesIO()
    Image.fromarray(photo).save(file, "PNG")
    return file.getvalue()


# --- one photo is no sequence of photos


@pytest.mark.parametrize(
    "X",
    ["photos/a.jpg", Path("photos/a.jpg"), b"\x89PNG", Image.new("L", (5, 7))],
    ids=["str", "Path", "bytes", "pillow"],
)
def test_single_photo_raises(X):
    with pytest.raises(ValueError, match=r"Got X=.*a single photo.*list: \[photo\]"):
        find_photos(X)


def test_long_single_photo_is_shortened(encoded):
    with pytest.raises(ValueError, match="a single photo") as caught:
        find_photos(encoded * 100)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("n_channels", [1, 3, 4])
def test_single_array_raises(n_channels):
    shape = rf"\(40, 60, {n_channels}\)"
    with pytest.raises(ValueError, match=rf"X of shape {shape}.*X\[np\.newaxis\]"):
        find_photos(np.zeros((40, 60, n_channels)))


def test_single_color_tensor_raises():
    torch = pytest.importorskip("torch", reason="Tensors need torch.")
    with pytest.raises(ValueError, match=r"X of shape \(40, 60, 3\)"):
        find_photos(torch.zeros(40, 60, 3))


# --- missing and foreign entries


def check_missing(X, row):
    message = rf"^row {row}: the photo is missing; drop the row"
    with pytest.raises(ImageError, match=message):
        Photos(find_photos(X)).read(row)
    with pytest.raises(ImageError, match=message):
        ColorStatistics().fit(X)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT, ""], ids=repr)
@pytest.mark.parametrize(
    "as_X",
    [
        list,
        tuple,
        lambda items: np.array(items, dtype=object),
        lambda items: np.array(items, dtype=object)[:, None],
        lambda items: pd.Series(items, dtype=object),
        lambda items: pd.DataFrame({"photo": pd.Series(items, dtype=object)}),
    ],
    ids=["list", "tuple", "array", "column", "series", "frame"],
)
def test_missing_path_raises_its_row(missing, as_X):
    check_missing(as_X(["a.jpg", "b.jpg", missing, "c.jpg", missing]), 2)


@pytest.mark.parametrize("missing", [None, np.nan], ids=str)
def test_missing_string_raises_its_row(missing):
    check_missing(pd.Series([missing, "b.jpg"], dtype="str"), 0)


@pytest.mark.parametrize("package", ["polars", "pyarrow"])
def test_null_path_raises_its_row(package):
    frames = pytest.importorskip(package, reason=f"This form needs {package}.")
    make = frames.Series if package == "polars" else frames.array
    check_missing(make(["a.jpg", None]), 1)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT, ""], ids=repr)
def test_missing_photos_alone_raise(missing):
    check_missing([missing, missing], 0)
    check_missing(pd.DataFrame({"photo": [missing]}), 0)


def test_missing_photo_leaves_its_row_empty(photo, encoded):
    X = [photo, None, encoded, {"bytes": None, "path": None}, np.nan]
    with pytest.warns(UserWarning, match="3 of 5|3 photos"):
        rows = ColorStatistics(on_error="nan").fit_transform(X)
    assert_array_equal(np.isnan(rows).all(axis=1), [False, True, False, True, True])
    assert_array_equal(rows[[0, 2]], ColorStatistics().fit_transform([photo, photo]))


def test_missing_photo_is_found_before_any_is_read(photo, monkeypatch):
    monkeypatch.setattr(Photos, "content", None)
    with pytest.raises(ImageError, match=r"^row 1: the photo is missing"):
        ColorStatistics().fit([photo, None])


@pytest.mark.parametrize(
    "foreign",
    [3, 2.5, [1, 2], np.zeros(4), {"path": "a.jpg"}, object()],
    ids=lambda value: type(value).__name__,
)
def test_foreign_entry_raises_its_row(foreign):
    with pytest.raises(ValueError, match=r"Got X\[1\]=.* among photos, but a path"):
        find_photos(["a.jpg", foreign])


@pytest.mark.parametrize(
    "foreign",
    [{"path": "a.jpg"}, object(), {1}],
    ids=lambda value: type(value).__name__,
)
def test_foreign_entries_alone_raise(foreign):
    with pytest.raises(ValueError, match=r"Got X\[0\]=.* among photos, but a path"):
        find_photos([foreign, foreign])


def test_opened_file_is_named(tmp_path):
    with (tmp_path / "a.jpg").open("wb+") as file:
        with pytest.raises(ValueError, match=r"Got X\[0\]=<_io\.Buff.*a\.jpg"):
            find_photos([file, file])


def test_errors_show_little_of_a_photo(encoded):
    X = ["a.jpg", {"bytes": 10**7 * b"\0", "image": 10**7 * "a"}]
    for bad in (X, X[1:], 10**7 * b"\0", bytearray(10**7), {"bytes": encoded * 99}):
        with pytest.raises(ValueError) as caught:
            ColorStatistics().fit(bad)
        assert len(str(caught.value)) < 500


# --- containers


def as_batch_of(form):
    """A function from the bytes of some photos to X."""
    if form == "memoryview":
        return lambda files: [memoryview(file) for file in files]
    if form == "bytearray":
        return lambda files: pd.Series([bytearray(file) for file in files])
    if form == "BytesIO":  # read from its start, wherever it is
        return lambda files: [SeekedBytesIO(file) for file in files]
    if form == "deque":
        return deque
    kind, _, package = form.partition(" of ")
    if kind == "dicts":
        return lambda files: as_column([of_hub(file) for file in files], package)
    return lambda files: as_column(files, package)


def of_hub(file):
    return {"bytes": file, "path": "a.png"}


class SeekedBytesIO(BytesIO):
    def __init__(self, file):
        super().__init__(file)
        self.seek(7)


def as_column(items, package):
    if package == "lists":
        return items
    if package == "arrays":
        array = np.empty(len(items), dtype=object)
        array[:] = items
        return array
    if package == "pandas":
        return pd.DataFrame({"photo": items}, index=[5, 5, 2])
    if package == "pyarrow chunks":
        frames = pytest.importorskip("pyarrow", reason="This form needs pyarrow.")
        whole = frames.array(items)
        return frames.chunked_array([whole[:1], whole[1:]])
    return make_frame(package, {"photo": items})


PACKAGES = ["lists", "arrays", "pandas", "polars", "pyarrow", "pyarrow chunks"]


@pytest.mark.parametrize(
    "form",
    [
        "memoryview",
        "bytearray",
        "BytesIO",
        "deque",
        *[f"bytes of {package}" for package in PACKAGES],
        *[f"dicts of {package}" for package in PACKAGES],
    ],
)
def test_contents_of_files_are_read_from_any_container(form, photo):
    files = []
    for i in range(3):
        file = BytesIO()
        Image.fromarray(photo + i).save(file, "PNG")
        files.append(file.getvalue())
    photos = Photos(find_photos(as_batch_of(form)(files)))
    assert len(photos) == 3
    for i in range(3):
        assert_array_equal(photos.read(i), photo + i)
        assert photos.content(i) == files[i]


@pytest.mark.parametrize("package", PACKAGES)
def test_dicts_may_hold_paths_alone(package, encoded, tmp_path):
    path = str(tmp_path / "a.png")
    Path(path).write_bytes(encoded)
    items = [{"bytes": None, "path": path}] * 2 + [{"bytes": encoded, "path": None}]
    photos = Photos(find_photos(as_column(items, package)))
    assert photos.items == [path, path, encoded]


@pytest.mark.parametrize(
    "X",
    [
        (f"{i}.jpg" for i in range(3)),
        Path().iterdir(),
        {"a.jpg", "b.jpg"},
        {"a.jpg": 1}.keys(),
        {"photo": ["a.jpg"]},
        map(str, range(3)),
    ],
    ids=lambda X: type(X).__name__,
)
def test_photos_without_order_raise(X):
    with pytest.raises(ValueError, match=r"Got X=.*Pass a list"):
        find_photos(X)


def test_numpy_bytes_raise(encoded):
    with pytest.raises(ValueError, match=r"of dtype \|S\d+.*X\.astype\(str\)"):
        find_photos(np.array([encoded + b"\0", encoded]))
    assert find_photos(np.array([b"a.jpg"]).astype(str)) == ["a.jpg"]


# --- the order of the axes


@pytest.mark.parametrize("shape", [(2, 3, 8, 9), (2, 1, 8, 9), (2, 4, 8, 9)])
def test_channels_first_batch_raises(shape):
    with pytest.raises(ValueError, match=r"X of shape .*X\.permute\(0, 2, 3, 1\)"):
        find_photos(np.zeros(shape))


def test_channels_first_photo_raises_its_row(photo):
    photos = Photos(find_photos([photo, photo.transpose(2, 0, 1)]))
    assert photos.read(0).shape == (5, 7, 3)
    with pytest.raises(ImageError, match=r"row 1: .*permute\(1, 2, 0\)"):
        photos.read(1)


@pytest.mark.parametrize("shape", [(2, 8, 9), (2, 8, 9, 1), (2, 8, 9, 3), (2, 8, 9, 4)])
def test_batch_is_not_copied(shape):
    X = np.zeros(shape)
    assert find_photos(X) is X


# --- frames


def make_frame(package, columns):
    frames = pytest.importorskip(package, reason=f"This form needs {package}.")
    return frames.table(columns) if package == "pyarrow" else frames.DataFrame(columns)


@pytest.mark.parametrize("package", ["pandas", "polars", "pyarrow"])
def test_photos_among_columns_raise(package):
    X = make_frame(package, {"photo": ["a.jpg", "b.jpg"], "n_tags": [3, 4]})
    with pytest.raises(ValueError, match="X has 2 columns, photos among them"):
        find_photos(X)


@pytest.mark.parametrize("package", ["pandas", "polars", "pyarrow"])
def test_numeric_frame_is_rows(package):
    X = make_frame(package, {"a": [0.1, 0.2], "b": [0.3, 0.4]})
    assert find_photos(X) is None


@pytest.mark.parametrize("package", ["pandas", "polars", "pyarrow"])
def test_one_column_frame_gives_its_paths(package):
    X = make_frame(package, {"photo": ["a.jpg", "b.jpg"]})
    assert list(find_photos(X)) == ["a.jpg", "b.jpg"]


# --- rows


@pytest.mark.parametrize(
    ("n_features", "shape"),
    [
        (1, (1, 1, 1)),
        (4, (2, 2, 1)),
        (3, (1, 1, 3)),
        (12, (2, 2, 3)),
        (64, (8, 8, 1)),
        (768, (16, 16, 3)),
        (36, (6, 6, 1)),
        (5, (1, 5, 1)),
        (13, (1, 13, 1)),
    ],
)
def test_shape_of_rows_is_inferred(n_features, shape):
    X = np.arange(2.0 * n_features).reshape(2, n_features)
    with pytest.warns(
        ImageShapeWarning, match=f"{shape[0]} x {shape[1]} pixels"
    ) as caught:
        batch = rows_as_batch(X, None)
    assert len(caught) == 1
    assert batch.shape == (2, *shape)
    assert_array_equal(batch.reshape(2, -1), X)


@pytest.mark.parametrize("image_shape", [(2, 3, 4), [2, 3, 4], (4, 6), (6, 4, 1)])
def test_image_shape_gives_shape(image_shape):
    X = np.arange(48.0).reshape(2, 24)
    batch = rows_as_batch(X, image_shape)
    assert batch.shape == (2, *image_shape, 1)[:4]
    assert_array_equal(batch.reshape(2, -1), X)


@pytest.mark.parametrize("image_shape", [(5, 5), (2, 3, 3), (24, 2)])
def test_image_shape_of_other_size_raises(image_shape):
    with pytest.raises(
        ValueError, match=r"image_shape=.*makes \d+ values, but X has 24"
    ):
        rows_as_batch(np.zeros((2, 24)), image_shape)


@pytest.mark.parametrize("image_shape", [(24,), (2, 3, 4, 1), (), (-4, -6)], ids=str)
def test_image_shape_of_other_length_raises(image_shape):
    with pytest.raises(ValueError, match="image_shape="):
        rows_as_batch(np.zeros((2, 24)), image_shape)


def test_rows_without_shape_always_warn():
    X = np.random.default_rng(0).uniform(size=(2, 12))
    transformer = ColorStatistics()
    for method in ("fit", "transform", "transform"):
        with pytest.warns(ImageShapeWarning, match="rows of 12 numbers") as caught:
            getattr(transformer, method)(X)
        assert [warning.filename for warning in caught] == [__file__]


def test_sparse_rows_raise():
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        ColorStatistics().fit(sparse.csr_array(np.eye(4)))


@pytest.mark.parametrize(
    "X",
    [[], (), np.array([]), pd.Series([], dtype=object), np.zeros((0, 8, 9, 3))],
    ids=["list", "tuple", "array", "series", "batch"],
)
@pytest.mark.parametrize("method", ["fit", "transform", "fit_transform"])
def test_no_photos_raise(X, method):
    # An empty X has no form: where it is taken for rows, scikit-learn words the error.
    message = "no photos|0 photos|0 sample|array instead|2-dimensional container"
    with pytest.raises(ValueError, match=message):
        getattr(ColorStatistics(), method)(X)


def test_one_number_per_row_is_rows():
    assert find_photos([[0.5], [0.25]]) is None
    assert find_photos(np.array([[0.5], [0.25]])) is None


@pytest.mark.parametrize("shape", [(2, 4, 5), (2, 1, 5), (2, 4, 5, 3), (2, 1, 5, 3)])
def test_nested_lists_are_a_batch(shape):
    X = np.random.default_rng(0).uniform(size=shape)
    assert_array_equal(find_photos(X.tolist()), X)


# --- tensors


class FakeTensor:
    """Stands for a torch tensor on an accelerator."""

    __module__ = "torch"
    device = SimpleNamespace(type="cuda", __str__=lambda self: "cuda:0")

    def __init__(self, shape):
        self.shape, self.ndim = shape, len(shape)

    def detach(self):
        raise AssertionError("The pixels were fetched.")


@pytest.mark.parametrize(
    "X", [FakeTensor((2, 8, 9, 3)), [FakeTensor((8, 9, 3))] * 2], ids=["one", "list"]
)
def test_tensor_on_accelerator_raises(X):
    with pytest.raises(ValueError, match=r"a tensor on the device .*cuda.*tensor\.cpu"):
        find_photos(X)


def test_tensor_without_data_raises():
    torch = pytest.importorskip("torch", reason="Tensors need torch.")
    with pytest.raises(ValueError, match=r"on the device meta.*tensor\.cpu"):
        find_photos(torch.empty((2, 8, 9, 3), device="meta"))


def test_tensor_with_gradient_is_read():
    torch = pytest.importorskip("torch", reason="Tensors need torch.")
    tensor = torch.rand((2, 8, 9, 3), requires_grad=True)
    assert_array_equal(find_photos(tensor), tensor.detach().numpy())


# --- slices


def test_batches_keep_order(photo):
    photos = Photos([photo + i for i in range(5)])
    pieces = photos.batches(2)
    assert [len(piece) for piece in pieces] == [2, 2, 1]
    for row in range(5):
        assert_array_equal(pieces[row // 2].read(row % 2), photo + row)


def test_batches_keep_rows_of_errors():
    pieces = Photos([f"missing{i}.jpg" for i in range(5)]).batches(2)
    for row in range(5):
        with pytest.raises(ImageError, match=rf"^row {row}, missing{row}\.jpg"):
            pieces[row // 2].read(row % 2)
    nested = pieces[1].batches(1)[0]
    with pytest.raises(ImageError, match=r"^row 2, missing2"):
        nested.read(0)


def test_batch_of_array_shares_memory():
    X = np.zeros((5, 8, 9))
    pieces = Photos(X).batches(2)
    assert all(np.shares_memory(piece.items, X) for piece in pieces)


@pytest.mark.parametrize("kind", ["array", "encoded", "pillow", "path"])
def test_photo_is_reduced_to_max_size(kind, photo, encoded, tmp_path):
    (tmp_path / "a.png").write_bytes(encoded)
    item = {
        "array": photo,
        "encoded": encoded,
        "pillow": Image.fromarray(photo),
        "path": tmp_path / "a.png",
    }[kind]
    assert Photos([item]).read(0, max_size=4).shape == (3, 4, 3)
    assert_array_equal(Photos([item]).read(0), photo)
