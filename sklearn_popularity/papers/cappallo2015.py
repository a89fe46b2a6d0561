"""Cappallo, Mensink and Snoek, "Latent factors of visual popularity prediction", 2015.

A ranking SVM on what a network sees, with latent senses of popular and of unpopular
photos (section 2). The score of a post is the logarithm of a count plus 1.

The network, an AlexNet trained on 15,000 classes, was never published; torchvision's
AlexNet, of 1,000 classes, stands in, which has 4,096 numbers before the classes, too.
The paper found such a one 0.035 worse (section 4.5); nearer in the number of classes
are networks of 21,000, such as ``CNNEmbedder(backbone=
"timm/vit_base_patch16_224.augreg_in21k")``. Margins that grow with the difference
of the scores do so in standard deviations of the scores, not in their unit.
"""

from sklearn.model_selection import GridSearchCV, ShuffleSplit
from sklearn.pipeline import make_pipeline

from ..features import CNNEmbedder
from ..metrics import spearman_scorer
from ..models import LatentRankSVM
from . import khosla2014
from ._parts import choose, describe

#: Senses of table 5, and of most of table 3.
N_SENSES = 10
_VARIANTS = {
    "none": {"margin": "fixed"},
    "popular": {"margin": "fixed"},
    "popular_soft": {"margin": "soft"},
    "popular_and_unpopular": {"margin": "soft"},
}
_ALPHAS = [1e-4, 1e-3, 1e-2, 1e-1]


def ranker(
    variant="popular_and_unpopular",
    *,
    n_senses=N_SENSES,
    photo="photo",
    network=None,
    random_state=0,
    **settings,
):
    """Photos to a ranking, by one of the paper's four objectives.

    Parameters
    ----------
    variant : {"none", "popular", "popular_soft", "popular_and_unpopular"}, \
            default="popular_and_unpopular"
        Ranking SVM without senses (equation 1), with popular senses (2), with a margin
        that grows with the difference of the scores (3), or with half of the senses
        for unpopular photos (4).
    n_senses : int, default=10
        Senses of both kinds together, an even number for "popular_and_unpopular".
    photo : str, default="photo"
        Column of posts that holds the photos.
    network : transformer, default=None
        What sees the photos; None is AlexNet with the weights of torchvision.
    random_state : int, default=0
        Seed of the ranker.
    **settings
        Parameters of the network's transformer, such as `n_jobs` and `cache`.

    Returns
    -------
    model : Pipeline
        Not fitted; a ranker of posts. The strength of its penalty is chosen on an
        eighth of the training rows, as the paper splits 70, 10 and 20 % of its photos.
    """
    margin = choose(_VARIANTS, variant, "variant")
    model = LatentRankSVM(
        **_senses(variant, n_senses),
        **margin,
        min_margin=1.0,
        init="k-means",
        batch_size=100,
        random_state=random_state,
    )
    network = CNNEmbedder(backbone="alexnet") if network is None else network
    validation = ShuffleSplit(1, test_size=1 / 8, random_state=0)
    tuned = GridSearchCV(
        model, {"alpha": _ALPHAS}, scoring=spearman_scorer, cv=validation
    )
    return make_pipeline(describe(network, photo, settings), tuned)


def regression(*, photo="photo", network=None, **settings):
    """The linear SVR that table 6 compares with: `khosla2014.content` of "deep".

    Parameters
    ----------
    photo : str, default="photo"
        Column of posts that holds the photos.
    network : CNNEmbedder, default=None
        What sees the photos, whose `layer` is set; None is AlexNet with the weights of
        torchvision.
    **settings
        As in :func:`ranker`.

    Returns
    -------
    model : Pipeline
        Not fitted; a regressor of posts.
    """
    return khosla2014.content("deep", photo=photo, network=network, **settings)


def _senses(variant, n_senses):
    if variant == "none":
        return {"n_senses": 1, "n_unpopular_senses": 0}
    if variant != "popular_and_unpopular":
        return {"n_senses": n_senses, "n_unpopular_senses": 0}
    if n_senses % 2:
        raise ValueError(
            f"Got n_senses={n_senses}, but an even number was expected: half of the "
            "senses are for unpopular photos."
        )
    return {"n_senses": n_senses // 2, "n_unpopular_senses": n_senses // 2}
