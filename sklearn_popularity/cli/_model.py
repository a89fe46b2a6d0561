"""Build the models that the options ask for, and select columns of the table."""

from typing import Any, NamedTuple

from pandas.api.types import is_numeric_dtype
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingRegressor
from sklearn.pipeline import Pipeline, make_pipeline

from .._warnings import warn_caller
from ..context import SocialFeatures
from ..evaluation import (
    FUSION,
    kernel_svr,
    late_fusion,
    make_partitions,
    parts_of,
)
from ..models import StackedLateFusion
from ..papers import (
    Block,
    describe_block,
    network_named,
    networks_at_hand,
    recommended,
)
from ._options import (
    AUTO,
    EMBEDDING,
    LEARNED,
    NONE,
    file_text,
    name_and_weights,
    names,
    option,
)

# Options that name columns beside the photos.
CONTEXT = ["social", "tags", "vectors", "titles", "user", "time"]
# Options that define the model, and are stored in model files.
MODEL = [*LEARNED, *CONTEXT]
PHOTOS, MEAN = "photos", "all together"


class Composition(NamedTuple):
    """Models that the options ask for."""

    models: dict[str, Any]  # unfitted: each part alone, and finally the whole model
    columns: list[str]  # of posts that the whole model uses
    reasons: list[str]  # a sentence for each automatic choice

    @property
    def name(self) -> str:
        """Name of the whole model."""
        return list(self.models)[-1]

    @property
    def whole(self) -> Any:
        """Model that `fit` fits."""
        return self.models[self.name]


def add_context(command):
    columns = command.add_argument_group(
        "columns beside the photos",
        "Facts about a post that are known before anybody reacts to it. `rank` then "
        "needs a table with the same columns.",
    )
    text = "counts (contacts, photos), yes/no, times (ISO 8601), texts (their length)"
    option(columns, "--social", "COLUMN,...", text, type=names, default=[])
    text = "titles or other texts: their character n-grams and their length"
    option(columns, "--titles", "COLUMN", text)
    text = "tags, separated by commas or blanks; needs --vectors"
    option(columns, "--tags", "COLUMN", text)
    text = "word vectors for the tags: .npz, .bin (word2vec), .txt or .vec (GloVe)"
    option(columns, "--vectors", "FILE", text, type=file_text)
    text = (
        "user: mean, number and spread of the scores of the user's other training "
        "photos; with --time, only of those posted before. Of use only for new posts "
        "of users in the data; for posts of new users, use --group instead"
    )
    option(columns, "--user", "COLUMN", text)
    text = (
        "time of posting, which also orders the posts of a --user: ISO 8601, or "
        "numbers, for which hour and weekday are unknown"
    )
    option(columns, "--time", "COLUMN", text)


def columns_of(options) -> list[str]:
    """Columns of posts that a model uses; raises an error if options conflict."""
    named = [("social", each) for each in options.social]
    named += [(name, getattr(options, name)) for name in [*CONTEXT[1:], "group"]]
    for name, column in named:
        if options.label is not None and column == options.label:
            raise ValueError(
                f"Got --{name} {column}, but that column is the --label. Leave it out."
            )
    if (options.tags is None) != (options.vectors is None):
        raise ValueError(
            "Got one of --tags and --vectors, but both were expected: the column of "
            "tags, and a file of word vectors such as GloVe, word2vec or fastText."
        )
    # UserHistoryEncoder needs the groups to fit, so their column is selected too.
    history = [options.user, options.group if options.user else None]
    single = [options.tags, options.titles, *history, options.time]
    return list(dict.fromkeys([*options.social, *(c for c in single if c is not None)]))


def texts_of(options) -> list[str]:
    """Columns that are text even if the values look like numbers."""
    named = [options.titles, options.tags, options.user, options.group]
    return [column for column in named if column is not None]


def compose(options, posts, cache) -> Composition:
    """Build the models that the options of `add_folder` and `add_context` ask for."""
    columns = columns_of(options)
    settings = {"n_jobs": options.n_jobs, "cache": cache, "on_error": "nan"}
    networks = _networks(options)
    beside = _beside(options, posts)
    if not (options.features or columns):
        raise ValueError(
            "Got --features none and no column beside the photos, so there is nothing "
            "to learn from. Name features, or columns such as --social COLUMN."
        )
    if options.features in (AUTO, []):
        model, reasons = recommended(
            posts,
            photo="photo" if options.features else None,
            networks=networks,
            groups=options.group,
            **beside,
            **settings,
        )
        is_fusion = isinstance(model, StackedLateFusion)
        models = _parts(MEAN if columns else FUSION if is_fusion else PHOTOS, model)
    else:
        models, reasons = _chosen(options, posts, networks, beside, settings), []
    _check_columns(models, posts, options)
    _check_folds(models, posts, options)
    if options.group is not None:
        columns = list(dict.fromkeys([*columns, options.group]))
    return Composition(models, ["photo", *columns], reasons)


def _networks(options):
    """The network of --network as a list; None stands for all available networks."""
    if options.network is None:
        return None
    if options.features != AUTO and EMBEDDING not in options.features:
        raise ValueError(
            f"Got --network {options.network} beside --features "
            f"{','.join(options.features) or NONE}, which has no {EMBEDDING}. Add "
            f"{EMBEDDING} to --features, or leave out one of the two options."
        )
    return [network_named(*name_and_weights(options.network))]


