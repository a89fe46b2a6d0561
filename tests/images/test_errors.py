"""The error of a bad image: its message, its journey between processes, its guard."""

import pickle
import threading
import warnings
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, UnidentifiedImageError

from sklearn_popularity.images import ImageError, read_image
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


def warn_as_pillow():
    warnings.warn_explicit("odd tag", UserWarning, "x.py", 1, "PIL.TiffPlugin")


def test_guard_silences_only_pillow():
    with decoding_errors():
        warn_as_pillow()
    with warnings.catch_warnings(), pytest.raises(ImageError, match="ours"):
        warnings.simplefilter("error")
        with decoding_errors():
            warnings.warn("ours", UserWarning, stacklevel=1)


def read_beside(during):
    """Do something while another thread is in the guard, and let it leave then."""
    inside, done = threading.Event(), threading.Event()

    def read():
        with decoding_errors():
            inside.set()
            done.wait(5)

    thread = threading.Thread(target=read)
    thread.start()
    assert inside.wait(5)
    during()
    done.set()
    thread.join(5)


def test_guard_restores_filters_across_threads():
    # The first thread to enter leaves first: a plain catch_warnings in each thread
    # would leave the filters of the first behind.
    before = warnings.filters[:]
    with ExitStack() as stack:
        read_beside(lambda: stack.enter_context(decoding_errors()))
    assert warnings.filters[:] == before


def test_guard_leaves_copies_of_filters():
    before = warnings.filters[:]
    blocks = [warnings.catch_warnings() for _ in range(2)]

    def enter():
        for block in blocks:
            block.__enter__()

    read_beside(enter)
    assert warnings.filters[:] == before
    for block in reversed(blocks):
        block.__exit__(None, None, None)
        with pytest.raises(UserWarning, match="odd"):  # a copy may stay, but is idle
            warn_as_pillow()
    assert warnings.filters[:] == before


def test_guard_left_in_a_copy_is_idle():
    blocks = [warnings.catch_warnings() for _ in range(2)]
    with decoding_errors():
        for block in blocks:
            block.__enter__()
    for block in reversed(blocks):
        block.__exit__(None, None, None)
        with pytest.raises(UserWarning, match="odd"):
            warn_as_pillow()


def test_guard_leaves_discarded_filters():
    before = warnings.filters[:]
    block = warnings.catch_warnings()
    block.__enter__()
    read_beside(lambda: block.__exit__(None, None, None))
    assert warnings.filters[:] == before
    read_beside(lambda: None)
    assert warnings.filters[:] == before


def test_guard_outlives_reset_of_filters():
    with warnings.catch_warnings():
        read_beside(warnings.resetwarnings)
        assert warnings.filters[:] == []


def test_guard_is_for_its_thread():
    def during():
        with pytest.raises(UserWarning, match="odd"):
            warn_as_pillow()
        with decoding_errors():
            warn_as_pillow()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_beside(during)


def test_filters_may_be_sent_to_workers_during_a_read():
    with decoding_errors():
        sent = pickle.dumps(warnings.filters)
    assert not pickle.loads(sent)[0][3].match("PIL.Image")


@pytest.mark.parametrize("action", ["once", "default", "module"])
@pytest.mark.parametrize("n_threads", [1, 4])
def test_warnings_of_users_come_once(action, n_threads):
    file = BytesIO()
    Image.new("RGB", (4, 4)).save(file, "PNG")
    registry = {}

    def read():
        for _ in range(50):
            read_image(file.getvalue())
            warnings.warn_explicit(
                "mine", UserWarning, "x.py", 1, module="x", registry=registry
            )

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter(action)
        warnings.onceregistry.clear()
        warnings.warn_explicit(
            "mine", UserWarning, "x.py", 1, module="x", registry=registry
        )
        threads = [threading.Thread(target=read) for _ in range(n_threads)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [str(warning.message) for warning in caught] == ["mine"]
