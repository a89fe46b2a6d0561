"""Predict how people react to photos, with scikit-learn estimators.

The names that most users need can be imported from here, and all others from the
subpackages, such as ``sklearn_popularity.datasets``. They are loaded on first use, so
``import sklearn_popularity`` loads neither OpenCV nor torch nor matplotlib.
"""

import lazy_loader

__version__ = "0.2.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
