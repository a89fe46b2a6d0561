"""Keep OpenCV, BLAS and OpenMP on one thread while features are computed."""

import sys
import threading
from contextlib import ExitStack, contextmanager
from functools import lru_cache

import cv2
from threadpoolctl import OpenBLASController, ThreadpoolController


@contextmanager
def single_threaded():
    """Run OpenCV, BLAS and OpenMP on one thread, then restore what was set before.

    Parallel work is spread over photos, so threads below would only compete; with one
    thread the results do not depend on the machine either. OpenMP has a setting per
    thread. Those of OpenCV and BLAS belong to the process: threads that enter together
    share them, and the last to leave restores.
    """
    pools = _find_pools(len(sys.modules))
    with pools.select(user_api="openmp").limit(limits=1):
        _process.enter(pools.select(user_api="blas"))
        try:
            yield
        finally:
            _process.leave()


@lru_cache(maxsize=1)
def _find_pools(n_modules):
    """Libraries with threads; looked for again, which takes 2 ms, after an import."""
    return ThreadpoolController()


class _ProcessSettings:
    """Threads of OpenCV and BLAS: limited by the first, restored by the last."""

    def __init__(self):
        self._lock = threading.Lock()
        self._n_inside = 0
        self._restore = ExitStack()

    def enter(self, blas):
        with self._lock:
            if self._n_inside == 0:
                # joblib limits BLAS in its workers, but not OpenCV.
                self._restore.callback(cv2.setNumThreads, cv2.getNumThreads())
                cv2.setNumThreads(1)
                limits = blas.limit(limits=1)
                self._restore.callback(limits.restore_original_limits)
                # threadpoolctl heeds only the thread that limited first, which may
                # not be the last to leave; older versions heed all.
                clear = getattr(OpenBLASController, "clear_controlling_thread", None)
                if clear is not None:
                    self._restore.callback(clear, force=True)
            self._n_inside += 1

    def leave(self):
        with self._lock:
            self._n_inside -= 1
            if self._n_inside == 0:
                self._restore.close()


_process = _ProcessSettings()
