"""Generate tags for a photo: the words nearest to its embedding."""

from collections.abc import Mapping
from numbers import Integral
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.validation import validate_data

from .._kept_parameters import check_ready
from .._messages import quote
from .._sklearn_compat import (
    HasMethods,
    Interval,
    _check_feature_names_in,
    _fit_context,
)
from ._word_vectors import open_words

_FLOATS = (np.float64, np.float32)


def _read_vocabulary(source):
    table = open_words(source)
    words = list(table.positions)
    vectors = table.embed(words)
    array = np.empty(len(words), dtype=object)
    array[:] = words
    return array, vectors


def _largest(X, n_columns):
    """Columns with the largest numbers of each row; of equal ones the first."""
    order = [np.argsort(-row, kind="stable")[:n_columns] for row in X]
    return np.stack(order)


class ZeroShotTagger(TransformerMixin, BaseEstimator):
    """Tag photos with the words whose embeddings are nearest to theirs.

    Photos and words (or captions) need embeddings in the same space, such as CLIP's.
    No tagged photos are needed.

    Parameters
    ----------
    vocabulary : dict, path or KeyedVectors, default=None
        Words or captions with their embeddings, in any form of `vectors` of
        :class:`TagEmbedder` but a function. If None, each column of X is a word, such
        as the probability of an object, and those with the largest values are taken.
    n_words : int, default=10
        Number of words per photo, 1 or more; at most the size of the vocabulary.

    Attributes
    ----------
    words_ : ndarray of shape (n_vocabulary,)
        The vocabulary; names or positions of the columns of X without `vocabulary`.
    neighbors_ : NearestNeighbors or None
        Search by cosine distance; None without `vocabulary`.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of str
        Names of the columns; only if X is a frame with names.

    See Also
    --------
    TagEmbedder : Embeds these tags by another set of vectors.
    CNNEmbedder : Probabilities of objects in a photo.

    Notes
    -----
    Section III-A of [1]_ finds the 10 nearest neighbours of a photo in the space of a
    captioning network, and takes the mean word2vec vector of these "generated tags":
    ``make_pipeline(ZeroShotTagger(captions), TagEmbedder("word2vec.bin"))``. The paper
    does not name the distance; here it is the cosine distance.

    References
    ----------
    .. [1] "Collecting, analyzing and predicting socially-driven image
       interestingness", the paper of the LaFin data.

    Examples
    --------
    >>> from sklearn_popularity import ZeroShotTagger
    >>> words = {"dog": [1, 0], "puppy": [0.9, 0.1], "beach": [0, 1]}
    >>> tagger = ZeroShotTagger(words, n_words=2)
    >>> tagger.fit_transform([[0.8, 0.1], [0.1, 2.0]])
    array([['puppy', 'dog'],
           ['beach', 'puppy']], dtype=object)
    """

    _parameter_constraints: ClassVar[dict] = {
        "vocabulary": [
            Mapping,
            str,
            HasMethods(["__fspath__"]),
            HasMethods(["key_to_index", "vectors"]),
            None,
        ],
        "n_words": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, vocabulary=None, *, n_words=10):
        self.vocabulary = vocabulary
        self.n_words = n_words

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Read the vocabulary; nothing is learned from the photos.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Embeddings of photos.
        y : ignored
            Not used; present for API consistency.

        Returns
        -------
        self : object
            The fitted tagger.

        Raises
        ------
        ValueError
            If the embeddings of the vocabulary have another length than X has columns,
            or one of them is not finite or all zeros.
        """
        X = validate_data(self, X, dtype=_FLOATS)
        if self.vocabulary is None:
            self.words_ = getattr(self, "feature_names_in_", np.arange(X.shape[1]))
            self.neighbors_ = None
            return self
        self.words_, vectors = _read_vocabulary(self.vocabulary)
        if vectors.shape[1] != X.shape[1]:
            raise ValueError(
                f"Got X with {X.shape[1]} columns, but the vocabulary has embeddings "
                f"of {vectors.shape[1]} numbers. Both must be from the same space."
            )
        zeros = np.flatnonzero(~vectors.any(axis=1))
        if len(zeros):
            word = quote(self.words_[zeros[0]])
            raise ValueError(
                f"The embedding of the word {word} is all zeros, which has no "
                "direction. Leave the word out."
            )
        self.neighbors_ = NearestNeighbors(metric="cosine").fit(vectors)
        return self

    def transform(self, X):
        """Find the nearest words of each photo, nearest first.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Embeddings of photos.

        Returns
        -------
        words : ndarray of shape (n_samples, n_words)
            Words (dtype object). Without `vocabulary`, names of columns of X, or their
            positions (int) if X has no names.
        """
        check_ready(self)
        X = validate_data(self, X, dtype=_FLOATS, reset=False)
        if self.neighbors_ is None:
            return self.words_[_largest(X, self._n_found())]
        return self.words_[
            self.neighbors_.kneighbors(X, self._n_found(), return_distance=False)
        ]

    def get_feature_names_out(self, input_features=None):
        """Names of the columns: word0 for the nearest, and so on.

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
        return np.array([f"word{i}" for i in range(self._n_found())], dtype=object)

    def _n_found(self):
        return min(self.n_words, len(self.words_))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags
