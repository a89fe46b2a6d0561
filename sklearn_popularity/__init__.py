"""Predict how people react to photos, with scikit-learn estimators.

The names that most users need can be imported from here, and the rest from its rooms
(such as ``sklearn_popularity.datasets``); they are loaded on first use, so that
``import sklearn_popularity`` loads neither OpenCV nor torch nor matplotlib.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