def _beside(options, posts):
    """Arguments of `recommended` for the columns beside the photos."""
    beside = {name: getattr(options, name) for name in CONTEXT if name != "social"}
    if options.social:
        seen = SocialFeatures(missing="indicator").fit(posts[options.social])
        kinds: dict[str, list[str]] = {}
        for column, kind in seen.kinds_.items():
            kinds.setdefault(kind, []).append(column)
        # `recommended` does this itself if no cues are given.
        if options.time is not None and not is_numeric_dtype(posts[options.time]):
            _add(kinds, "times", options.time)
        if options.titles is not None:
            _add(kinds, "texts", options.titles)
        beside["cues"] = SocialFeatures(**kinds, missing="nan")
    return beside


def _add(kinds, kind, column):
    if column not in kinds.setdefault(kind, []):
        kinds[kind].append(column)


def _chosen(options, posts, networks, beside, settings):
    """Models of the kinds of features in --features, and their late fusion."""
    kinds = [name for name in options.features if name != EMBEDDING]
    fusion = late_fusion(kinds, groups=options.group, **settings)
    if EMBEDDING in options.features:
        fusion.branches.append((EMBEDDING, _embedding(networks, settings), "photo"))
    models = parts_of(fusion)
    if any(beside.values()):
        model, _ = recommended(posts, photo=None, groups=options.group, **beside)
        within = dict(_members(model) or {"beside the photos": model})
        for name, member in within.items():
            models |= _parts(name, member)
            fusion.branches.append((name, member, columns_of(options)))
    if len(fusion.branches) > 1:
        models[FUSION] = fusion
    return models


def _embedding(networks, settings):
    if networks is None:
        networks, _ = networks_at_hand()
    if not networks:
        raise ImportError(
            f"Got --features {EMBEDDING}, but no network is available. Install the "
            "extra 'torch', which includes one, or pass --network NAME=FILE with its "
            "weights."
        )
    network = clone(networks[0]).set_params(**settings)
    return make_pipeline(
        describe_block(Block(EMBEDDING, network, "photo")), kernel_svr()
    )


def _members(model):
    return model.estimators if isinstance(model, VotingRegressor) else None


def _parts(name, model):
    """The parts of a model as models of their own, and finally the model."""
    if isinstance(model, StackedLateFusion):
        within = parts_of(model)
    elif isinstance(model, Pipeline) and isinstance(model[0], ColumnTransformer):
        blocks = model[0].transformers
        within = {
            block[0]: make_pipeline(ColumnTransformer([block]), model[-1])
            for block in blocks
            if len(blocks) > 1
        }
    else:
        within = dict(_members(model) or {})
    parts: dict[str, Any] = {}
    for inner, part in within.items():
        parts |= _parts(inner, part)
    return parts | {name: model}


def _check_folds(models, posts, options):
    """Fail before photos are read if there are too few groups or photos for folds."""
    groups, inner_cv = None, 1
    if options.group is not None:
        groups = posts[options.group].astype(str).to_numpy()
        inner_cv = 1 if options.user is None or options.time is not None else 3
    if any(isinstance(model, StackedLateFusion) for model in models.values()):
        inner_cv = 4
    folds = {"cv": options.cv, "n_repeats": options.repeats, "inner_cv": inner_cv}
    make_partitions(len(posts), groups=groups, **folds)


def _try(transformer, column, y):
    try:
        clone(transformer).fit(column, y)
    except ValueError as error:
        if "vocabulary" not in str(error) and "prun" not in str(error):
            raise
        raise ValueError(
            f"Got --titles {column.name}, but no two of its texts share letters, so "
            "nothing can be learned from them. Leave the option out."
        ) from error


def _check_columns(models, posts, options):
    """Fail before photos are read if a column is unsuitable; warn of shortcuts."""
    for model in models.values():
        first = model[0] if isinstance(model, Pipeline) else None
        if isinstance(first, ColumnTransformer):
            for _, transformer, columns in first.transformers:
                if columns != "photo":
                    _try(transformer, posts[columns], posts[options.label])
    _warn_of_age(options)
    if options.user is not None:
        _warn_of_users(options)


def _warn_of_age(options):
    """Warn if the label is divided by the age since a time that is a feature, too."""
    names = dict.fromkeys(options.social, "--social")
    names |= {options.time: "--time"}
    for column in options.per_day or []:
        if column in names:
            warn_caller(
                f"--per-day divides the label by the age since {column!r}, and "
                f"{names[column]} {column} tells the model that age: much of the score "
                f"may be the division alone. Leave {column} out of {names[column]}. "
                "With --per-day TIME,OBSERVED labels that were read at different times "
                "get their own ages, but the date still tells of the age"
            )


def _warn_of_users(options):
    """Say which of two questions the scores answer."""
    if options.group is None:
        warn_caller(
            "with --user but no --group, the scores are for new posts of users in the "
            f"data. For posts of new users, replace --user by --group {options.user}"
        )
    elif options.user == options.group:
        warn_caller(
            "with the same column as --user and --group, the scores are for posts of "
            "new users, who have no history, so --user is of no use. Leave it out, or "
            "leave out --group to predict new posts of users in the data"
        )
