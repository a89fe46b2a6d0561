"""Fitted models with their held-out predictions: fit them, write and read files."""

import hashlib
from argparse import Namespace
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from ..evaluation import (
    FittedModel,
    HeldOutPredictions,
    fit_model,
    rows_described,
    with_settings,
)
from ..inspection import (
    HeldOut,
    HeldOutRecord,
    describe_seen,
    join_looks,
    look_inside,
)
from ..metrics import SpearmanInterval, spearman_interval
from ..models import load_model, read_model_arrays, read_model_card, save_model
from ._model import MODEL, columns_of, texts_of

_SAME = 1e-9  # spread of predictions, as a share of that of the scores


class Fitted(NamedTuple):
    """A fitted model with its cross-validation."""

    whole: FittedModel  # it predicts scores of posts
    held_out: HeldOut  # for the training photos
    found: SpearmanInterval  # of the held-out predictions
    seen: dict[str, Any]  # summary of the features, from `describe_seen`
    constant: bool  # whether it predicts the same score for every photo


def fit_posts(asked, options, posts, groups) -> Fitted:
    """Fit and cross-validate the whole model of a composition, on posts and groups."""
    fitted = fit_model(
        asked.whole,
        posts[asked.columns],
        posts[options.label],
        groups=groups,
        cv=options.cv,
        n_repeats=options.repeats,
        n_jobs=options.n_jobs,
        look=look_inside,
    )
    # The file may go to other machines: keep no paths, and raise on unreadable photos.
    model = with_settings(fitted.model, n_jobs=None, cache=None, on_error="raise")
    found = spearman_interval(
        posts[options.label].to_numpy()[fitted.kept],
        fitted.held_out.shares,
        groups=None if groups is None else groups[fitted.kept],
        n_folds=options.cv,
    )
    learner, rows = fitted.described
    blocks = [block[fitted.kept] for block in rows_described(learner)]
    spread = np.ptp(learner.predict(rows))
    whole = replace(fitted, model=model)
    constant = bool(spread <= _SAME * np.ptp(fitted.y))
    held_out = join_looks(fitted.held_out)
    return Fitted(whole, held_out, found, describe_seen(blocks), constant)


def write_fitted(options, posts, groups, fitted):
    """Write a model with everything that `read_fitted` returns."""
    held_out = fitted.held_out.model
    _, branches, permuted = fitted.held_out
    parts = {"branch": branches, "permuted": permuted, "seen": fitted.seen}
    named = {f"{kind} {k}": v for kind, part in parts.items() for k, v in part.items()}
    kept = posts.iloc[fitted.whole.kept]
    save_model(
        fitted.whole.model,
        options.output,
        y=kept[options.label],
        predictions=held_out.raw[:, 0],
        spearman=fitted.found,
        label=posts.attrs["target"],
        about={name: getattr(options, name) for name in MODEL}
        | {
            "columns": columns_of(options),
            "texts": _texts(posts, options),
            "time_is_number": _is_number(posts, options.time),
            "n_posts": len(posts),
            "rows": _digest(kept, [options.label, *columns_of(options)]),
            "fingerprint": _fingerprint(fitted),
            "constant": fitted.constant,
        },
        arrays={
            "raw": held_out.raw,
            "shares": held_out.shares,
            "folds": _numbers_of(held_out.partitions, len(kept)),
            "kept": fitted.whole.kept,
            # Sorted, so that they do not tell which photo has which score.
            "digests": np.unique(_digests_of(kept["photo"])),
            "scores": kept[options.label].to_numpy(),
            **_groups_of(groups, fitted.whole.kept),
            **named,
        },
    )


def read_fitted(path):
    """Read a model, the options of its fit, and entry "training" of its card."""
    card = read_model_card(path)
    model, training = load_model(path), card["training"] or {}
    if "columns" not in card["about"]:
        raise ValueError(
            f"The model in {str(path)!r} was not written by `sklearn-popularity fit` "
            "of this version. Fit it again."
        )
    return model, Namespace(**{"constant": False} | card["about"]), training


