"""Threads of OpenCV and BLAS: one inside, restored outside."""

import threading

import cv2
import pytest
from threadpoolctl import threadpool_limits

from sklearn_popularity.features._threads import single_threaded


@pytest.fixture(autouse=True)
def two_threads(threads):
    with threads(2):
        yield


def test_one_thread_inside(count_threads):
    before = count_threads()
    assert 2 in before.values()  # some libraries never go beyond OMP_NUM_THREADS
    with single_threaded():
        assert set(count_threads().values()) == {1}
    assert count_threads() == before


def test_threads_are_restored_after_error(count_threads):
    before = count_threads()
    with pytest.raises(ZeroDivisionError), single_threaded():
        raise ZeroDivisionError
    assert count_threads() == before


def test_nested_blocks_stay_single_threaded(count_threads):
    before = count_threads()
    with single_threaded():
        with single_threaded():
            pass
        assert set(count_threads().values()) == {1}
    assert count_threads() == before


def test_last_of_concurrent_blocks_restores(count_threads):
    before = count_threads()
    entered, leave = threading.Event(), threading.Event()

    def stay_inside():
        with single_threaded():
            entered.set()
            leave.wait(timeout=30)

    other = threading.Thread(target=stay_inside)
    with single_threaded():
        other.start()
        assert entered.wait(timeout=30)
    # This block has ended, the other has not.
    assert cv2.getNumThreads() == 1
    leave.set()
    other.join(timeout=30)
    assert not other.is_alive()
    assert count_threads() == before


def test_changes_between_blocks_are_kept(count_threads):
    with single_threaded():
        pass
    cv2.setNumThreads(1)
    with threadpool_limits(1):
        with single_threaded():
            pass
        assert set(count_threads().values()) == {1}
