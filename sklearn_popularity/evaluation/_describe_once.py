"""Extract features of photos once for all models and folds."""

from collections.abc import Mapping
from copy import copy
from numbers import Integral
from typing import Any, NamedTuple

import joblib
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingRegressor
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import get_tags

from .._columns import column_names, resolve_columns, select_columns
from .._sklearn_compat import BaseSearchCV, _safe_indexing
from ..features import ImageTransformer
from ..models import StackedLateFusion
from ._rebuild import find_parts, swap_parts

# Parameters of a transformer that do not affect its features.
RUN_DEFAULTS = {
    "n_jobs": None,
    "batch_size": 32,
    "cache": None,
    "on_error": "raise",
    "verbose": False,
}
# Parameters that may be functions of X, which then need the photos themselves.
_FUNCTIONS_OF_X = ("groups", "user")


class Described(NamedTuple):
    """A model whose photos are replaced by row numbers.

    Parameters
    ----------
    learner : estimator
        The model, to be fitted on row numbers in place of photos.
    X : DataFrame or ndarray
        The table, with row numbers in place of photos.
    """

    learner: Any
    X: Any


class DescribedPhotos(TransformerMixin, BaseEstimator):
    """Replacement of an image transformer that maps row numbers to features.

    Parameters
    ----------
    transformer : ImageTransformer
        Transformer fitted on all photos, or unfitted if `rows` is None.
    photos : sequence of photos
        Photos that the row numbers refer to.
    rows : ndarray of shape (n_photos, n_features) or None
        Features of the photos. If None, they are extracted in each fit, for
        dictionaries that are learned per fold.
    """

    def __init__(self, transformer, photos, rows=None):
        self.transformer = transformer
        self.photos = photos
        self.rows = rows

    def __sklearn_clone__(self):
        # Share photos and rows, which a clone per fold would otherwise copy.
        twin = copy(self)
        twin.__dict__.pop("transformer_", None)
        return twin

    def __sklearn_is_fitted__(self):
        return self.rows is not None or hasattr(self, "transformer_")

    def fit(self, X, y=None):
        """Fit the transformer on the photos, if it is fitted per fold."""
        if self.rows is None:
            photos = _safe_indexing(self.photos, _numbers(X))
            self.transformer_ = clone(self.transformer).fit(photos)
        return self

    def transform(self, X):
        """Features of the photos with the row numbers X."""
        if self.rows is not None:
            return self.rows[_numbers(X)]
        return self.transformer_.transform(_safe_indexing(self.photos, _numbers(X)))

    def get_feature_names_out(self, input_features=None):
        """Names of the features."""
        return self.described_by.get_feature_names_out()

    @property
    def described_by(self):
        """The fitted transformer."""
        return self.transformer_ if self.rows is None else self.transformer


