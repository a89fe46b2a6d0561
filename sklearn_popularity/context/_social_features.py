"""Social cues: features of the uploader and of the post around the photo."""

from typing import ClassVar, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from .._columns import check_table, select_columns
from .._kept_parameters import check_ready
from .._sklearn_compat import StrOptions, _check_feature_names_in, _fit_context
from ._cues import (
    describe_count,
    describe_duration,
    describe_flag,
    describe_tags,
    describe_text,
    describe_time,
    kind_of_column,
)
from ._table import Column, find_column, reject_rows

_KINDS = ("counts", "flags", "texts", "tags", "times")
_DESCRIBE = {
    "counts": describe_count,
    "flags": describe_flag,
    "texts": describe_text,
    "times": describe_time,
}
_NAMES = {
    "counts": ("{}_log1p",),
    "flags": ("{}",),
    "texts": ("{}_length_log1p",),
    "tags": ("{}_count_log1p",),
    "times": ("{}_hour_sin", "{}_hour_cos", "{}_weekday_sin", "{}_weekday_cos"),
    "durations": ("{}_days_log1p",),
}


class _Cue(NamedTuple):
    """A cue: its kind, its name and its columns."""

    kind: str
    name: str
    columns: tuple[Column, ...]

    def names(self):
        return [name.format(self.name) for name in _NAMES[self.kind]]

    def describe(self, X, separator):
        columns = [(select_columns(X, i), name) for name, i in self.columns]
        if self.kind == "durations":
            return describe_duration(*columns)
        if self.kind == "tags":
            return describe_tags(*columns[0], separator=separator)
        return _DESCRIBE[self.kind](*columns[0])


def _as_list(columns):
    if columns is None:
        return []
    return [columns] if isinstance(columns, str) else list(columns)


