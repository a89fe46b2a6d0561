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

    Parallel work is spread over photos, so threads below would only compete; with one
    thread the results do not depend on the machine either. OpenMP has a setting per
    thread, OpenCV and BLAS have one per process.
    """
    with _find_pools(len(sys.modules)).select(user_api="openmp").limit(limits=1):
        with _one_thread.held():
            yield


@lru_cache(maxsize=1)
def _find_pools(n_modules):
    """Libraries with threads; looked for again, which takes 2 ms, after an import."""
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
        # threadpoolctl heeds only the thread that limited first, which may not be the
        # last to leave; older versions heed all.
        clear = getattr(OpenBLASController, "clear_controlling_thread", None)
        if clear is not None:
            clear(force=True)
        limits.restore_original_limits()
        cv2.setNumThreads(n_threads)


_one_thread = SharedSetting(_limited)
