"""A model to start with for a given table of posts."""

from inspect import signature
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor, VotingRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from .._columns import column_names, select_columns
from .._messages import did_you_mean, quote
from ..context import (
    DAY,
    SocialFeatures,
    TagEmbedder,
    UserHistoryEncoder,
    read_times,
)
from ..evaluation import FEATURES, late_fusion, ridge
from ..features import CNNEmbedder, ImageTransformer
from ._empty_columns import EmptyColumnFiller
from ._photo_models import Block, model_of_blocks, networks_at_hand


class Recommendation(NamedTuple):
    """A model, and the reasons for its choice.

    Parameters
    ----------
    model : estimator
        Not fitted.
    reasons : list of str
        A sentence for each choice.
    """

    model: Any
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
    titles=None,
    tags=None,
    vectors=None,
    groups=None,
    random_state=0,
    **settings,
):
    """Build a model for a table of posts, with a reason for each choice.

    Parameters
    ----------
    posts : DataFrame
        Posts. Only their number, the names of the columns, the dtype of the times and
        the separator of the tags are used.
    photo : str or None, default="photo"
        Column of photos. None, or no column "photo", is a table without photos.
    embeddings : dict of str to list of str, default=None
        Columns with precomputed embeddings of the photos, by name of the network.
    networks : list of CNNEmbedder, default=None
        Networks to describe the photos with; an empty list is none. None takes the
        recommended ones whose weights are on this machine.
    cues : SocialFeatures, default=None
        Columns about the uploader and the post that are known before posting. None
        takes the hour and the weekday of `time` and the length of `titles`, if given.
    user, time : str, default=None
        Columns of the user, whose other scores (with `time`, earlier ones) are a
        feature, and of the time of posting, which is a feature too.
    titles : str, default=None
        Column of titles or other text that is known before posting.
    tags : str, default=None
        Column of tags, separated by commas or, if there are none, by blanks; needs
        `vectors`.
    vectors : dict, path or callable, default=None
        Word vectors, see `TagEmbedder`.
    groups : str, default=None
        Column of groups, whose rows stay together in inner folds.
    random_state : int, default=0
        Seed.
    **settings
        Parameters of the image transformers, such as `n_jobs` and `cache`.

    Returns
    -------
    recommendation : Recommendation
        `model`, which is not fitted, and `reasons`, a sentence for each choice.

    Raises
    ------
    TypeError
        If a setting is not a parameter of the image transformers.
    ValueError
        If posts lack a column, only one of `tags` and `vectors` is given, or there is
        nothing to learn from.

    See Also
    --------
    sklearn_popularity.evaluation.compare_models : Compare it with your own.

    Notes
    -----
    Each source of information has its own model: "photos", "cues" (with the user's
    history), "titles" and "tags". If there are several, the result is a
    :class:`~sklearn.ensemble.VotingRegressor`, which predicts their mean, in the unit
    of the scores: a model of a weak source stays near the mean score and so has little
    effect. A single model is returned as it is. Photos are described once.

    In a mean of models, nested parameters start with the name of the model: the
    regularisation of embeddings is ``photos__regressor__svr__C`` (of a single model
    ``regressor__svr__C``), that of titles is ``titles__ridge__alpha``, and the
    iterations of boosting are ``cues__histgradientboostingregressor__max_iter``. Above
    5,000 posts, ``nystroem__n_components`` replaces the parameters of the SVR.
    Hand-crafted features are a :class:`StackedLateFusion` with branches of their names.

    The page "Choosing features" and ``benchmarks/posts.py recommended`` have the
    experiments behind these choices. Pass the score of another model as a cue; among
    the columns of an embedding it would have little weight.

    Examples
    --------
    >>> from sklearn_popularity import make_popularity
    >>> from sklearn_popularity.papers import recommended
    >>> posts, _ = make_popularity(30, random_state=0)
    >>> model, reasons = recommended(
    ...     posts, networks=[], user="user", time="uploaded", titles="title"
    ... )
    >>> [name for name, _ in model.estimators]
    ['photos', 'cues', 'titles']
    """
    table = _Table(posts, groups, random_state)
    if photo == "photo" and photo not in posts and not networks:
        photo = None
    embeddings = embeddings or {}
    named = [photo, user, time, titles, tags, groups, *chain(*embeddings.values())]
    _check_columns(posts, named)
    table.add_photos(photo, networks, embeddings, settings)
    table.add_cues(cues, user, time, titles)
    table.add_titles(titles)
    table.add_tags(tags, vectors)
    return Recommendation(table.compose(), table.reasons)


