"""Base of all estimators of networks: targets, held-out rows, results of training."""

from dataclasses import fields
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import (
    assert_all_finite,
    check_consistent_length,
    column_or_1d,
    compute_class_weight,
)
from sklearn.utils.multiclass import check_classification_targets

from ..._moved import MovedAttributesMixin
from ..._numbers import check_target
from ..._sklearn_compat import CallbackSupportMixin, Interval, StrOptions
from .._delegation import check_weights, take_rows
from .._hold_out import hold_out
from .._routing import GroupsRequest
from ._schedule import Schedule


class NetworkEstimator(
    GroupsRequest, CallbackSupportMixin, MovedAttributesMixin, BaseEstimator
):
    """Base of the estimators that train a network: by default regressors."""

    _parameter_constraints: ClassVar[dict] = {
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }
    _moved_attributes: ClassVar[dict[str, str]] = {
        "validation_losses_": "validation_scores_, which is minus the loss"
    }

    def _check_target(self, X, y, sample_weight):
        """Target, weights, and the numbers of the rows of weight above 0."""
        y = self._check_y(X, y)
        weight = check_weights(y, sample_weight)
        weight = np.ones(len(y)) if weight is None else weight
        return y, weight, np.flatnonzero(weight)

    def _hold_out(self, rows, used, groups, random_state):
        """Training rows, and validation rows or None.

        `used` are the numbers in X of `rows`; `groups` are those of all rows of X.
        """
        self.validation_rows_ = used[:0]
        if not self.early_stopping:
            return rows, None
        train, held_out = hold_out(
            rows.target,
            self.validation_fraction,
            take_rows(groups, used),
            random_state,
        )
        self.validation_rows_ = used[held_out]
        return rows.take(train), rows.take(held_out)

    def _schedule(self, **own):
        """Schedule by the parameters of the estimator and by settings of its `own`."""
        names = [field.name for field in fields(Schedule) if hasattr(self, field.name)]
        own = {"loss": self._minimised()} | own
        return Schedule(**{name: getattr(self, name) for name in names} | own)

    def _keep(self, trained):
        self.weights_ = trained.weights
        self.loss_curve_ = self._in_units(trained.losses)
        losses = self._in_units(trained.validation_losses)
        self.validation_scores_ = [-loss for loss in losses]
        self.n_epochs_ = len(self.loss_curve_)

    def _in_units(self, losses):
        """Losses in the unit in which they are reported."""
        return losses

    def _check_y(self, X, y):
        """Check the target and return it as an array."""
        return check_target(X, y)

    def _start(self, rows, *, classes=None, reset=True):
        """Rows with numbers of classes and class weights, in a classifier."""
        return rows

    def _n_outputs(self):
        """Number of outputs of the network."""
        return 1

    def _minimised(self):
        """The `loss` of the Schedule."""
        return "squared_error"

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags


class NetworkClassifierMixin(ClassifierMixin):
    """Mixin that makes a `NetworkEstimator` a classifier."""

    _parameter_constraints: ClassVar[dict] = {
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def predict_proba(self, X):
        """Predict the probability of each class.

        Parameters
        ----------
        X : table or sequence of photos of n_samples
            As in `fit`.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`; rows sum to 1.

        Raises
        ------
        ImageError
            For a photo that cannot be read.
        """
        return softmax(self._outputs(X), axis=1)

    def predict(self, X):
        """Predict the most probable class of each row.

        Parameters
        ----------
        X : table or sequence of photos of n_samples
            As in `fit`.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Labels.

        Raises
        ------
        ImageError
            For a photo that cannot be read.
        """
        most_probable = self._outputs(X).argmax(axis=1)
        return self.classes_[most_probable]

    def _check_y(self, X, y):
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None")
        y = column_or_1d(y, warn=True)
        check_consistent_length(X, y)
        assert_all_finite(y, input_name="y")
        check_classification_targets(y)
        return y

    def _start(self, rows, *, classes=None, reset=True):
        """Rows with numbers of classes for labels, and with class weights."""
        if reset:
            self.classes_ = np.unique(rows.target if classes is None else classes)
        unknown = np.setdiff1d(rows.target, self.classes_)
        if len(unknown):
            raise ValueError(
                f"Got the label {unknown[0]!r} in y, but {self.classes_!r} were "
                "expected. Pass all labels as classes in the first call of partial_fit."
            )
        weight_of = compute_class_weight(
            self.class_weight,
            classes=self.classes_,
            y=rows.target,
            sample_weight=rows.weight,
        )
        numbers = np.searchsorted(self.classes_, rows.target)
        return rows._replace(target=numbers, weight=rows.weight * weight_of[numbers])

    def _n_outputs(self):
        return len(self.classes_)

    def _minimised(self):
        return "cross_entropy"
