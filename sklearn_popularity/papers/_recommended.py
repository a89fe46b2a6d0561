"""What to begin with today, for the table at hand."""

from typing import Any, NamedTuple

from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import GroupKFold, KFold
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler

from ..context import TagEmbedder, UserHistoryEncoder
from ..evaluation import FEATURES, kernel_svr, ridge
from ..features import CNNEmbedder, pretrained_at_hand
from ..models import LatentRankSVM, StackedLateFusion

# One that learned from captions and one that learned from photos alone see different
# things, so the first of each list whose weights are at hand is taken.
_PREFERRED = [
    [
        "timm/vit_base_patch16_siglip_224.webli",
        "timm/vit_base_patch16_clip_224.openai",
    ],
    [
        "timm/vit_small_patch14_dinov2.lvd142m",
        "convnext_tiny",
        "resnet50",
        "mobilenet_v3_large",
    ],
]


class Recommendation(NamedTuple):
    """A composition, and why it is made so.

    Parameters
    ----------
    model : StackedLateFusion
        Not fitted.
    reasons : list of str
        A sentence per choice.
    """

    model: StackedLateFusion
    reasons: list[str]


def recommended(
    posts,
    *,
    photo="photo",
    embeddings=None,
    networks=None,
    cues=None,
    user=None,
    time=None,
    tags=None,
    vectors=None,
    groups=None,
    random_state=0,
    **settings,
):
    """Choose a composition for a table of posts, and say why.

    Parameters
    ----------
    posts : DataFrame
        Posts; only the names of its columns are looked at.
    photo : str or None, default="photo"
        Column of photos; None, or a name that posts lack, is a table without any.
    embeddings : dict of str to list of str, default=None
        Columns that hold what a network saw in the photos already, by its name.
    networks : list of CNNEmbedder, default=None
        Networks to describe the photos by. None takes those of timm and torchvision
        that are recommended today and whose weights are on this machine.
    cues : SocialFeatures, default=None
        Columns about the uploader and the post that are known before it.
    user, time : str, default=None
        Columns of the user, whose earlier scores are used, and of the time of posting.
    tags : str, default=None
        Column of tags; needs `vectors`.
    vectors : dict, path or callable, default=None
        Vectors of words, see `TagEmbedder`.
    groups : str, default=None
        Column whose rows stay together in inner folds.
    random_state : int, default=0
        Seed.
    **settings
        Parameters of the transformers of photos, such as `n_jobs` and `cache`.

    Returns
    -------
    recommendation : Recommendation
        `model`, a late fusion that is not fitted, and `reasons`, a sentence per choice.

    Raises
    ------
    ValueError
        If posts lack a column that is named, or nothing is left to learn from.

    Notes
    -----
    A ranking SVM learns from the outputs of all branches for rows that they did not
    see: of other groups, or drawn at random, since neighbouring rows of a table are
    often alike. Photos: an SVR and a ranker on all that networks see; late fusion of
    the hand-crafted features where there is no network, since with one they hardly add
    anything (measured in ``benchmarks/claims.py``). Cues and history: gradient
    boosting, which needs no scale and finds interactions. A single number, such as
    another model's score, is a cue: among embeddings it would drown. Predictions rank
    posts and have no unit.

    Examples
    --------
    >>> from sklearn_popularity import SocialFeatures, make_popularity
    >>> from sklearn_popularity.papers import recommended
    >>> posts, _ = make_popularity(30, random_state=0)
    >>> model, reasons = recommended(posts, networks=[], user="user", time="uploaded")
    >>> [name for name, _, _ in model.branches][-2:]
    ['hog-llc', 'social']
    """
    table = _Table(posts, random_state, settings)
    table.check(user, time, tags, groups, *_flat(embeddings))
    if photo is not None and photo not in posts:
        photo = None
    if networks is None:
        networks = _networks_at_hand() if photo else []
    table.add_photos(photo, networks, embeddings or {})
    table.add_social(cues, user, time, groups)
    table.add_tags(tags, vectors)
    if not table.branches:
        raise ValueError(
            "Got neither photos nor embeddings, cues, a user or tags, of which at "
            "least one was expected."
        )
    table.reasons.append("A ranker on top: scores are compared by Spearman's rho.")
    folds = KFold if groups is None else GroupKFold
    model = StackedLateFusion(
        table.branches,
        final_estimator=LatentRankSVM(
            n_senses=1, n_unpopular_senses=0, random_state=random_state
        ),
        cv=folds(5, shuffle=True, random_state=random_state),
        groups=groups,
    )
    return Recommendation(model, table.reasons)


