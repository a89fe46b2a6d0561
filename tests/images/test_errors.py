"""The error of a bad image: its message, its journey between processes, its guard."""

import pickle
import threading
import warnings
from pathlib import Path

import pytest
from PIL import Image, UnidentifiedImageError

from sklearn_popularity.images import ImageError
from sklearn_popularity.images._errors import decoding_errors


@pytest.mark.parametrize(
    ("path", "row", "message"),
    [
        ("photos/a.jpg", 12, "row 12, photos/a.jpg: cut short"),
        (Path("photos/a.jpg"), None, "photos/a.jpg: cut short"),
        (None, 0, "row 0: cut short"),
        (None, None, "cut short"),
    ],
)
def test_error_message_names_place(path, row, message):
    assert str(ImageError("cut short", path=path, row=row)) == message


@pytest.mark.parametrize("path", ["caf\udce9.jpg", "ok.jpg\0.png", "two\nlines.png"])
def test_error_message_is_printable(path):
    message = str(ImageError("cut short", path=path))
    assert message.isprintable()
    assert message.encode("utf-8").endswith(b": cut short")


def test_error_survives_pickling():
    error = ImageError("cut short", path="photos/a.jpg").at_row(12)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is ImageError
    assert (copy.reason, copy.path, copy.row) == ("cut short", "photos/a.jpg", 12)
    assert str(copy) == str(error)


def test_error_is_value_error():
    with pytest.raises(ValueError, match="cut short"):
        raise ImageError("cut short")


def test_at_row_keeps_cause_and_original():
    error = ImageError("cut short", path="a.jpg")
    error.__cause__ = OSError("broken")
    moved = error.at_row(3)
    assert error.row is None
    assert (moved.row, moved.path) == (3, "a.jpg")
    assert moved.__cause__ is error.__cause__


@pytest.mark.parametrize(
    ("raised", "reason"),
    [
        (SyntaxError("broken PNG file"), r"\(SyntaxError: broken PNG file\)"),
        (IndexError("index out of range"), "IndexError"),
        (MemoryError(), "not enough memory"),
        (UnidentifiedImageError("<_io.BytesIO object at 0x7f>"), "not an image"),
        (Image.DecompressionBombError("too big"), "too many pixels"),
    ],
)
def test_guard_chains_what_pillow_raises(raised, reason):
    with pytest.raises(ImageError, match=reason) as caught, decoding_errors():
        raise raised
    assert caught.value.__cause__ is raised
    assert "0x" not in str(caught.value)


def test_guard_passes_image_errors():
    error = ImageError("cut short")
    with pytest.raises(ImageError) as caught, decoding_errors():
        raise error
    assert caught.value is error


def test_guard_passes_interrupts():
    with pytest.raises(KeyboardInterrupt), decoding_errors():
        raise KeyboardInterrupt


def test_guard_silences_only_pillow():
    with decoding_errors():
        warnings.warn_explicit("odd tag", UserWarning, "x.py", 1, "PIL.TiffPlugin")
    with warnings.catch_warnings(), pytest.raises(ImageError, match="ours"):
        warnings.simplefilter("error")
        with decoding_errors():
            warnings.warn("ours", UserWarning, stacklevel=1)


def test_guard_restores_filters_across_threads():
    # The first thread to enter leaves first: a plain catch_warnings in each thread
    # would leave the filters of the first behind.
    before = warnings.filters[:]
    first_is_in, second_is_in = threading.Event(), threading.Event()

    def first():
        with decoding_errors():
            first_is_in.set()
            second_is_in.wait(5)

    thread = threading.Thread(target=first)
    thread.start()
    assert first_is_in.wait(5)
    with decoding_errors():
        second_is_in.set()
        thread.join(5)
    assert warnings.filters[:] == before
