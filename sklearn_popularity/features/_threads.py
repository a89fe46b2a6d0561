"""Keep OpenCV and BLAS on one thread while features are computed."""

import threading
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

_lock = threading.Lock()
_depth = 0
_restore: list = []


@contextmanager
def single_threaded():
    """Run OpenCV, BLAS and OpenMP on one thread, then restore what was set before.

    Parallel work is spread over photos, so threads below would only compete; with one
    thread the results do not depend on the machine either. The settings belong to the
    process: threads that enter together share them and the last to leave restores.
    """
    _enter()
    try:
        yield
    finally:
        _leave()


def _enter():
    global _depth
    import cv2

    with _lock:
        if _depth == 0:
            # OpenCV keeps its threads inside joblib's workers, which limit the others.
            n_threads = cv2.getNumThreads()
            cv2.setNumThreads(1)
            limits = threadpool_limits(1)
            _restore[:] = [limits.restore_original_limits]
            _restore.append(lambda: cv2.setNumThreads(n_threads))
        _depth += 1


def _leave():
    global _depth
    with _lock:
        _depth -= 1
        if _depth == 0:
            for restore in _restore:
                restore()
