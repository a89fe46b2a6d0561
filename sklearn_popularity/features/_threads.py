"""Keep OpenCV, BLAS and OpenMP on one thread while features are computed."""

import sys
from contextlib import contextmanager
from functools import lru_cache

import cv2
from threadpoolctl import OpenBLASController, ThreadpoolController

from .._process import SharedSetting


@contextmanager
def single_threaded():
    """Run OpenCV, BLAS and OpenMP on one thread, then restore what was set before.

    Photos are the unit of parallel work, so more threads would only compete. With one
    thread, results do not depend on the number of cores either. The setting of OpenMP
    belongs to the thread, those of OpenCV and BLAS belong to the process.
    """
    with _find_pools(len(sys.modules)).select(user_api="openmp").limit(limits=1):
        with _one_thread.held():
            yield


@lru_cache(maxsize=1)
def _find_pools(n_modules):
    """Libraries with threads; searched again, which takes 2 ms, after each import."""
    return ThreadpoolController()


@contextmanager
def _limited():
    # joblib limits BLAS in its workers, but not OpenCV.
    n_threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    limits = _find_pools(len(sys.modules)).select(user_api="blas").limit(limits=1)
    try:
        yield
    finally:
        # threadpoolctl restores limits only from the thread that set them, which may
        # not be the last to leave; older versions restore them from any thread.
        clear = getattr(OpenBLASController, "clear_controlling_thread", None)
        if clear is not None:
            clear(force=True)
        limits.restore_original_limits()
        cv2.setNumThreads(n_threads)


_one_thread = SharedSetting(_limited)
