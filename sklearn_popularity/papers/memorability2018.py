"""Squalli-Houssaini, Duong, Gwenaelle and Demarty, "Deep learning for predicting
image memorability", ICASSP 2018.

Photos are described by a network that names objects and by one that knows captions. A
perceptron with a branch for each predicts which of K balanced ranges a score is in, and
the probabilities are summed to a score. Scores are shares of people who remember, 0-1.

The network of captions, a joint embedding of 1,024 numbers, was never published; the
image tower of CLIP, which shares its space with captions too, stands in.
"""

from scipy.stats import loguniform, uniform
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from ..features import CNNEmbedder
from ..models import KClassAggregatingClassifier, MultiBranchMLPClassifier
from ._parts import choose, input_branches

#: What describes photos (section 2.1): VGG16 before its classes, 4,096 numbers; CLIP.
INPUTS = {
    "cnn": CNNEmbedder(backbone="vgg16"),
    "caption": CNNEmbedder(
        backbone="timm/vit_base_patch16_clip_224.openai", layer="projection"
    ),
}
_WIDTHS = [32, 64, 128, 256, 512, 1024]
_PREFIX = "kclassaggregatingclassifier__estimator__"
#: What section 2.2 searched, for `RandomizedSearchCV` around :func:`k_class_mlp`; the
#: range of dropout is not told.
MLP_SEARCH = {
    f"{_PREFIX}branch_layers": [(width,) for width in _WIDTHS],
    f"{_PREFIX}joint_layers": [(width,) for width in _WIDTHS],
    f"{_PREFIX}dropout": uniform(0, 0.8),
    f"{_PREFIX}activation": ["relu", "tanh"],
    f"{_PREFIX}optimizer": ["adam", "rmsprop", "sgd"],
}
#: Section 3.1 searched an SVR too, without telling what.
SVR_SEARCH = {
    "svr__C": loguniform(1e-2, 1e2),
    "svr__gamma": loguniform(1e-6, 1e-2),
    "svr__epsilon": loguniform(1e-3, 1),
}


def k_class_mlp(
    inputs=("cnn", "caption"),
    *,
    n_classes=4,
    top_score=1.0,
    photo="photo",
    networks=None,
    random_state=0,
    **settings,
):
    """The paper's model (figure 1): branches, K classes, and their sum.

    Parameters
    ----------
    inputs : sequence of {"cnn", "caption"}, default=both
        What describes the photos: a branch each.
    n_classes : int, default=4
        Number of ranges; 4 was the best of 2 to 8.
    top_score : float or None, default=1.0
        Highest possible score; None is the highest training score.
    photo : str, default="photo"
        Column of posts that holds the photos.
    networks : dict of str to transformer, default=None
        Other transformers of photos for some inputs, by their name.
    random_state : int, default=0
        Seed of the perceptron.
    **settings
        Parameters of the transformers, such as `n_jobs` and `cache`.

    Returns
    -------
    model : Pipeline
        Not fitted; a regressor of posts. 3 layers, batches of 16 and 10 epochs as in
        section 2.2; the units, not told, are for `MLP_SEARCH` to choose.
    """
    perceptron = MultiBranchMLPClassifier(
        branches=input_branches(inputs),
        branch_layers=(256,),
        joint_layers=(128,),
        optimizer="adam",
        batch_size=16,
        max_epochs=10,
        random_state=random_state,
    )
    return make_pipeline(
        _describe_inputs(inputs, photo, networks, settings),
        KClassAggregatingClassifier(
            perceptron, n_classes=n_classes, aggregation="upper", top_score=top_score
        ),
    )


def regression(inputs=("cnn", "caption"), *, photo="photo", networks=None, **settings):
    """The baseline of table 1: an SVR, whose parameters `SVR_SEARCH` chooses.

    Parameters
    ----------
    inputs : sequence of {"cnn", "caption"}, default=both
        What describes the photos.
    photo : str, default="photo"
        Column of posts that holds the photos.
    networks : dict of str to transformer, default=None
        As in :func:`k_class_mlp`.
    **settings
        As in :func:`k_class_mlp`.

    Returns
    -------
    model : Pipeline
        Not fitted; a regressor of posts.
    """
    described = _describe_inputs(inputs, photo, networks, settings)
    # Most scores lie within 0.2 of each other, which the default of 0.1 would ignore.
    return make_pipeline(described, StandardScaler(), SVR(epsilon=0.01))


def _describe_inputs(inputs, photo, networks, settings):
    """A transformer of posts to a frame, as `input_branches` expects it."""
    chosen = INPUTS | (networks or {})
    described = [
        (name, clone(choose(chosen, name, "input")).set_params(**settings), photo)
        for name in inputs
    ]
    return ColumnTransformer(described).set_output(transform="pandas")
