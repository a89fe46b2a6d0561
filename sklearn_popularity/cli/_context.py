"""Options that name columns around the photos, and the features made from them."""

from pandas.api.types import is_numeric_dtype

from .._warnings import warn_caller
from ..evaluation import social_cues, tag_words, upload_time, user_history
from ._options import home_text, names, option
from ._posts import check_filled

# Options that name columns around the photos.
CONTEXT = ["social", "tags", "vectors", "user", "time"]


def add_context(command):
    columns = command.add_argument_group(
        "columns around the photos",
        "Each adds a feature to the table and to the late fusion.",
    )
    text = (
        "what is known of uploader and post: counts (contacts, photos), yes/no, times "
        "(ISO 8601), texts (their length)"
    )
    option(columns, "--social", "COLUMN,...", text, type=names, default=[])
    text = "tags, separated by commas or blanks; needs --vectors"
    option(columns, "--tags", "COLUMN", text)
    text = "word vectors for the tags: .npz, .bin (word2vec), .txt or .vec (GloVe)"
    option(columns, "--vectors", "FILE", text, type=home_text)
    text = (
        "uploader: mean, number and spread of the scores of their other photos in "
        "training folds, with --time of those posted before"
    )
    option(columns, "--user", "COLUMN", text)
    text = (
        "when the photo was posted: hour and weekday, and the order for --user; ISO "
        "8601, or numbers for the order alone"
    )
    option(columns, "--time", "COLUMN", text)


def columns_of(options):
    """Columns that the options name, once their combination is one that works."""
    if options.label in options.social:
        raise ValueError(
            f"Got --social {options.label}, which is the --label itself. Leave it out."
        )
    if (options.tags is None) != (options.vectors is None):
        raise ValueError(
            "Got one of --tags and --vectors, but both were expected: the column of "
            "tags, and a file of word vectors to embed them with, such as those "
            "published for GloVe, word2vec or fastText."
        )
    single = [options.tags, options.user, options.time]
    return [*options.social, *(column for column in single if column is not None)]


def context_of(options, posts, groups):
    """Features of the columns that the options name."""
    context = {}
    if options.social:
        context["social"] = social_cues(posts[options.social])
    if options.time is not None:
        check_filled(posts, options.time, "a time")
        if not is_numeric_dtype(posts[options.time]):
            context["upload-time"] = upload_time(posts[options.time])
        elif options.user is None:
            raise ValueError(
                f"The column {options.time!r} of --time holds numbers, which have no "
                "hour and weekday, but times such as '2025-07-04T03:36:00Z' were "
                "expected. Or pass --user, whose photos numbers can order."
            )
    if options.tags is not None:
        context["tags"] = tag_words(posts[options.tags], options.vectors)
    if options.user is not None:
        context["user-history"] = _history_of(options, posts, groups)
    return context


def _history_of(options, posts, groups):
    if groups is None:
        warn_caller(
            "with --user but no --group, users have photos in training and test folds: "
            "the scores are those for users that are known"
        )
    if options.user == options.group:
        warn_caller(
            "with --user and --group the same, users of test folds have no photos in "
            "training folds: the feature user-history has nothing to say"
        )
    times = None if options.time is None else posts[options.time]
    return user_history(posts[options.user], times=times, groups=groups)


def columns_of_feature(name, options):
    """Columns of posts in the order in which the table of a feature has them."""
    history = [options.user, options.time, options.group]
    return {
        "social": options.social,
        "upload-time": [options.time],
        "tags": [options.tags],
        "user-history": [column for column in history if column is not None],
    }[name]
