"""`sklearn-popularity rank`: photos in the order of their predicted scores."""

import os
import sys
import warnings

import numpy as np
import pandas as pd
from sklearn.pipeline import FeatureUnion, Pipeline

from .._paths import expand_home
from .._warnings import warn_caller
from ..features import UnreadablePhotosWarning
from ..inspection import score_percentile
from ..models import load_model, read_model_card
from ._options import add_cache, add_n_jobs, add_photos
from ._output import check_cache, check_output, write_text
from ._posts import find_photos
from ._tables import warn_of_chance

_N_SHOWN = 10
_COLUMNS = """\
The columns of the table:
  rank        1 for the highest score; photos that cannot be read have none and come
              last
  photo       as named
  score       predicted
  percentile  share of the photos that the model was fitted on whose predictions, by
              models that had not seen them, are lower (of equal ones half)
  reason      why the photo cannot be read
"""


def add(commands):
    command = commands.add_parser(
        "rank",
        help="rank photos by the scores that a model predicts",
        description="Predict the scores of photos by a model that `fit` wrote.",
        epilog=_COLUMNS,
    )
    add_model(command)
    add_photos(command)
    command.add_argument(
        "-o",
        "--output",
        type=expand_home,
        metavar="PATH",
        help="write the table (.csv)",
    )
    add_cache(command)
    add_n_jobs(command)
    command.set_defaults(run=_rank)


def add_model(command):
    command.add_argument(
        "model",
        type=expand_home,
        metavar="MODEL",
        help="file that `fit` wrote (.skops)",
    )


def _rank(options):
    if options.output is not None:
        check_output(options.output, [".csv"])
    paths = find_photos(options.photos)
    training, model = read_fitted(options.model)
    check_cache(options.cache)
    table = _score(model, paths, options)
    if table["score"].isna().all():
        raise ValueError(
            f"None of the {len(paths)} photos could be read; the first: "
            f"{table['photo'].iloc[0]}: {table['reason'].iloc[0]}"
        )
    known = table["score"].notna()
    table.loc[known, "percentile"] = score_percentile(
        table["score"][known], training["quantiles"]
    )
    table["rank"] = table["score"].rank(ascending=False, method="min").astype("Int64")
    table = table.sort_values("rank", kind="stable")
    table = table[["rank", "photo", "score", "percentile", "reason"]]
    n_shown = len(table)
    try:
        if options.output is not None:
            write_text(options.output, table.to_csv(index=False))
            n_shown = _N_SHOWN
    finally:
        _print(table, n_shown)
    warn_of_chance(training["interval"][0])


def read_fitted(path):
    """What the card of a model of `fit` says of its training, and the model."""
    training = read_model_card(path)["training"] or {}
    model = load_model(path)
    fitted_here = isinstance(model, Pipeline) and isinstance(model[0], FeatureUnion)
    if not fitted_here or training.get("interval") is None:
        raise ValueError(
            f"The model in {str(path)!r} was not written by `sklearn-popularity fit`."
        )
    return training, model


def _score(model, paths, options):
    features, reasons = _describe(model[0], paths, options)
    scores = np.full(len(paths), np.nan)
    for row in np.flatnonzero(~np.isnan(features).any(axis=1)):
        # One by one, so that a score depends on its photo to the last bit.
        scores[row] = model[-1].predict(features[[row]])[0]
    shown = [_printable(path) for path in paths]
    return pd.DataFrame({"photo": shown, "score": scores, "reason": reasons})


def _describe(union, paths, options):
    """Features, NaN where there are none, and the reasons for that."""
    for _, transformer in union.transformer_list:
        transformer.set_params(
            n_jobs=options.n_jobs,
            cache=options.cache,
            on_error="nan",
            verbose=sys.stderr.isatty(),
        )
    reasons = {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        features = union.transform(paths)
    for warning in caught:
        if isinstance(warning.message, UnreadablePhotosWarning):
            for error in warning.message.errors:
                reasons[error.row] = error.reason
        else:
            warn_caller(warning.message)
    return features, [reasons.get(row, "") for row in range(len(paths))]


def _printable(path):
    """File names that are not UTF-8 hold lone surrogates, which no table takes."""
    return os.fsdecode(path).encode("utf-8", "backslashreplace").decode()


def _print(table, n_shown):
    print(f"{'rank':>6}{'score':>12}{'percentile':>12}   photo")
    ranked = table[table["score"].notna()]
    for row in ranked.head(n_shown).itertuples():
        print(f"{row.rank:>6}{row.score:>12.4f}{row.percentile:>12.1f}   {row.photo}")
    if len(ranked) > n_shown:
        print(f"and {len(ranked) - n_shown} more")
    unreadable = table[table["score"].isna()]
    if len(unreadable):
        warn_caller(
            f"{len(unreadable)} of {len(table)} photos could not be read:\n"
            + "\n".join(
                f"  {row.photo}: {row.reason}" for row in unreadable.itertuples()
            )
        )