def _check_columns(posts, named):
    for column in named:
        if column is not None and column not in posts:
            names = [str(name) for name in posts]
            raise ValueError(
                f"Got the column {column!r}, but posts have {quote(names)}."
                f"{did_you_mean(column, names)}"
            )


def _check_settings(settings, transformer):
    """Refuse settings that are not parameters of the image transformers."""
    known = transformer._get_param_names()
    for name in settings:
        if name not in known:
            hint = did_you_mean(name, [*known, *signature(recommended).parameters])
            raise TypeError(
                f"Got {name}={quote(settings[name])}, but a parameter of recommended "
                f"or of {transformer.__name__} was expected.{hint}"
            )


class _Table:
    """Models for the columns of a table, and a reason for each choice."""

    def __init__(self, posts, groups, random_state):
        self.posts = posts
        self.groups = groups
        self.random_state = random_state
        self.members: list[tuple[str, Any]] = []
        self.reasons: list[str] = []

    def compose(self):
        if not self.members:
            raise ValueError(
                f"Got posts with {quote([str(name) for name in self.posts])}, but no "
                "photos, embeddings, cues, user, times, titles or tags, of which at "
                "least one was expected. Pass photo= with the column of photos."
            )
        if len(self.members) == 1:
            return self.members[0][1]
        self.reasons.append(
            "The mean of the models: it needs no inner folds, and a weak model has "
            "little effect on it."
        )
        return VotingRegressor(self.members)

    def add_photos(self, photo, networks, embeddings, settings):
        better: list[str] = []
        if networks is None:
            networks, better = networks_at_hand() if photo else ([], [])
        _check_settings(settings, CNNEmbedder if networks else ImageTransformer)
        blocks = [
            Block(each.backbone, clone(each).set_params(**settings), photo)
            for each in networks
        ] + [Block(name, None, list(columns)) for name, columns in embeddings.items()]
        if blocks:
            self._add_blocks(blocks, better)
        elif photo is not None:
            self._add_hand_crafted(photo, settings)

    def _add_blocks(self, blocks, better):
        names = ", ".join(block.name for block in blocks)
        self.reasons.append(
            f"Photos by {names}: networks beat hand-crafted features, which add "
            "nothing to them."
        )
        if better:
            self.reasons.append(
                f"A better network is not at hand: {better[0]}. "
                f"CNNEmbedder(backbone={better[0]!r}) downloads its weights."
            )
        model, reason = model_of_blocks(
            _with_own_names(blocks), len(self.posts), self.random_state
        )
        self.reasons.append(reason)
        self.members.append(("photos", model))

    def _add_hand_crafted(self, photo, settings):
        self.reasons.append(
            "Photos by hand-crafted features, as no network is at hand: the extra "
            "'torch' (pip install 'sklearn-popularity[torch]') brings one, with about "
            "twice the correlation with ratings."
        )
        model = late_fusion(FEATURES, photo=photo, groups=self.groups, **settings)
        self.members.append(("photos", model))

    def add_cues(self, cues, user, time, titles):
        parts: list[tuple[str, Any, Any]] = []
        cues = self._known_cues(time, titles) if cues is None else clone(cues)
        if cues is not None:
            parts.append(("known", cues, _columns_of(cues)))
            self.reasons.append(
                "Cues by gradient boosting, which needs no scaling and finds "
                "interactions; few leaves, as cues say little about a post."
            )
        if time is not None:
            moment = FunctionTransformer(moments).set_output(transform="default")
            parts.append(("moment", moment, [time]))
        if user is not None:
            known = dict.fromkeys(
                name for name in (user, time, self.groups) if name is not None
            )
            parts.append(("history", self._history(user, time), list(known)))
        if parts:
            boosting = HistGradientBoostingRegressor(
                learning_rate=0.05,
                max_leaf_nodes=8,
                random_state=self.random_state,
            )
            columns = ColumnTransformer(parts)
            model = make_pipeline(columns, EmptyColumnFiller(), boosting)
            self.members.append(("cues", model.set_output(transform="default")))

    def _known_cues(self, time, titles):
        """Features of the time, unless it is numeric, and the length of the title."""
        dated = time is not None and self.posts[time].dtype.kind not in "biuf"
        if not dated and titles is None:
            return None
        return SocialFeatures(
            times=[time] if dated else None,
            texts=None if titles is None else [titles],
            missing="nan",
        )

    def _history(self, user, time):
        if time is None:
            self.reasons.append(
                f"Scores of the user's other posts, by {user!r}, out of fold: without "
                "a column of times, it is not known which came before."
            )
            few = 5 if self.groups is None else 3  # a fold may have few groups to learn
            return UserHistoryEncoder(
                user=user, groups=self.groups, cv=few, random_state=self.random_state
            )
        self.reasons.append(
            f"Scores of the user's earlier posts, by {user!r} and {time!r}."
        )
        return UserHistoryEncoder(user=user, mode="past", time=time)

    def add_titles(self, titles):
        if titles is None:
            return
        self.reasons.append(
            f"Text in {titles!r} by groups of one to four letters, which did better "
            "than words."
        )
        fill = FunctionTransformer(without_gaps).set_output(transform="default")
        letters = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(1, 4), min_df=2, sublinear_tf=True
        )
        columns = ColumnTransformer([("text", make_pipeline(fill, letters), titles)])
        # As set_output, which text vectorizers lack; they give sparse rows.
        columns._sklearn_output_config = {"transform": "default"}
        self.members.append(("titles", make_pipeline(columns, Ridge(alpha=3))))

    def add_tags(self, tags, vectors):
        if (tags is None) != (vectors is None):
            raise ValueError(
                f"Got tags={tags!r} {'without' if vectors is None else 'with'} "
                "vectors, but tags need word vectors, and vectors a column of tags. "
                "Pass both, vectors= with a dict or the path of a file."
            )
        if tags is None:
            return
        self.reasons.append(f"Tags in {tags!r} by the mean vector of their words.")
        separator = "," if self.posts[tags].astype(str).str.contains(",").any() else " "
        words = TagEmbedder(vectors, separator=separator)
        columns = ColumnTransformer([("words", words, tags)])
        model = make_pipeline(columns, *ridge()).set_output(transform="default")
        self.members.append(("tags", model))