def read_held_out(path, learned, posts) -> HeldOut:
    """Read the held-out predictions for the training posts, which `posts` must be."""
    arrays = read_model_arrays(path)
    kept, columns = arrays["kept"], [learned.label, *learned.columns]
    known = len(posts) == learned.n_posts
    if not known or _digest(posts.iloc[kept], columns) != learned.rows:
        raise ValueError(
            f"The model in {str(path)!r} was fitted on other photos, or other values "
            f"of {', '.join(columns)}, than the folder holds. Pass the folder that it "
            "was fitted on, or fit the model again."
        )
    held_out = HeldOutPredictions(
        arrays["raw"], arrays["shares"], _partitions_of(arrays["folds"])
    )
    return HeldOut(held_out, _named(arrays, "branch"), _named(arrays, "permuted"))


def read_record(path) -> HeldOutRecord:
    """Read held-out predictions and true scores of the training photos."""
    arrays = read_model_arrays(path)
    if "scores" not in arrays:
        raise ValueError(
            f"The model in {str(path)!r} was written without the scores of its photos, "
            "by an earlier version. Fit it again."
        )
    return HeldOutRecord(
        arrays["raw"],
        arrays["shares"],
        arrays["scores"],
        arrays.get("groups"),
        int(arrays["folds"][:, 0].max()) + 1,
    )


def read_seen(path):
    """Summary of the features of the training photos; empty for a model without any."""
    return _named(read_model_arrays(path), "seen")


def are_known(path, photos):
    """Whether the same files were among the training photos of a model.

    NA for a model of a version that did not store their digests.
    """
    digests = read_model_arrays(path).get("digests")
    if digests is None:
        return pd.array([pd.NA] * len(photos), dtype="boolean")
    found = _digests_of(photos)
    return pd.array(np.isin(found, digests) & (found != 0), dtype="boolean")


def _digests_of(photos):
    """The first 64 bits of the SHA-256 of each file; 0 for what cannot be read."""
    found = np.zeros(len(photos), dtype=np.uint64)
    for i, photo in enumerate(photos):
        with suppress(OSError, ValueError):
            digest = hashlib.sha256(Path(photo).read_bytes()).digest()
            found[i] = int.from_bytes(digest[:8], "big")
    return found


def _groups_of(groups, kept):
    """Codes of the groups: names, such as those of users, are not written."""
    if groups is None:
        return {}
    return {"groups": np.unique(groups[kept], return_inverse=True)[1].astype(np.int32)}


def _named(arrays, kind):
    front = f"{kind} "
    return {k.removeprefix(front): v for k, v in arrays.items() if k.startswith(front)}


def _fingerprint(fitted: Fitted):
    """Hash that is equal for models whose scores can be compared.

    Held-out predictions depend on features, learned weights and versions of libraries.
    """
    settings = fitted.whole.model.get_params(deep=True)
    return joblib.hash([settings, fitted.held_out.model.raw])[:16]


def _texts(posts, options):
    """Columns of new posts that are read as text, without conversion to numbers."""
    others = [each for each in options.social if not _is_number(posts, each)]
    return list(dict.fromkeys([*texts_of(options), *others]))


def _is_number(posts, column):
    return column is not None and bool(is_numeric_dtype(posts[column]))


def _digest(posts, columns):
    """Hash of the file names of photos and of the columns that were used."""
    names = [Path(photo).name for photo in posts["photo"]]
    values = [posts[column].tolist() for column in columns]
    return hashlib.sha256(repr([names, values]).encode(errors="replace")).hexdigest()


def _numbers_of(partitions, n):
    """Index of the test fold of each row, with a column per partition."""
    numbers = np.zeros((n, len(partitions)), dtype=np.int16)
    for column, folds in zip(numbers.T, partitions, strict=True):
        for number, (_, test) in enumerate(folds):
            column[test] = number
    return numbers


def _partitions_of(numbers):
    return [
        [
            (np.flatnonzero(column != number), np.flatnonzero(column == number))
            for number in range(column.max() + 1)
        ]
        for column in numbers.T
    ]
