"""The models of the paper."""

from itertools import product
from typing import Any

from scipy.stats import loguniform, randint, uniform
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeRegressor

from ...features import CNNEmbedder
from ...models import KClassAggregatingClassifier, MultiBranchMLPClassifier
from .._parts import choose, input_branches

#: Image transformers (section 2.1): VGG16 before its classifier, with 4,096 features,
#: and the image tower of CLIP's ResNet-50, with 1,024.
INPUTS = {
    "cnn": CNNEmbedder(backbone="vgg16"),
    "caption": CNNEmbedder(backbone="timm/resnet50_clip.openai", layer="projection"),
}
_WIDTHS = [32, 64, 128, 256, 512, 1024]
#: Regressors of section 3.1 and their search spaces, for `RandomizedSearchCV` around
#: :func:`regression`; the paper does not state its ranges.
REGRESSORS: dict[str, tuple[Any, dict[str, Any]]] = {
    # Most scores lie within 0.2 of each other, so the default of 0.1 is too large.
    "svr": (
        SVR(epsilon=0.01),
        {
            "svr__C": loguniform(1e-2, 1e2),
            "svr__gamma": loguniform(1e-6, 1e-2),
            "svr__epsilon": loguniform(1e-3, 1),
        },
    ),
    "knn": (
        KNeighborsRegressor(),
        {
            "kneighborsregressor__n_neighbors": randint(1, 101),
            "kneighborsregressor__weights": ["uniform", "distance"],
            "kneighborsregressor__metric": ["euclidean", "cosine"],
        },
    ),
    "tree": (
        DecisionTreeRegressor(random_state=0),
        {
            "decisiontreeregressor__max_depth": randint(1, 13),
            "decisiontreeregressor__min_samples_leaf": randint(1, 65),
        },
    ),
}


def mlp_search(inputs=("cnn", "caption")) -> dict[str, Any]:
    """Search space of section 2.2, for `RandomizedSearchCV` around :func:`k_class_mlp`.

    Parameters
    ----------
    inputs : sequence of {"cnn", "caption"}, default=both
        Inputs of the model.

    Returns
    -------
    space : dict of str to list or distribution
        Widths of 32 to 1,024 for each branch and for the joint layer, dropout (in a
        range that the paper does not state), activation and optimizer.
    """
    branches = [
        {name: (width,) for name, width in zip(inputs, widths, strict=True)}
        for widths in product(_WIDTHS, repeat=len(inputs))
    ]
    prefix = "kclassaggregatingclassifier__estimator__"
    return {
        f"{prefix}branch_layers": branches,
        f"{prefix}joint_layers": [(width,) for width in _WIDTHS],
        f"{prefix}dropout": uniform(0, 0.8),
        f"{prefix}activation": ["relu", "tanh"],
        f"{prefix}optimizer": ["adam", "rmsprop", "sgd"],
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
    """The paper's model (figure 1): branches, K classes, and a weighted sum.

    Parameters
    ----------
    inputs : sequence of {"cnn", "caption"}, default=both
        Embeddings of the photos, with a branch each.
    n_classes : int, default=4
        Number of ranges; in the paper, 4 was the best of 2 to 8.
    top_score : float or None, default=1.0
        Highest possible score; None is the highest training score.
    photo : str, default="photo"
        Column of posts that holds the photos.
    networks : dict of str to transformer, default=None
        Other image transformers for some inputs, by name of the input.
    random_state : int, default=0
        Seed of the perceptron.
    **settings
        Parameters of the image transformers, such as `n_jobs` and `cache`.

    Returns
    -------
    model : Pipeline
        Not fitted; a regressor of posts. It has 3 layers, batches of 16 and 10 epochs
        as in section 2.2, without weight decay. The paper does not state the widths;
        :func:`mlp_search` can choose them. By equation 1, no prediction is below the
        upper end of the lowest range, which is 0.68 on LaMem.
    """
    perceptron = MultiBranchMLPClassifier(
        branches=input_branches(inputs),
        branch_layers=(256,),
        joint_layers=(128,),
        optimizer="adam",
        alpha=0,
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


def regression(
    inputs=("cnn", "caption"),
    regressor="svr",
    *,
    photo="photo",
    networks=None,
    **settings,
):
    """A regressor of section 3.1, whose search space is in `REGRESSORS`.

    Parameters
    ----------
    inputs : sequence of {"cnn", "caption"}, default=both
        Embeddings of the photos.
    regressor : {"svr", "knn", "tree"}, default="svr"
        Kernel SVR, nearest neighbours or decision tree; in the paper, the SVR was best.
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
    learner, _ = choose(REGRESSORS, regressor, "regressor")
    described = _describe_inputs(inputs, photo, networks, settings)
    return make_pipeline(described, StandardScaler(), clone(learner))


def _describe_inputs(inputs, photo, networks, settings):
    """A transformer from posts to a DataFrame, as `input_branches` expects it."""
    chosen = INPUTS | (networks or {})
    described = [
        (name, clone(choose(chosen, name, "input")).set_params(**settings), photo)
        for name in inputs
    ]
    return ColumnTransformer(described).set_output(transform="pandas")