def without_gaps(texts):
    """Texts, with empty strings for missing ones."""
    return ["" if pd.isna(text) else str(text) for text in texts]


def moments(times):
    """Days since 1970 of a column of times, or numbers as they are; NaN if missing."""
    names, column = column_names(times), select_columns(times, 0)
    given = pd.Series(np.asarray(column))
    if pd.api.types.is_numeric_dtype(given.dropna().infer_objects()):
        days = pd.to_numeric(given, errors="coerce").to_numpy(float, na_value=np.nan)
    else:
        read = read_times(column, "x0" if names is None else str(names[0]))
        days = (read.values - np.datetime64(0, "us")) / DAY
    return days[:, np.newaxis]


def _columns_of(cues):
    """Columns that cues name; all if they name none, or positions."""
    named = [cues.counts, cues.flags, cues.texts, cues.tags, cues.times]
    named += (cues.durations or {}).values()
    columns = [
        column
        for each in named
        if each is not None
        for column in ([each] if isinstance(each, str) else each)
    ]
    by_name = columns and all(isinstance(column, str) for column in columns)
    return list(dict.fromkeys(columns)) if by_name else slice(None)


def _with_own_names(blocks):
    """The same blocks, with a number appended to names that repeat."""
    seen: dict[str, int] = {}
    named = []
    for block in blocks:
        # Two underscores separate nested parameters.
        name = block.name.replace("__", "_")
        seen[name] = seen.get(name, 0) + 1
        own = name if seen[name] == 1 else f"{name}-{seen[name]}"
        named.append(block._replace(name=own))
    return named
