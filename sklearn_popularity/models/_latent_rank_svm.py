"""Ranking SVM with latent popular and unpopular senses."""

from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import (
    check_array,
    check_random_state,
    check_X_y,
    gen_batches,
)
from sklearn.utils.validation import validate_data

from .._columns import check_table, split_off
from .._kept_parameters import check_ready, keep_parameters
from .._moved import MovedAttributesMixin, MovedParametersMixin
from .._sklearn_compat import (
    CallbackSupportMixin,
    Interval,
    StrOptions,
    _fit_context,
)
from .._warnings import warn_caller
from ..metrics import spearman_score
from ._delegation import check_weights, groups_of, take_rows
from ._fit_tasks import FitTasks
from ._hold_out import hold_out, refuse_early_stopping
from ._pairwise import center_within, score_unit
from ._rank_training import (
    RankedRows,
    RankSettings,
    check_pairs,
    pass_over,
    train_senses,
)
from ._routing import GroupsRequest
from ._sense_seeds import start_senses
from ._senses import CHUNK, Senses, find_winners

_FLOATS = [np.float64, np.float32]


class DeadSensesWarning(UserWarning):
    """Some latent senses are the strongest for no training row, and have no effect."""


class LatentRankSVM(
    GroupsRequest,
    MovedParametersMixin,
    MovedAttributesMixin,
    CallbackSupportMixin,
    RegressorMixin,
    BaseEstimator,
):
    r"""Rank rows by their strongest popular sense minus their strongest unpopular one.

    Photos are popular for different reasons, and unpopular for different reasons. Each
    reason is a sense: a linear scorer. The predicted score of a row is the score by its
    strongest popular sense minus that by its strongest unpopular sense. Senses are
    learned from pairs of rows, of which one should rank above the other.

    Parameters
    ----------
    n_senses : int, default=2
        Number of popular senses. 1 with ``n_unpopular_senses=0`` is the ordinary
        ranking SVM (equation 1 of [1]_).
    n_unpopular_senses : int, default=2
        Number of unpopular senses (equations 4 and 5). 0 uses popular senses only
        (equation 2, or 3 with ``margin="soft"``).
    margin : {"fixed", "soft"}, default="fixed"
        Margin of a pair. "fixed" is `min_margin`; "soft" is max(`min_margin`, (y_i -
        y_j) / s), where s is the standard deviation of the scores of the first fit.
    min_margin : float, default=1.0
        Smallest margin of a pair (section 2.1 of [1]_). With 0, only possible with
        ``margin="soft"``, it is the difference of the scores alone, as in equation 3.
    init : {"k-means", "random"}, default="k-means"
        Initial senses. "k-means" takes cluster centres of the most popular fifth of the
        rows, at most 1000 (section 4.1 of [1]_), and of as many of the least popular
        ones; "random" takes random directions.
    alpha : float, default=0.001
        Strength of the L2 penalty.
    within : str, int or callable, default=None
        Column of X with the user, product or month of each row, which is not used as a
        feature, or a function that returns these from X. Only rows with the same value
        form pairs, so that differences between users (products, months) are not
        learned. None takes `within` of `fit`; without that, any two rows form a pair.
    max_epochs : int, default=100
        Maximum number of epochs (passes over the training rows).
    batch_size : int, default=100
        Rows per batch; all pairs of a batch are used (section 2.1 of [1]_). Memory
        grows with its square.
    learning_rate : float, default=0.01
        Step size of Adam.
    early_stopping : bool, default=False
        Whether to hold out rows (whole groups, or rows of every range of the scores)
        and keep the senses that rank them best. False watches the training loss.
    validation_fraction : float, default=0.1
        Share of the rows, or of the groups if there are any, to hold out; only with
        `early_stopping`.
    n_iter_no_change : int, default=10
        Epochs without an improvement by `tol` after which training stops.
    tol : float, default=1e-4
        Smallest improvement that counts, of the training loss, or with `early_stopping`
        of Spearman's correlation on the held-out rows.
    warm_start : bool, default=False
        Whether `fit` continues from the senses of the last fit.
    random_state : int, RandomState instance or None, default=None
        Seed of the initial senses, of the held-out rows and of the order of the rows.

    Attributes
    ----------
    coef_ : ndarray of shape (n_senses + n_unpopular_senses, n_features)
        Weights of the features, a row per sense, popular senses first. A column
        `within` has none.
    intercept_ : ndarray of shape (n_senses + n_unpopular_senses,)
        Intercept of each sense.
    loss_curve_ : list of float
        Mean hinge loss of the pairs in each epoch, summed over popular and unpopular
        senses, without penalty; NaN where no two rows form a pair.
    validation_scores_ : list of float
        Spearman's correlation on the held-out rows after each epoch (with `within`, its
        mean over groups). Empty without `early_stopping`.
    validation_rows_ : ndarray of int
        Indices of the held-out rows; empty without `early_stopping`.
    n_epochs_ : int
        Number of epochs of the last `fit` and of `partial_fit` since.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of str
        Names of the features; only if X is a DataFrame.

    Raises
    ------
    ValueError
        In `fit`, if X, y or groups contain NaN, X or y infinity, lengths differ, all
        weights are 0, early stopping is given fewer than 4 rows or 2 groups, or the
        number of senses has changed before a warm start.

    See Also
    --------
    StackedLateFusion : To fuse rankers of several kinds of features.

    Notes
    -----
    With popular senses :math:`w_s, s \in S^+`, and unpopular ones, :math:`s \in S^-`,

    .. math:: f^\pm(x) = \max_{s \in S^\pm} w_s^T x, \quad f(x) = f^+(x) - f^-(x).

    Either side has its own hinge loss over all pairs with :math:`y_i > y_j`
    (equation 4 of [1]_): :math:`|m_{ij} - f^+(x_i) + f^+(x_j)|_+` and
    :math:`|m_{ij} - f^-(x_j) + f^-(x_i)|_+`. The mean over the viable pairs of a batch,
    plus :math:`\alpha/2 \sum_s |w_s|^2`, is minimised. The weight of a pair is the
    product of the weights of its rows. The sum over the pairs of a batch is divided by
    the average total weight of the pairs of a batch.

    Features are standardised on the rows of the first fit (the first call of
    `partial_fit`) and divided by the square root of their number, so the defaults suit
    features of any scale and number; `coef_` applies to the original features.
    Predictions have no unit other than that of the margins.

    Departures from [1]_: the loss is a mean with a penalty instead of a sum without
    one; the optimizer is Adam; unpopular senses start from clusters too; each sense has
    an intercept; soft margins are in standard deviations of the scores instead of log
    views. Rows of equal score form no pair: if all scores are equal, or there is one
    row, all predictions are 0, with a warning.

    Reaching `max_epochs` raises no warning, since the ranking settles long before the
    loss does.

    References
    ----------
    .. [1] Cappallo, Mensink and Snoek, "Latent factors of visual popularity
       prediction", ICMR 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity import LatentRankSVM
    >>> X = np.random.default_rng(0).normal(size=(300, 4))
    >>> y = X[:, :2].max(axis=1) - X[:, 2:].max(axis=1)
    >>> ranker = LatentRankSVM(random_state=0).fit(X, y)
    >>> ranker.score(X, y) > 0.95
    True
    >>> ranker.predict_sense(X[:1])
    array([[1, 1]])
    """

    _ranks = True
    groups = None  # no column of X holds them
    _senses: Senses
    _moved: ClassVar[dict[str, str]] = {"max_iter": "max_epochs=..."}
    _moved_attributes: ClassVar[dict[str, str]] = {"n_iter_": "n_epochs_"}
    _parameter_constraints: ClassVar[dict] = {
        "n_senses": [Interval(Integral, 1, None, closed="left")],
        "n_unpopular_senses": [Interval(Integral, 0, None, closed="left")],
        "margin": [StrOptions({"fixed", "soft"})],
        "min_margin": [Interval(Real, 0, None, closed="left")],
        "init": [StrOptions({"k-means", "random"})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "within": [str, Integral, callable, None],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 2, None, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        n_senses=2,
        n_unpopular_senses=2,
        margin="fixed",
        min_margin=1.0,
        init="k-means",
        alpha=0.001,
        within=None,
        max_epochs=100,
        batch_size=100,
        learning_rate=0.01,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        warm_start=False,
        random_state=None,
    ):
        self.n_senses = n_senses
        self.n_unpopular_senses = n_unpopular_senses
        self.margin = margin
        self.min_margin = min_margin
        self.init = init
        self.alpha = alpha
        self.within = within
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, *, groups=None, within=None):
        """Learn the senses.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features. float32 is kept, and a memmap of floats is read batch by batch;
            other dtypes are copied to float64.
        y : array-like of shape (n_samples,)
            Scores. Only their order matters; with ``margin="soft"`` their differences
            do, in standard deviations.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        groups : array-like of shape (n_samples,), default=None
            Group of each row, such as its user or theme; `early_stopping` holds out
            whole groups. None takes `within` as groups.
        within : array-like of shape (n_samples,), default=None
            User, product or month of each row, in place of the parameter `within`: only
            rows with the same value form pairs.

        Returns
        -------
        self : LatentRankSVM
            The fitted ranker.

        Raises
        ------
        ValueError
            If `within` leaves no two rows of different scores to compare.

        Warns
        -----
        UserWarning
            If all scores are equal, so that there is nothing to rank.
        """
        goes_on = self.warm_start and self._has_started()
        data, rows = self._check_input(X, y, sample_weight, within, reset=not goes_on)
        self._random_state = check_random_state(self.random_state)
        rows, held_out = self._hold_out(
            data.y, rows, data.within if groups is None else groups
        )
        check_pairs(data.take(rows))
        if not goes_on:
            self._start(data, rows)
        tasks = FitTasks(self, X, y, sample_weight, self.max_epochs)
        trained = train_senses(
            self._senses,
            data,
            rows,
            None if held_out is None else data.take(held_out),
            self._settings(),
            self._random_state,
            tasks,
        )
        self._senses = trained.senses
        self.loss_curve_ = trained.losses
        self.validation_scores_ = trained.validation_scores
        self.n_epochs_ = len(self.loss_curve_)
        self.coef_, self.intercept_ = self._senses.linear()
        self._warn_of_dead_senses(data.X, rows)
        tasks.end()
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None, *, within=None):
        """Train for one epoch on some rows, continuing from the current senses.

        The first call, unless it follows `fit`, also initialises the senses and the
        scaling of the features.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,)
            Scores.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.
        within : array-like of shape (n_samples,), default=None
            Groups within which pairs are formed, as in `fit`.

        Returns
        -------
        self : LatentRankSVM
            The fitted ranker.
        """
        refuse_early_stopping(self)
        first = not self._has_started()
        data, rows = self._check_input(X, y, sample_weight, within, reset=first)
        if first:
            # Kept, so that later calls draw other batches.
            self._random_state = check_random_state(self.random_state)
            self._start(data, rows)
            self.loss_curve_, self.n_epochs_ = [], 0
            self.validation_rows_, self.validation_scores_ = rows[:0], []
        self.loss_curve_.append(
            pass_over(self._senses, data, rows, self._settings(), self._random_state)
        )
        self.n_epochs_ += 1
        self.coef_, self.intercept_ = self._senses.linear()
        return self

    def predict(self, X):
        """Score each row: higher is more popular.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            Score by the strongest popular sense, less that by the unpopular one.
        """
        return self._winners(self._check_X(X)).difference()

    def predict_sense(self, X):
        """Find the strongest senses of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        senses : ndarray of shape (n_samples, 2), intp
            Indices of the strongest popular and of the strongest unpopular sense, each
            from 0; the latter is -1 without unpopular senses.
        """
        senses = self._winners(self._check_X(X)).senses
        if len(senses) == 1:
            senses = [senses[0], np.full_like(senses[0], -1)]
        return np.column_stack(senses)

    def score(self, X, y, sample_weight=None):
        """Spearman's rank correlation of the predictions with the scores.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,)
            True scores.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        score : float
            From -1 to 1; see :func:`spearman_score`.
        """
        return spearman_score(y, self.predict(X), sample_weight=sample_weight)

    def _has_started(self):
        """Whether there are senses to continue from; equal scores alone give none."""
        if not hasattr(self, "_senses") or not self._senses.weights.any():
            return False
        n_popular = self._senses.n_popular
        learned = (n_popular, len(self._senses.weights) - n_popular)
        if learned != (self.n_senses, self.n_unpopular_senses):
            raise ValueError(
                f"Got n_senses={self.n_senses} and n_unpopular_senses="
                f"{self.n_unpopular_senses}, but {learned[0]} and {learned[1]} have "
                "been learned, so training cannot continue. Fit with "
                "warm_start=False."
            )
        return True

    def _check_input(self, X, y, sample_weight, within, *, reset):
        """Training data, with a largest weight of 1, and rows of weight above 0."""
        if self.margin == "fixed" and self.min_margin == 0:
            raise ValueError(
                'Got min_margin=0 with margin="fixed", but a margin above 0 was '
                'expected. Pass margin="soft" for margins that are differences of '
                "scores."
            )
        if reset:
            keep_parameters(self, "within")
        kinds = {"dtype": _FLOATS, "y_numeric": True}
        if self.within is None:
            X, y = validate_data(self, X, y, reset=reset, **kinds)
        else:
            X, labels = split_off(self, check_table(self, X, reset=reset), "within")
            X, y = check_X_y(X, y, estimator=self, **kinds)
            within = labels if within is None else within
        y = y.astype(np.float64)
        weight = check_weights(y, sample_weight)
        rows = np.arange(len(y)) if weight is None else np.flatnonzero(weight)
        weight = weight if weight is None else weight / weight.max()
        within = groups_of(y, None, within, owner="within")
        return RankedRows(X, y, weight, within), rows

    def _hold_out(self, y, rows, groups):
        """Training rows, and validation rows or None."""
        groups = take_rows(groups_of(y, None, groups), rows)
        self.validation_rows_ = rows[:0]
        if not self.early_stopping:
            return rows, None
        # Ranking needs at least two rows on either side.
        train, held_out = hold_out(
            y[rows], self.validation_fraction, groups, self._random_state, at_least=2
        )
        self.validation_rows_ = rows[held_out]
        return rows[train], rows[held_out]

    def _start(self, data, rows):
        X, y, weight, within = data
        self._senses = start_senses(
            X,
            center_within(y, within),
            rows,
            weight,
            (self.n_senses, self.n_unpopular_senses),
            self.init,
            self._random_state,
        )
        self._unit = score_unit(y[rows], take_rows(weight, rows))

    def _settings(self):
        return RankSettings(
            unit=self._unit if self.margin == "soft" else None,
            min_margin=self.min_margin,
            batch_size=self.batch_size,
            alpha=self.alpha,
            learning_rate=self.learning_rate,
            max_epochs=self.max_epochs,
            n_iter_no_change=self.n_iter_no_change,
            tol=self.tol,
        )

    def _check_X(self, X):
        check_ready(self)
        if self.within is None:
            return validate_data(self, X, reset=False, dtype=_FLOATS)
        X, _ = split_off(self, check_table(self, X, reset=False), "within")
        return check_array(X, dtype=_FLOATS, estimator=self)

    def _winners(self, X):
        return find_winners(X @ self.coef_.T + self.intercept_, self._senses.n_popular)

    def _warn_of_dead_senses(self, X, rows):
        n_senses = (self.n_senses, self.n_unpopular_senses)
        n_wins = [np.zeros(n, dtype=int) for n in n_senses]
        for chunk in gen_batches(len(rows), CHUNK):
            senses = self._winners(X[rows[chunk]]).senses
            for wins, winners in zip(n_wins, senses, strict=False):
                wins += np.bincount(winners, minlength=len(wins))
        dead = [np.flatnonzero(wins == 0).tolist() for wins in n_wins]
        if any(dead) and self.coef_.any():
            warn_caller(
                f"The popular senses {dead[0]} and the unpopular senses {dead[1]} are "
                f"the strongest for none of the {len(rows)} training rows. Use fewer "
                "senses, a smaller alpha or another random_state.",
                DeadSensesWarning,
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # Predictions have no unit, so R squared says nothing about them.
        tags.regressor_tags.poor_score = True
        return tags
