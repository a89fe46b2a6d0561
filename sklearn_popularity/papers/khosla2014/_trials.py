"""Trials of the models in a setting: kinds of features, social cues, or both."""

from functools import partial

from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from .._parts import linear_svr
from .._posts import NotTestableError
from .._trial import columns_of_trials, look_at
from ._models import FEATURES, content_and_social, content_combined, social
from ._settings import MEAN_VIEWS, social_cues

#: The kind of content that is columns of the posts, not described from photos.
MEASURES = "measures"
_QUICK = ("color_histogram", "deep")


def trials_of(setting, key):
    """Trials of a kind of feature or a fusion; the error says what is missing."""
    if key == "social":
        return _social(setting)
    branches, reasons = _content_branches(setting.experiments)
    if key in reasons:
        raise reasons[key]
    if not branches:
        raise next(iter(reasons.values()))
    if key == "both":
        return setting.trials("both", partial(_fusion, setting, with_social=True))
    combined = setting.trials(
        "combined",
        partial(_fusion, setting, with_social=False),
        look_at(_branch_predictions),
    )
    if key == "combined":
        return combined
    place = branches.index(key)
    return [columns_of_trials(trial, len(branches))[place] for trial in combined]


def _branch_predictions(model, X):
    return model.branch_predictions(X)


def best_kind(setting):
    """The kind of feature with the best score on the test posts, and its trials."""
    branches, reasons = _content_branches(setting.experiments)
    if len(branches) < 2:
        raise next(iter(reasons.values()))
    return best_of(setting, branches)


def best_of(setting, keys):
    """The key with the highest sum of scores, and its trials."""
    trials = {key: trials_of(setting, key) for key in keys}
    return max(trials.items(), key=lambda each: sum(t.score for t in each[1]))


def _content_branches(experiments):
    """Available kinds of content, and the reasons why others are not."""
    found, reasons = [], {}
    for name, transformer in FEATURES.items():
        try:
            if experiments.quick and name not in _QUICK:
                raise NotTestableError("left out by --quick")
            if name in ("deep", "objects"):
                experiments.network(transformer)
            experiments.photos()
            found.append(name)
        except NotTestableError as error:
            reasons[name] = error
    if experiments.data.content:
        found.append(MEASURES)
    return found, reasons


def _fusion(setting, *, with_social):
    """The unfitted fusion of the available content, with or without social cues."""
    experiments = setting.experiments
    branches, _ = _content_branches(experiments)
    kinds = [name for name in branches if name != MEASURES]
    looks = {"groups": experiments.data.group, **experiments.settings}
    if "deep" in kinds:
        looks["network"] = experiments.network(FEATURES["deep"])
    if with_social:
        fusion = content_and_social(_cues(setting), kinds, **looks)
    else:
        fusion = content_combined(kinds, **looks)
    if MEASURES in branches:
        branch = make_pipeline(SimpleImputer(), StandardScaler(), linear_svr())
        columns = experiments.data.content
        fusion.branches.insert(len(kinds), (MEASURES, branch, columns))
    return fusion


def _cues(setting):
    if not setting.cues:
        raise NotTestableError("no social cues")
    return social_cues(setting.cues, setting.experiments.data)


def _social(setting):
    cues = _cues(setting)
    look = look_at(_history_of) if MEAN_VIEWS in setting.cues else None
    return setting.trials("social", lambda: social(cues), look)


def _history_of(model, X):
    """Mean of the user's other scores, from the cues of a fitted model."""
    _, history, columns = model[0].transformers_[0]
    return history.transform(X[columns])


def mean_views(setting):
    """Trials of the mean of the user's other scores, taken from those of all cues."""
    return [columns_of_trials(trial, 1)[0] for trial in _social(setting)]