def _flat(embeddings):
    return [column for columns in (embeddings or {}).values() for column in columns]


def _networks_at_hand():
    found = [
        next((name for name in names if pretrained_at_hand(name)), None)
        for names in _PREFERRED
    ]
    return [CNNEmbedder(backbone=name) for name in found if name is not None]


class _Table:
    """Branches for what a table has, and a reason for each choice."""

    def __init__(self, posts, random_state, settings):
        self.posts = posts
        self.random_state = random_state
        self.settings = settings
        self.branches: list[tuple[str, Any, Any]] = []
        self.reasons: list[str] = []

    def check(self, *columns):
        for column in columns:
            if column is not None and column not in self.posts:
                raise ValueError(
                    f"Got the column {column!r}, but posts have "
                    f"{', '.join(map(repr, self.posts))}."
                )

    def add_photos(self, photo, networks, embeddings):
        seen = {
            each.backbone: (clone(each).set_params(**self.settings), photo)
            for each in networks
        }
        seen |= {
            name: ("passthrough", list(columns)) for name, columns in embeddings.items()
        }
        if seen:
            self._add_networks(seen)
        elif photo is not None:
            self._add_hand_crafted(photo)

    def _add_networks(self, seen):
        names = ", ".join(seen)
        self.reasons.append(
            f"Photos by {names}: networks see more than hand-crafted features do."
        )
        ranker = LatentRankSVM(alpha=0.003, random_state=self.random_state)
        svr = kernel_svr(StandardScaler())
        for name, model in {"svr": svr, "ranker": ranker}.items():
            columns = make_column_transformer(*seen.values())
            self.branches.append((name, make_pipeline(columns, model), slice(None)))

    def _add_hand_crafted(self, photo):
        self.reasons.append(
            "Photos by hand-crafted features: torch, or the weights of a network that "
            "is recommended, are not on this machine."
        )
        for name, recipe in FEATURES.items():
            transformer = clone(recipe.transformer).set_params(**self.settings)
            model = make_pipeline(transformer, clone(recipe.regressor))
            self.branches.append((name, model, photo))

    def add_social(self, cues, user, time, groups):
        parts: list[tuple[str, Any]] = []
        if cues is not None:
            parts.append(("cues", clone(cues)))
            self.reasons.append("Social cues by gradient boosting: no scale.")
        if user is not None:
            parts.append(("history", self._history(user, time, groups)))
        if parts:
            boosting = HistGradientBoostingRegressor(random_state=self.random_state)
            model = make_pipeline(FeatureUnion(parts), boosting)
            self.branches.append(("social", model, slice(None)))

    def _history(self, user, time, groups):
        if time is None:
            self.reasons.append(
                f"Scores of the user's other posts, by {user!r}, out of fold: there is "
                "no column of times that tells which came before."
            )
            return UserHistoryEncoder(
                user=user, groups=groups, random_state=self.random_state
            )
        self.reasons.append(
            f"Scores of the user's earlier posts, by {user!r} and {time!r}."
        )
        return UserHistoryEncoder(user=user, mode="past", time=time)

    def add_tags(self, tags, vectors):
        if tags is None:
            return
        if vectors is None:
            raise ValueError(
                f"Got tags={tags!r} without vectors, but tags need vectors of words. "
                "Pass vectors= with a dict or the path of a file."
            )
        self.reasons.append(f"Tags in {tags!r} by the mean vector of their words.")
        model = make_pipeline(TagEmbedder(vectors), *ridge())
        self.branches.append(("tags", model, tags))
