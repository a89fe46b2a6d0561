"""The models of the paper."""

from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from ...features import (
    HOGLLC,
    CNNEmbedder,
    ColorHistogram,
    ColorNamesLLC,
    GistTransformer,
    LBPPyramid,
)
from ...models import StackedLateFusion
from .._parts import choose, describe, linear_svr

#: The columns of table 1, in its order, except the last one, "combined".
FEATURES = {
    "gist": GistTransformer(),
    "color_histogram": ColorHistogram(),
    "texture": LBPPyramid(),
    "color_patches": ColorNamesLLC(random_state=0),
    "gradient": HOGLLC(random_state=0),
    "deep": CNNEmbedder(backbone="alexnet"),
    "objects": CNNEmbedder(backbone="alexnet", layer="probabilities"),
}
_NETWORKS = {"deep": "penultimate", "objects": "probabilities"}


def content(feature, *, photo="photo", network=None, palette=None, **settings):
    """A linear SVR of one kind of feature: a column of table 1.

    Parameters
    ----------
    feature : {"gist", "color_histogram", "texture", "color_patches", "gradient", \
            "deep", "objects"}
        Kind of feature.
    photo : str, default="photo"
        Column of posts that holds the photos.
    network : CNNEmbedder, default=None
        Network for "deep" and "objects", whose `layer` is set; None is AlexNet with
        the weights of torchvision.
    palette : str, path or array-like, default=None
        Colours of "color_histogram", see :class:`~sklearn_popularity.ColorHistogram`;
        "discriminative" is the published palette. None is the default palette.
    **settings
        Parameters of the transformer, such as `n_jobs`, `cache` and `on_error`.

    Returns
    -------
    model : Pipeline
        Not fitted; a regressor of posts.
    """
    transformer = _transformer(feature, network, palette)
    scaling = [Normalizer()] if feature in _NETWORKS else []
    return make_pipeline(describe(transformer, photo, settings), *scaling, linear_svr())


def content_combined(
    features=tuple(FEATURES),
    *,
    photo="photo",
    network=None,
    palette=None,
    groups=None,
    **settings,
):
    """Late fusion of all kinds of features: the last column of table 1.

    Parameters
    ----------
    features : sequence of str, default=all
        Kinds of features.
    photo : str, default="photo"
        Column of posts that holds the photos.
    network : CNNEmbedder, default=None
        As in :func:`content`.
    palette : str, path or array-like, default=None
        As in :func:`content`.
    groups : str, int or callable, default=None
        Groups that inner folds keep together, see `StackedLateFusion`.
    **settings
        As in :func:`content`.

    Returns
    -------
    model : StackedLateFusion
        Not fitted; it has a branch per kind of feature.
    """
    looks = {"network": network, "palette": palette, **settings}
    return _fusion(_content_branches(features, photo, looks), groups)


def social(cues):
    """A linear SVR of all social cues: the last column of table 2.

    Parameters
    ----------
    cues : SocialFeatures
        Transformer of the columns of posts that hold cues.

    Returns
    -------
    model : Pipeline
        Not fitted; a regressor of posts.
    """
    return make_pipeline(clone(cues), StandardScaler(), linear_svr())


def content_and_social(
    cues,
    features=tuple(FEATURES),
    *,
    photo="photo",
    network=None,
    palette=None,
    groups=None,
    **settings,
):
    """Late fusion of content and social cues: the last column of table 3.

    Parameters
    ----------
    cues : SocialFeatures
        Transformer of the columns of posts that hold cues.
    features : sequence of str, default=all
        Kinds of features.
    photo : str, default="photo"
        Column of posts that holds the photos.
    network : CNNEmbedder, default=None
        As in :func:`content`.
    palette : str, path or array-like, default=None
        As in :func:`content`.
    groups : str, int or callable, default=None
        As in :func:`content_combined`.
    **settings
        As in :func:`content`.

    Returns
    -------
    model : StackedLateFusion
        Not fitted; it has a branch per kind of feature, and "social".
    """
    looks = {"network": network, "palette": palette, **settings}
    branches = _content_branches(features, photo, looks)
    return _fusion([*branches, ("social", social(cues), slice(None))], groups)


def _transformer(feature, network, palette):
    transformer = choose(FEATURES, feature, "feature")
    if feature == "color_histogram" and palette is not None:
        return clone(transformer).set_params(palette=palette)
    if feature in _NETWORKS and network is not None:
        return clone(network).set_params(layer=_NETWORKS[feature])
    return transformer


def _content_branches(features, photo, looks):
    return [(name, content(name, photo=photo, **looks), [photo]) for name in features]


def _fusion(branches, groups):
    # "A SVR trained on the outputs of the most basic features" (6.1): the paper does
    # not say on which rows, and held-out rows are sound.
    return StackedLateFusion(branches, final_estimator=linear_svr(), groups=groups)
