"""The models of the paper."""

from ...features import CNNEmbedder
from ...models import CNNFineTuneClassifier, CNNFineTuneRegressor
from ...networks import Preprocessing

# Sections 3.1 and 4.1. 20,000 steps were "a little over 4" epochs of 393,691 photos, so
# batches held about 80 photos. (Section 5.1 says 6,000 steps instead.)
_SETTINGS = {
    "head_multiplier": 20,
    "dropout": 0.5,
    "optimizer": "sgd",
    "batch_size": 80,
}
_SQUARES = {"size": 227, "resize": "crop", "crop_share": 227 / 256}
# Stated for the raw counts only. 1e-3 is the rate of Caffe's example of this network.
_RAW_LEARNING_RATE, _LEARNING_RATE = 1e-8, 1e-3
#: Settings for training on hundreds of photos, where the paper's rates do nothing or
#: diverge: Adam, whose steps do not grow with the unit of the score.
RATES_THAT_WORK = {"optimizer": "adam", "learning_rate": 1e-4, "max_epochs": 4}
# Epochs: 86,000 and 97,000 steps are 17.5 and 19.7 epochs.
_LONG = 20


def regression(**settings):
    """Experiment 1: regression of the raw number of views.

    Parameters
    ----------
    **settings
        Other parameters of `CNNFineTuneRegressor`, such as `embedder__weights`,
        `checkpoint`, `max_epochs` and `random_state`.

    Returns
    -------
    model : CNNFineTuneRegressor
        Not fitted; its losses are half the squared error, as in the paper.
    """
    raw = {
        "loss": "raw_squared_error",
        "learning_rate": _RAW_LEARNING_RATE,
        "max_epochs": 4,
    }
    return _model(CNNFineTuneRegressor, raw | settings)


def favorite(**settings):
    """Experiment 2: whether a photo has been made a favourite at least once.

    Parameters
    ----------
    **settings
        Other parameters of `CNNFineTuneClassifier`.

    Returns
    -------
    model : CNNFineTuneClassifier
        Not fitted; y is ``favorites > 0``, which is true of one photo in nine in the
        paper: compare the accuracy with 89.1 %, the share of the others.
    """
    chosen = {"learning_rate": _LEARNING_RATE, "max_epochs": _LONG}
    return _model(CNNFineTuneClassifier, chosen | settings)


def binned(*, n_bins=10, **settings):
    """Experiment 3: regression of the index of a balanced range of views.

    Parameters
    ----------
    n_bins : int, default=10
        Number of ranges, with equally many photos each.
    **settings
        Other parameters of `CNNFineTuneRegressor`.

    Returns
    -------
    model : CNNFineTuneRegressor
        Not fitted. Half the squared error of always predicting the mean is
        ``(n_bins**2 - 1) / 24``: 4.125 for ten ranges.
    """
    chosen = {
        "n_bins": n_bins,
        "loss": "raw_squared_error",
        "learning_rate": _LEARNING_RATE,
        "max_epochs": _LONG,
    }
    return _model(CNNFineTuneRegressor, chosen | settings)


def _model(kind, settings):
    network = CNNEmbedder(backbone="alexnet", preprocessing=Preprocessing(**_SQUARES))
    return kind(embedder=network).set_params(**_SETTINGS | settings)
