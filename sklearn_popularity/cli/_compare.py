"""`sklearn-popularity compare`: which of several photos scores higher."""

from pathlib import PurePath

import numpy as np

from .._terminal import escape
from ..inspection import compare_scores, score_percentile
from ._fitted import read_fitted, read_record
from ._options import (
    add_model,
    add_photos,
    add_table_output,
    add_work,
    describe,
    option,
)
from ._output import TABLES, check_output, write_table
from ._scores import score_given, warn_of_photos
from ._tables import format_table, warn_of_model
from ._target import in_unit

_MIN_PROBABILITY = 0.6
_N_SHOWN = 10
_BOTH = ["first", "second"]
_COLUMNS = """\
The columns of the pairs:
  first        photo with the higher prediction
  second       the other photo
  probability  that the first truly scores higher, estimated from held-out predictions
               for pairs of training photos
  low, high    95 % confidence interval of the probability
  verdict      the first photo if low is at least 0.6 and the model is better than
               chance, otherwise "too close to call"
"""
_ORDER = {
    "score": "{score:.4f}",
    "percentile": "{percentile:.0f}",
    "true percentile (90 %)": "{low:.0f} to {high:.0f}",
    "photo": "{photo}",
}
_PAIRS = {
    "scores higher": "{first}",
    "than": "{second}",
    "probability": "{probability:.2f}",
    "95 % interval": "{low:.2f} to {high:.2f}",
    "": "{note}",
}


def add(command):
    describe(
        command,
        _compare,
        "Predict which of two or more photos scores higher, with a probability for "
        "each pair, by a model that `fit` wrote. Prints the first ten pairs; --output "
        "writes all. If the model uses columns beside the photos, pass folders whose "
        "labels.csv has these columns.",
        columns=_COLUMNS,
        example="sklearn-popularity compare model.skops one.jpg other.jpg",
    )
    add_model(command)
    add_photos(command)
    text = (
        "the photos belong to one group of `fit --group`, such as a user: estimate "
        "probabilities from pairs within groups, which are harder to tell apart"
    )
    option(command, "--same-group", None, text, action="store_true")
    add_table_output(command, "write the pairs")
    add_work(command)


def _compare(options):
    check_output(options.output, TABLES)
    model, learned, training = read_fitted(options.model)
    record = read_record(options.model)
    if options.same_group and record.groups is None:
        raise ValueError(
            "Got --same-group, but the model was fitted without --group. Fit it again "
            "with --group and the column of users, themes or shoots."
        )
    _, table, _ = score_given(options, model, learned)
    known = table[table["score"].notna()]
    if len(known) < 2:
        raise ValueError(
            f"Got {len(known)} photo(s) that can be read, but two or more were "
            "expected."
        )
    scores, paths = known["score"].to_numpy(), known["photo"].tolist()
    found = compare_scores(
        paths, scores, record, _MIN_PROBABILITY, same_group=options.same_group
    )
    try:
        about = {"model": str(options.model), "fingerprint": learned.fingerprint}
        write_table(options, found.pairs, "pairs", **about)
    finally:
        _print(found, learned, training, _shorten(paths))
    if learned.group is not None and not options.same_group:
        print(
            f"These probabilities are for photos that differ in {learned.group!r}. If "
            "yours do not, add --same-group"
        )
    warn_of_photos(table)
    warn_of_model(training["interval"][0], learned.constant)


def _shorten(paths):
    """What is printed for each path: file names, or the paths if names are equal."""
    names = [PurePath(path).name for path in paths]
    distinct = len(set(names)) == len(names)
    return dict(zip(paths, names if distinct else paths, strict=True))


def _print(found, learned, training, names):
    order = found.order.assign(
        score=in_unit(found.order["score"], learned),
        # As in `rank` and `explain`, also if the card has fewer values than the record.
        percentile=score_percentile(found.order["score"], training["quantiles"]),
        photo=found.order["photo"].map(names),
    )
    print(format_table(order.to_dict("records"), _ORDER), end="\n\n")
    called = found.pairs["verdict"] == found.pairs["first"]
    pairs = found.pairs.assign(note=np.where(called, "", "too close to call"))
    pairs = pairs[:_N_SHOWN]
    pairs = pairs.assign(**{each: pairs[each].map(names) for each in _BOTH})
    print(format_table(pairs.to_dict("records"), _PAIRS))
    if len(found.pairs) > _N_SHOWN:
        print(f"and {len(found.pairs) - _N_SHOWN} more pairs (see --output)")
    best = [escape(names[path]) for path in found.best]
    if len(best) == 1:
        print(f"\nThe best of these: {best[0]}")
    else:
        print(f"\nToo close to call: {', '.join(best)}")