class SocialFeatures(TransformerMixin, BaseEstimator):
    """Encode columns about the uploader and the post as numeric features.

    Each of the first six parameters names columns of one kind. If all are None, every
    column is used, with a kind inferred from its values.

    Parameters
    ----------
    counts : str, or list of str or int, default=None
        Columns of numbers of 0 or more (contacts, photos), encoded as ``log(1 + x)``.
    flags : str, or list of str or int, default=None
        Columns of true and false, yes and no, or 1 and 0, encoded as 1 and 0.
    texts : str, or list of str or int, default=None
        Columns of text (title, description), encoded as the logarithm of 1 + the number
        of characters. A missing text has 0 characters.
    tags : str, or list of str or int, default=None
        Columns of lists of tags, or of text with `separator` between tags, encoded as
        the logarithm of 1 + the number of tags. A missing list has 0 tags.
    times : str, or list of str or int, default=None
        Columns of times, encoded as time of day and of week, each as sine and cosine,
        so that 23 h is near 0 h and Sunday near Monday.
    durations : dict of str to (start, end), default=None
        Name of each duration, and the columns of times at which it starts and ends,
        encoded as the logarithm of 1 + days.
    separator : str, default=","
        Separator of tags in text. If None, each word is a tag.
    missing : {"error", "indicator", "nan"}, default="error"
        What to do if a number, flag or time is missing. "error" raises an error that
        names the column and the row. "indicator" fills in the median of the training
        rows (0 if all are missing) and adds a column per cue that is 1 where it was
        missing. "nan" leaves NaN, for models that accept it.

    Attributes
    ----------
    cues_ : list of (kind, name, columns)
        Kind and name of each cue, and its columns as (name, position).
    kinds_ : dict of str to str
        Name of each cue, mapped to its kind: the name of a parameter above.
    medians_ : ndarray of shape (n_numbers,)
        Median of each number, filled in if `missing` is "indicator".
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of str
        Names of the columns; only if X is a frame with names.

    See Also
    --------
    UserHistoryEncoder : Scores of the user's other photos, without leaking.
    TagEmbedder : The meaning of tags rather than their number.

    Notes
    -----
    Section 5 of [1]_ uses mean views of the user's photos, photo count, contacts,
    groups, groups administered, invite-only groups and mean group size (`counts`),
    member duration (`durations`, from joining to posting), pro account (`flags`),
    number of tags (`tags`), title and description length (`texts`). Any may be absent;
    the paper does not say how cues were scaled. Its mean views are over all public
    photos of the user, including the photo itself. If your table holds the user's
    photos, :class:`UserHistoryEncoder` leaves that one out.

    Times are ISO 8601 text, or of a time type. Times with a zone are converted to UTC,
    so the hour is in UTC. A column or a duration may not mix times with and without a
    zone.

    Constant columns are kept. A column without any value is an error with
    ``missing="error"``, 0 with an indicator of 1 with "indicator", and NaN with "nan".

    References
    ----------
    .. [1] Khosla, Das Sarma and Hamid, "What makes an image popular?", WWW 2014.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_popularity import SocialFeatures
    >>> posts = pd.DataFrame({"contacts": [0, 99], "title": ["A dog", None]})
    >>> cues = SocialFeatures(counts=["contacts"], texts=["title"])
    >>> cues.set_output(transform="pandas").fit_transform(posts).round(2)
       contacts_log1p  title_length_log1p
    0            0.00                1.79
    1            4.61                0.00
    """

    _parameter_constraints: ClassVar[dict] = {
        **{kind: ["array-like", str, None] for kind in _KINDS},
        "durations": [dict, None],
        "separator": [str, None],
        "missing": [StrOptions({"error", "indicator", "nan"})],
    }

    def __init__(
        self,
        *,
        counts=None,
        flags=None,
        texts=None,
        tags=None,
        times=None,
        durations=None,
        separator=",",
        missing="error",
    ):
        self.counts = counts
        self.flags = flags
        self.texts = texts
        self.tags = tags
        self.times = times
        self.durations = durations
        self.separator = separator
        self.missing = missing

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Find the columns, and learn the medians.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_columns)
            Posts.
        y : ignored
            Not used; present for API consistency.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If X lacks a column, two features have the same name, or a value is not of
            the column's kind; the message names the column and the first such row.
        """
        X = check_table(self, X, reset=True)
        cues = self._find_cues(X)
        self.cues_ = [tuple(cue) for cue in cues]
        self.kinds_ = {cue.name: cue.kind for cue in cues}
        self._check_names()
        numbers = self._describe(X)
        known = ~np.isnan(numbers)
        filled = np.where(known.any(axis=0), numbers, 0.0)
        self.medians_ = np.nanmedian(filled, axis=0)
        return self

    def transform(self, X):
        """Encode posts.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_columns)
            Columns as in `fit`.

        Returns
        -------
        features : ndarray of shape (n_samples, n_features), float64
        """
        check_ready(self)
        numbers = self._describe(check_table(self, X, reset=False))
        if self.missing != "indicator":
            return numbers
        absent = np.isnan(numbers)
        filled = np.where(absent, self.medians_, numbers)
        firsts = np.cumsum([0] + [len(cue.names()) for cue in self._cues()])[:-1]
        return np.hstack([filled, absent[:, firsts]])

    def get_feature_names_out(self, input_features=None):
        """Names of the features: the column and its encoding.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns; if given, they must be those of `fit`.

        Returns
        -------
        names : ndarray of str
        """
        check_ready(self)
        _check_feature_names_in(self, input_features)
        names = [name for cue in self._cues() for name in cue.names()]
        if self.missing == "indicator":
            names += [f"{cue.name}_missing" for cue in self._cues()]
        return np.array(names, dtype=object)

    def _cues(self):
        return [
            _Cue(kind, name, tuple(Column(*column) for column in columns))
            for kind, name, columns in self.cues_
        ]

    def _find_cues(self, X):
        named = {kind: getattr(self, kind) for kind in _KINDS}
        if self.durations is None and all(each is None for each in named.values()):
            columns = [find_column(X, i, "X") for i in range(X.shape[1])]
            kinds = [kind_of_column(select_columns(X, i)) for _, i in columns]
            return [
                _Cue(kind, column.name, (column,))
                for kind, column in zip(kinds, columns, strict=True)
            ]
        cues: list[_Cue] = []
        for kind, columns in named.items():
            found = [find_column(X, which, kind) for which in _as_list(columns)]
            cues += [_Cue(kind, column.name, (column,)) for column in found]
        for name, (start, end) in (self.durations or {}).items():
            ends = tuple(find_column(X, which, "durations") for which in (start, end))
            cues.append(_Cue("durations", name, ends))
        return cues

    def _check_names(self):
        names = self.get_feature_names_out().tolist()
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(
                f"Two features have the name {twice[0]!r}, but distinct names were "
                "expected. Name each column once, or rename one of them."
            )

    def _describe(self, X):
        blocks = [cue.describe(X, self.separator) for cue in self._cues()]
        if self.missing == "error":
            for cue, block in zip(self._cues(), blocks, strict=True):
                reject_rows(
                    np.isnan(block[:, 0]),
                    block[:, 0],
                    cue.name,
                    'a value in each row (missing="indicator" or "nan" accepts NaN)',
                )
        return np.hstack(blocks) if blocks else np.empty((X.shape[0], 0))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        tags.input_tags.allow_nan = self.missing != "error"
        tags.input_tags.string = True
        return tags
