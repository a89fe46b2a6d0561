"""What X may be: each form that is understood, each guard that stops a mistake."""

import warnings
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
    ["photos/a.jpg", Path("photos/a.jpg"), b"\x89PNG"],
    ids=["str", "Path", "bytes"],
)
def test_single_path_raises(X):
    with pytest.raises(ValueError, match=r"Got X=.*a single photo.*list: \[photo\]"):
        find_photos(X)


def test_single_pillow_image_raises(photo):
    with pytest.raises(ValueError, match=r"X=<PIL\.Image.*a single photo"):
        find_photos(Image.fromarray(photo))


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


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT], ids=str)
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
    X = as_X(["a.jpg", "b.jpg", missing, "c.jpg", missing])
    with pytest.raises(ValueError, match=r"Got X\[2\]=.* among photos.*Drop the row"):
        find_photos(X)


@pytest.mark.parametrize("missing", [None, np.nan], ids=str)
def test_missing_string_raises_its_row(missing):
    X = pd.Series([missing, "b.jpg"], dtype="str")
    with pytest.raises(ValueError, match=r"Got X\[0\]=(nan|None) among photos"):
        find_photos(X)


@pytest.mark.parametrize("package", ["polars", "pyarrow"])
def test_null_path_raises_its_row(package):
    frames = pytest.importorskip(package, reason=f"This form needs {package}.")
    make = frames.Series if package == "polars" else frames.array
    with pytest.raises(ValueError, match=r"Got X\[1\]=None among photos"):
        find_photos(make(["a.jpg", None]))


@pytest.mark.parametrize(
    "foreign", [3, 2.5, [1, 2], np.zeros(4), {"path": "a.jpg"}], ids=str
)
def test_foreign_entry_raises_its_row(foreign):
    with pytest.raises(ValueError, match=r"Got X\[1\]=.* among photos, but a path"):
        find_photos(["a.jpg", foreign])


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


def test_rows_with_shape_never_warn():
    X = np.random.default_rng(0).uniform(size=(2, 12))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ColorStatistics(image_shape=(2, 2, 3)).fit(X).transform(X)


def test_inferred_shape_equals_given_one():
    X = np.random.default_rng(0).uniform(size=(2, 108))
    with pytest.warns(ImageShapeWarning):
        inferred = ColorStatistics().transform(X)
    given = ColorStatistics(image_shape=(6, 6, 3)).transform(X)
    assert_array_equal(inferred, given)


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


def test_tensor_on_accelerator_raises():
    with pytest.raises(ValueError, match=r"a tensor on the device .*cuda.*tensor\.cpu"):
        find_photos(FakeTensor((2, 8, 9, 3)))


def test_tensors_on_accelerator_raise():
    with pytest.raises(ValueError, match=r"a tensor on the device .*cuda.*tensor\.cpu"):
        find_photos([FakeTensor((8, 9, 3)), FakeTensor((8, 9, 3))])


def test_tensor_without_data_raises():
    torch = pytest.importorskip("torch", reason="Tensors need torch.")
    with pytest.raises(ValueError, match=r"on the device meta.*tensor\.cpu"):
        find_photos(torch.empty((2, 8, 9, 3), device="meta"))


def test_tensor_with_gradient_is_read():
    torch = pytest.importorskip("torch", reason="Tensors need torch.")
    tensor = torch.rand((2, 8, 9, 3), requires_grad=True)
    assert_array_equal(find_photos(tensor), tensor.detach().numpy())


def test_channels_first_tensor_raises():
    torch = pytest.importorskip("torch", reason="Tensors need torch.")
    with pytest.raises(ValueError, match=r"X\.permute\(0, 2, 3, 1\)"):
        find_photos(torch.zeros((2, 3, 8, 9)))


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


def test_unreadable_path_carries_row_and_path(tmp_path):
    photos = Photos(["a.jpg", str(tmp_path / "b.jpg")])
    with pytest.raises(ImageError, match=r"^row 1, .*b\.jpg: ") as caught:
        photos.read(1)
    assert (caught.value.row, caught.value.path) == (1, str(tmp_path / "b.jpg"))
