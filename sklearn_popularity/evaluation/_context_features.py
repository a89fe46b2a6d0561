"""Kinds of features of what surrounds the photos, each with its regressor."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.preprocessing import StandardScaler

from ..context import SocialFeatures, TagEmbedder, UserHistoryEncoder
from ._recipes import kernel_svr, ridge


class ContextFeature(NamedTuple):
    """A kind of feature that is made from a table, not from photos.

    Parameters
    ----------
    table : DataFrame
        A row per photo. The transformer names its columns by their positions.
    transformer : estimator
        Fitted within training folds.
    regressor : estimator
        What learns from the features.
    """

    table: pd.DataFrame
    transformer: BaseEstimator
    regressor: BaseEstimator


def social_cues(table) -> ContextFeature:
    """Describe the columns of a table by what their values are.

    Parameters
    ----------
    table : DataFrame
        Counts, flags, times and texts, told apart as by
        :class:`~sklearn_popularity.SocialFeatures`; gaps are filled in and marked.

    Returns
    -------
    feature : ContextFeature

    Raises
    ------
    ValueError
        If a value is not of the kind of its column, such as a negative count.
    """
    # A fold may lack what tells the kind of a column.
    kinds = list(SocialFeatures(missing="indicator").fit(table).kinds_.values())
    columns = {kind: [i for i, k in enumerate(kinds) if k == kind] for kind in kinds}
    cues = SocialFeatures(**columns, missing="indicator")
    return _checked(table, cues, kernel_svr(StandardScaler()))


def upload_time(times) -> ContextFeature:
    """Describe the hour and the weekday of posting.

    Parameters
    ----------
    times : Series
        Times, or text in ISO 8601.

    Returns
    -------
    feature : ContextFeature

    Raises
    ------
    ValueError
        If one is missing or no time.
    """
    table = times.to_frame()
    return _checked(table, SocialFeatures(times=[0]), kernel_svr(StandardScaler()))


def tag_words(tags, vectors) -> ContextFeature:
    """Describe tags, with commas between them or, if none has any, blanks.

    Parameters
    ----------
    tags : Series of str
        Tags of each post; missing ones are none.
    vectors : dict, path, KeyedVectors or callable
        As :class:`~sklearn_popularity.TagEmbedder` takes them.

    Returns
    -------
    feature : ContextFeature

    Raises
    ------
    ValueError
        If tags are no text, or the vectors cannot be used.
    """
    separator = "," if tags.astype(str).str.contains(",").any() else " "
    embedder = TagEmbedder(vectors, separator=separator)
    return _checked(tags.to_frame(), embedder, ridge())


def user_history(users, *, times=None, groups=None) -> ContextFeature:
    """Describe the scores of the user's other photos, before or in other folds.

    Parameters
    ----------
    users : array-like of shape (n_posts,)
        Users; missing ones have no history.
    times : array-like of shape (n_posts,), default=None
        When each photo was posted; only earlier photos count. None takes other folds.
    groups : array-like of shape (n_posts,), default=None
        Rows that stay together in these folds.

    Returns
    -------
    feature : ContextFeature

    Raises
    ------
    ValueError
        If a time is missing or no time.
    """
    columns = {
        name: pd.Series(values).reset_index(drop=True)  # rows are known by position
        for name, values in {"user": users, "time": times, "group": groups}.items()
        if values is not None
    }
    if times is not None:
        encoder = UserHistoryEncoder(mode="past", time=1)
    elif groups is None:
        encoder = UserHistoryEncoder(random_state=0)
    else:  # inner training folds may be left with three groups
        encoder = UserHistoryEncoder(groups=1, cv=3, random_state=0)
    return _checked(pd.DataFrame(columns), encoder, kernel_svr(StandardScaler()))


def _checked(table, transformer, regressor):
    """Fail before the photos are read, not after it."""
    clone(transformer).fit(table, np.zeros(len(table)))
    return ContextFeature(table, transformer, regressor)