class PhotoTable:
    """A table of photos from which each transformer extracts features at most once.

    Parameters
    ----------
    X : DataFrame, or sequence of photos
        Data to fit models on.
    photo : str
        Name of the column of photos in a frame.
    per_fold : bool, default=False
        Whether transformers that need fitting (a dictionary) are fitted in each fold,
        rather than once on all photos. Neither uses scores.

    Attributes
    ----------
    X : DataFrame, table of polars or pyarrow, or ndarray
        The data with row numbers in place of photos.
    readable : ndarray of shape (n_photos,), bool
        Whether all transformers so far could read each photo.
    """

    def __init__(self, X, photo, *, per_fold=False):
        self._per_fold = per_fold
        self._numbers = np.arange(len(X)).astype(object)
        self._photo, self._photos, self._head = photo, X, None
        self.X: Any = self._numbers
        names = column_names(X)
        if names is not None:
            self._head, self._photos = _safe_indexing(X, slice(0, 1)), None
            self.X = X
            if photo in names:
                self._photos = _column_of(X, photo)
                self.X = _with_column(X, photo, self._numbers)
        self._given = X
        self.readable = np.ones(len(X), dtype=bool)
        self._leaves: dict[Any, DescribedPhotos] = {}

    def describe(self, model) -> Described:
        """Extract the features for a model, unless it needs the photos themselves.

        A model that takes only photos gets the column of photos of a frame.
        """
        if self._photos is None:
            return Described(model, self._given)
        for head, X in ((None, self._numbers), (self._head, self.X)):
            try:
                return Described(self._swap(model, head), X)
            except _NeedsPhotosError:
                continue
        return Described(model, input_of(model, self._given, self._photo))

    def describe_fitted(self, model) -> Described:
        """Extract the features for a fitted model with its fitted transformers."""
        learner = swap_parts(
            model, ImageTransformer, lambda part: self._with_rows(part, part.transform)
        )
        return Described(learner, self.X)

    def _swap(self, part, head):
        """The part with row numbers for photos; `head` is None if X is the photos."""
        if head is not None and self._photo not in _names_of(head):
            return part
        if any(callable(getattr(part, name, None)) for name in _FUNCTIONS_OF_X):
            raise _NeedsPhotosError
        if isinstance(part, ImageTransformer):
            if head is not None and head.shape[1] > 1:
                raise _NeedsPhotosError
            return self._leaf(part)
        if isinstance(part, Pipeline):
            name, first = part.steps[0]
            steps = [(name, self._swap(first, head)), *part.steps[1:]]
            return copy(part).set_params(steps=steps)
        if isinstance(part, FeatureUnion):
            parts = [(name, self._swap(e, head)) for name, e in part.transformer_list]
            return copy(part).set_params(transformer_list=parts)
        if isinstance(part, VotingRegressor):
            parts = [(name, self._swap(e, head)) for name, e in part.estimators]
            return copy(part).set_params(estimators=parts)
        if isinstance(part, ColumnTransformer) and head is not None:
            return self._swap_columns(part, "transformers", head)
        if isinstance(part, StackedLateFusion) and head is not None:
            return self._swap_columns(part, "branches", head)
        return self._swap_within(part, head)

    def _swap_columns(self, part, name, head):
        parts = []
        for called, each, columns in getattr(part, name):
            if not isinstance(each, str) or each != "drop":
                each = self._swap(each, _seen(head, columns, self._photo))
            parts.append((called, each, columns))
        if getattr(part, "remainder", "drop") != "drop":
            raise _NeedsPhotosError
        return copy(part).set_params(**{name: parts})

    def _swap_within(self, part, head):
        """Swap the inner estimator of meta-estimators that pass X on unchanged."""
        for name in ("regressor", "estimator"):
            within = getattr(part, name, None)
            if within is not None and isinstance(part, BaseEstimator):
                swapped = self._swap(within, head)
                if isinstance(part, BaseSearchCV) and not _is_searched(part, swapped):
                    raise _NeedsPhotosError
                return copy(part).set_params(**{name: swapped})
        raise _NeedsPhotosError

    def _leaf(self, transformer) -> DescribedPhotos:
        key = _key_of(transformer)
        if key not in self._leaves:
            self._leaves[key] = self._describe(clone(transformer))
        leaf = copy(self._leaves[key])
        if hasattr(transformer, "_sklearn_output_config"):
            leaf._sklearn_output_config = transformer._sklearn_output_config
        return leaf

    def _describe(self, transformer):
        if self._per_fold and get_tags(transformer).requires_fit:
            return DescribedPhotos(transformer, self._photos)
        return self._with_rows(transformer, transformer.fit_transform)

    def _with_rows(self, transformer, describe):
        kept = np.flatnonzero(self.readable)
        known = np.asarray(describe(_safe_indexing(self._photos, kept)))
        rows = np.full((len(self.readable), known.shape[1]), np.nan, known.dtype)
        rows[kept] = known
        self.readable &= ~np.isnan(rows).any(axis=1)
        if not self.readable.any():
            raise NoPhotosError(
                f"None of the {len(rows)} photos could be read. See the warning above "
                "for the reasons."
            )
        return DescribedPhotos(transformer, self._photos, rows)


class NoPhotosError(ValueError):
    """No photo could be read."""


class _NeedsPhotosError(Exception):
    """A part other than an image transformer needs the photos."""


def _is_searched(search, swapped) -> bool:
    """Whether a search varies only plain values, none of an image transformer."""
    grids = getattr(search, "param_grid", getattr(search, "param_distributions", ()))
    grids = [grids] if isinstance(grids, Mapping) else list(grids)
    known = swapped.get_params()
    return bool(grids) and all(
        name in known and _is_plain(known[name]) for grid in grids for name in grid
    )


def _is_plain(value) -> bool:
    """Whether a parameter is a number or a string, or a container of these."""
    if isinstance(value, Mapping):
        return all(map(_is_plain, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or np.isscalar(value)


def input_of(model, posts, photo):
    """Input of a model: the photos if it takes only photos, otherwise the posts.

    Parameters
    ----------
    model : estimator
        Model, fitted or not.
    posts : DataFrame, or sequence of photos
        Posts.
    photo : str
        Column of photos.
    """
    if photo in _names_of(posts) and _begins_with_photos(model):
        return _column_of(posts, photo)
    return posts


def _begins_with_photos(part) -> bool:
    if isinstance(part, Pipeline):
        return _begins_with_photos(part.steps[0][1])
    if isinstance(part, FeatureUnion):
        return all(_begins_with_photos(each) for _, each in part.transformer_list)
    if isinstance(part, VotingRegressor):
        return all(_begins_with_photos(each) for _, each in part.estimators)
    within = getattr(part, "regressor", getattr(part, "estimator", None))
    if within is not None:
        return _begins_with_photos(within)
    # Networks that go on learning see photos too.
    return isinstance(part, BaseEstimator) and get_tags(part).input_tags.three_d_array


def _seen(head, columns, photo):
    """The columns of a table that a part sees; None if only the photos."""
    columns = resolve_columns(head, columns, "composition")
    if not isinstance(columns, str | Integral):
        return select_columns(head, columns)
    name = columns if isinstance(columns, str) else _names_of(head)[columns]
    return None if name == photo else select_columns(head, [columns])


def _names_of(table) -> list:
    return column_names(table) or []


def _column_of(X, name):
    """A column of a table; a list for polars and pyarrow, so that it can be indexed."""
    column = select_columns(X, name)
    for method in ("to_pylist", "to_list"):  # of pyarrow and polars
        if not isinstance(column, pd.Series) and hasattr(column, method):
            return getattr(column, method)()
    return column


def _with_column(X, name, numbers):
    """The table with a column replaced by numbers."""
    if isinstance(X, pd.DataFrame):
        return X.assign(**{name: numbers})
    if hasattr(X, "set_column"):  # pyarrow
        return X.set_column(_names_of(X).index(name), name, [numbers.tolist()])
    return X.with_columns(type(X[name])(name, numbers.tolist()))  # polars


def _key_of(transformer):
    """Key that is equal for transformers with the same features."""
    params = transformer.get_params() | RUN_DEFAULTS
    try:
        return joblib.hash((type(transformer), sorted(params.items())))
    except Exception:  # a parameter that cannot be pickled, such as a lambda
        return id(transformer)


def _numbers(X) -> NDArray[np.intp]:
    return np.asarray(X).ravel().astype(np.intp)


def with_photos(fitted):
    """Turn a model fitted on row numbers into one that takes photos."""
    return swap_parts(fitted, DescribedPhotos, lambda part: part.described_by)


def rows_described(learner) -> list[NDArray]:
    """Features of all photos from each image transformer of a model on row numbers."""
    parts = find_parts(learner, DescribedPhotos)
    return list({id(part.rows): part.rows for part in parts}.values())
