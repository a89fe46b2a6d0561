"""Tags to the mean vector of their words."""

import re
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .._sklearn_compat import HasMethods, _fit_context
from ._tags import split_tags
from ._word_vectors import open_vectors


def tags_of_rows(X, separator) -> list[list[str]]:
    """Tags of each row of X, in any of its forms (see :class:`TagEmbedder`)."""
    if isinstance(X, str | bytes):
        raise ValueError(
            f"Got one string, {X[:50]!r}, as X, but a row per post was expected. Pass "
            "a list, such as [X]."
        )
    if hasattr(X, "columns"):
        X = X.to_numpy()
    if getattr(X, "ndim", 1) == 2:
        X = X[:, 0] if X.shape[1] == 1 else _known_cells(np.asarray(X))
    return split_tags(X, separator)


def _known_cells(X):
    return [row[known].tolist() for row, known in zip(X, ~pd.isna(X), strict=True)]


def _check_pattern(exclude):
    try:
        re.compile(exclude or "")
    except re.error as error:
        raise ValueError(
            f"Got exclude={exclude!r}, but a regular expression was expected: {error}. "
            "Put a backslash before characters that stand for themselves."
        ) from error


class TagEmbedder(TransformerMixin, BaseEstimator):
    """Describe posts by the mean word vector of their tags.

    Tags that have no vector are skipped and counted; a post none of whose tags has one
    gets zeros, and says so.

    Parameters
    ----------
    vectors : dict, path, KeyedVectors or callable
        Vectors of words: a dict of word to vector; the path of an ``.npz`` file (arrays
        "words" and "vectors"), of a binary file of word2vec (``.bin``), or of a text
        file of word2vec, fastText or GloVe (``.txt``, ``.vec``); gensim's KeyedVectors;
        or a function from a list of words to their vectors, such as ``encode`` of
        sentence-transformers.
    separator : str, default=","
        What separates tags where X holds text. None takes the words of the text: runs
        of letters and digits, which suits titles.
    exclude : str, default=None
        Regular expression; tags in which it is found are dropped, and count neither as
        known nor as unknown.
    lowercase : bool, default=True
        Whether to look for lower-case words.

    Attributes
    ----------
    n_dimensions_ : int
        Length of the vectors.

    See Also
    --------
    ZeroShotTagger : Makes up tags from a photo.
    SocialFeatures : Number of tags.

    Notes
    -----
    Section III-A of [1]_ averages word2vec vectors (300 numbers) of a photo's tags,
    without those that contain "explor" (``exclude="explor"``), since they may refer to
    Explore, Flickr's page of interesting photos: the answer itself. It does not say
    what was done about tags without a vector.

    X may be a list, array or column of text or of lists of text, or one such column in
    a frame or array (n_samples, 1). In an array or frame with more columns each cell is
    a tag, as :class:`ZeroShotTagger` returns them.

    A tag counts as often as a post has it. A vector file is not read into memory: its
    words are indexed once in a process, and vectors are read where they lie; this does
    not hold for an ``.npz`` file. A fitted embedder holds the path alone, so the file
    has to stay. Copies of an embedder copy a dict or KeyedVectors; use a file for many
    words.

    References
    ----------
    .. [1] "Collecting, analyzing and predicting socially-driven image
       interestingness", the paper of the LaFin data.

    Examples
    --------
    >>> from sklearn_popularity import TagEmbedder
    >>> embedder = TagEmbedder({"dog": [1.0, 0.0], "beach": [0.0, 1.0]})
    >>> embedder.fit_transform(["dog, beach", "dog, xyz", None])
    array([[0.5, 0.5, 0. , 0. ],
           [1. , 0. , 1. , 0. ],
           [0. , 0. , 0. , 1. ]], dtype=float32)
    """

    _parameter_constraints: ClassVar[dict] = {
        "vectors": [
            Mapping,
            str,
            HasMethods(["__fspath__"]),
            HasMethods(["key_to_index", "vectors"]),
            callable,
        ],
        "separator": [str, None],
        "exclude": [str, None],
        "lowercase": ["boolean"],
    }

    def __init__(self, vectors, *, separator=",", exclude=None, lowercase=True):
        self.vectors = vectors
        self.separator = separator
        self.exclude = exclude
        self.lowercase = lowercase

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Open the vectors; nothing is learned from the tags.

        Parameters
        ----------
        X : sequence of text or of lists of text, or a column of them
            Tags.
        y : ignored
            For scikit-learn.

        Returns
        -------
        self : object
            The fitted embedder.

        Raises
        ------
        ValueError
            If the vectors are of no known kind, their file is damaged, `exclude` is no
            regular expression, or a row of X is neither text nor a list of text.
        """
        tags_of_rows(X, self.separator)
        _check_pattern(self.exclude)
        self.n_dimensions_ = open_vectors(self.vectors).n_dimensions
        return self

    def transform(self, X):
        """Mean vector of the tags of each post.

        Parameters
        ----------
        X : sequence of text or of lists of text, or a column of them
            Tags.

        Returns
        -------
        features : ndarray of shape (n_samples, n_dimensions + 2), float32
            The mean vector, the number of unknown tags, and 1 where no tag is known.
        """
        check_is_fitted(self)
        rows = tags_of_rows(X, self.separator)
        owners = np.repeat(np.arange(len(rows)), [len(tags) for tags in rows])
        flat = np.array([tag for tags in rows for tag in tags], dtype=object)
        codes, tags = pd.factorize(flat)
        known, kept, vectors = self._embed(tags.tolist())
        used, met = known[codes], kept[codes]
        n_known = np.bincount(owners[used], minlength=len(rows))
        n_tags = np.bincount(owners[met], minlength=len(rows))
        rank = np.cumsum(known) - 1
        counts = csr_matrix(
            (np.ones(used.sum()), (owners[used], rank[codes[used]])),
            shape=(len(rows), len(vectors)),
        )
        mean = (counts @ vectors) / np.maximum(n_known, 1)[:, None]
        features = np.column_stack([mean, n_tags - n_known, n_known == 0])
        return features.astype(np.float32)

    def get_feature_names_out(self, input_features=None):
        """Names of the features.

        Parameters
        ----------
        input_features : ignored
            For scikit-learn.

        Returns
        -------
        names : ndarray of str
        """
        check_is_fitted(self)
        names = [f"tag_vector{i}" for i in range(self.n_dimensions_)]
        return np.array([*names, "n_unknown_tags", "no_known_tag"], dtype=object)

    def _embed(self, tags):
        """Tags that have a vector, tags that are not excluded, and the vectors."""
        words = [tag.lower() for tag in tags] if self.lowercase else tags
        kept = np.ones(len(words), dtype=bool)
        if self.exclude is not None:
            kept[:] = [re.search(self.exclude, word) is None for word in words]
        known = kept.copy()
        candidates = [word for word, keep in zip(words, kept, strict=True) if keep]
        known[kept], vectors = open_vectors(self.vectors).embed(candidates)
        return known, kept, vectors

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags
