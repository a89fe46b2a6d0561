"""Embed tags by the mean of their word vectors."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin

from .._columns import column_names, select_columns
from .._kept_parameters import check_ready
from .._messages import quote
from .._sklearn_compat import HasMethods, StrOptions, _fit_context
from .._warnings import warn_caller
from ._table import as_objects
from ._tags import split_tags
from ._word_vectors import open_vectors

# Above this share of unknown tags, the vectors or the tags are likely wrong.
_MOST = 0.9
_N_EXAMPLES = 5


def tags_of_rows(X, separator) -> list[list[str]]:
    """Tags of each row of X, in any form that :class:`TagEmbedder` takes."""
    if isinstance(X, str | bytes):
        raise ValueError(
            f"Got one string, {quote(X)}, as X, but one row per post was expected. "
            "Pass a list, such as [X]."
        )
    if column_names(X) is not None:
        columns = [as_objects(select_columns(X, i)) for i in range(X.shape[1])]
        X = columns[0] if len(columns) == 1 else pd.concat(columns, axis=1).to_numpy()
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
            f"Got exclude={quote(exclude)}, but a regular expression was expected: "
            f"{error}. Put a backslash before special characters to be taken literally."
        ) from error


class _Found(NamedTuple):
    """Tags of all rows, and the words that stand for each distinct tag."""

    owners: np.ndarray  # row of each tag
    codes: np.ndarray  # position of each tag among the distinct ones
    tags: list[str]  # the distinct tags
    kept: np.ndarray  # whether each distinct tag is not excluded
    spelled: list[list[str]]

    @property
    def known(self):
        return np.array([len(words) > 0 for words in self.spelled], dtype=bool)


class TagEmbedder(TransformerMixin, BaseEstimator):
    """Embed posts by the mean word vector of their tags.

    Tags without a vector are skipped and counted. A post without any known tag gets
    zeros, and a feature marks it. Phrases and captions without a vector of their own
    get the mean vector of their words.

    Parameters
    ----------
    vectors : dict, path, KeyedVectors or callable
        Word vectors: a dict of word to vector; the path of an ``.npz`` file (arrays
        "words" and "vectors"), a binary word2vec file (``.bin``), or a text file of
        word2vec, fastText or GloVe (``.txt``, ``.vec``); gensim's KeyedVectors; or a
        function from a list of words to an array of their vectors, such as ``encode``
        of sentence-transformers.
    separator : str, default=","
        Separator of tags if X holds text. If None, each word of the text (a run of
        letters and digits) is a tag, which suits titles.
    exclude : str, default=None
        Regular expression, ignoring case. Tags that contain a match are dropped, and
        count neither as known nor as unknown. If None, no tag is dropped.
    lowercase : bool, default=True
        Whether to convert tags to lower case before looking them up.
    phrases : {"whole", "joined", "words"}, default="words"
        How a tag such as "black and white" is looked up:

        - "whole": as it is.
        - "joined": as it is, then with underscores ("black_and_white"), the form of
          phrases in word2vec files.
        - "words": as it is, then with underscores, then as the mean of its known words;
          the tag is unknown if none of them is known.

        If `vectors` is a function, it gets tags as they are.
    report_unknown : bool, default=True
        Whether to add two columns: the number of unknown tags, and whether no tag is
        known.

    Attributes
    ----------
    n_dimensions_ : int
        Length of the vectors.
    vectors_digest_ : str
        SHA-256 of the file of vectors; empty if the vectors are not from a file.

    See Also
    --------
    ZeroShotTagger : Generates tags from the embedding of a photo.
    SocialFeatures : The number of tags.

    Notes
    -----
    Section III-A of [1]_ averages word2vec vectors (300 numbers) of a photo's tags,
    without tags that contain "explor" (``exclude="explor"``): they may refer to
    Explore, Flickr's page of interesting photos, which is the target. The paper does
    not say how tags without a vector were treated.

    X may be a list, array or column of text or of lists of text, or a frame or array
    with one such column. In a frame or array with more columns, each cell is one tag,
    as returned by :class:`ZeroShotTagger`.

    A repeated tag counts each time. A vector file other than ``.npz`` is not read into
    memory: its words are indexed once per process, and vectors are read from the file
    as needed. A fitted embedder stores only the path, so the file must stay. Cloning an
    embedder copies a dict or KeyedVectors; for many words, use a file.

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
        "phrases": [StrOptions({"whole", "joined", "words"})],
        "report_unknown": ["boolean"],
    }

    def __init__(
        self,
        vectors,
        *,
        separator=",",
        exclude=None,
        lowercase=True,
        phrases="words",
        report_unknown=True,
    ):
        self.vectors = vectors
        self.separator = separator
        self.exclude = exclude
        self.lowercase = lowercase
        self.phrases = phrases
        self.report_unknown = report_unknown

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Open the vectors; nothing is learned from the tags.

        Parameters
        ----------
        X : sequence of text or of lists of text, or a column of them
            Tags.
        y : ignored
            Not used; present for API consistency.

        Returns
        -------
        self : object
            The fitted embedder.

        Raises
        ------
        ValueError
            If `vectors` is of an unknown kind, its file is damaged, `exclude` is not a
            regular expression, or a row of X is neither text nor a list of text.
        """
        rows = tags_of_rows(X, self.separator)
        _check_pattern(self.exclude)
        source = open_vectors(self.vectors)
        self.n_dimensions_ = source.n_dimensions
        self.vectors_digest_ = source.digest
        _warn_of_unknown(self._look_up(rows, source))
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
            The mean vector, the number of unknown tags, and 1 if no tag is known. The
            last two columns are absent without `report_unknown`.

        Raises
        ------
        ValueError
            If a row of X is neither text nor a list of text, or the length of the
            vectors or the content of their file has changed since `fit`.
        """
        check_ready(self)
        rows = tags_of_rows(X, self.separator)
        source = self._fitted_vectors()
        found = self._look_up(rows, source)
        vectors = _mean_vectors([words for words in found.spelled if words], source)
        used, met = found.known[found.codes], found.kept[found.codes]
        n_known = np.bincount(found.owners[used], minlength=len(rows))
        n_tags = np.bincount(found.owners[met], minlength=len(rows))
        rank = np.cumsum(found.known) - 1
        counts = csr_matrix(
            (np.ones(used.sum()), (found.owners[used], rank[found.codes[used]])),
            shape=(len(rows), len(vectors)),
        )
        features = (counts @ vectors) / np.maximum(n_known, 1)[:, None]
        if self.report_unknown:
            features = np.column_stack([features, n_tags - n_known, n_known == 0])
        return features.astype(np.float32)

    def get_feature_names_out(self, input_features=None):
        """Names of the features.

        Parameters
        ----------
        input_features : ignored
            Not used; present for API consistency.

        Returns
        -------
        names : ndarray of str
        """
        check_ready(self)
        names = [f"tag_vector{i}" for i in range(self.n_dimensions_)]
        if self.report_unknown:
            names += ["n_unknown_tags", "no_known_tag"]
        return np.array(names, dtype=object)

    def _fitted_vectors(self):
        source = open_vectors(self.vectors)
        if source.n_dimensions != self.n_dimensions_:
            raise ValueError(
                f"The vectors have {source.n_dimensions} numbers, but had "
                f"{self.n_dimensions_} in fit. Fit again, or restore the former ones."
            )
        if source.digest != self.vectors_digest_:
            raise ValueError(
                f"The vectors {quote(self.vectors)} have changed since fit: their "
                f"SHA-256 was {self.vectors_digest_ or 'none (no file)'} and is now "
                f"{source.digest or 'none (no file)'}. Fit again, or restore the "
                "former file."
            )
        return source

    def _look_up(self, rows, source) -> _Found:
        owners = np.repeat(np.arange(len(rows)), [len(tags) for tags in rows])
        flat = [tag.lower() if self.lowercase else tag for tags in rows for tag in tags]
        codes, tags = pd.factorize(np.array(flat, dtype=object))
        kept = np.ones(len(tags), dtype=bool)
        if self.exclude is not None:
            excluded = re.compile(self.exclude, re.IGNORECASE)
            kept[:] = [excluded.search(tag) is None for tag in tags]
        spelled = [
            source.spell(tag, self.phrases) if keep else []
            for tag, keep in zip(tags, kept, strict=True)
        ]
        return _Found(owners, codes, tags.tolist(), kept, spelled)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags


def _mean_vectors(spelled, source):
    """Mean vector of the words of each tag."""
    owners = np.repeat(np.arange(len(spelled)), [len(words) for words in spelled])
    flat = np.array([word for words in spelled for word in words], dtype=object)
    codes, words = pd.factorize(flat)
    vectors = source.embed(words.tolist())
    shares = np.array([1 / len(words) for words in spelled], dtype=np.float32)
    mean = csr_matrix((shares[owners], (owners, codes)), (len(spelled), len(words)))
    return mean @ vectors


def _warn_of_unknown(found: _Found):
    met = found.kept[found.codes]
    unknown = met & ~found.known[found.codes]
    if unknown.sum() <= _MOST * met.sum():
        return
    commonest = Counter(found.codes[unknown].tolist()).most_common(_N_EXAMPLES)
    examples = [found.tags[code] for code, _ in commonest]
    warn_caller(
        f"{unknown.sum()} of {met.sum()} tags have no vector, for example "
        f"{quote(examples)}. Check how X is split into tags (separator=), whether the "
        "vectors are of lower-case words (lowercase=), and their language."
    )
