"""Regression by a perceptron with a branch for each kind of features."""

from sklearn.base import RegressorMixin

from ..._sklearn_compat import _fit_context
from ._inputs import mean_and_scale
from ._multi_branch_mlp import MultiBranchMLP


class MultiBranchMLPRegressor(RegressorMixin, MultiBranchMLP):
    r"""Predict a score by a perceptron with layers for each kind of features.

    Features of different kinds differ in number and meaning. Each kind passes through
    the layers of its own branch; the outputs of the branches are concatenated, and
    joint layers predict the score. All layers are trained together.

    Parameters
    ----------
    branches : dict of str to columns, default=None
        Columns of each branch as in :class:`~sklearn.compose.ColumnTransformer`:
        names, positions, a slice, a boolean mask, a callable, or a scalar. Branches
        may share columns. None is one branch of all columns but that of `groups`.
    branch_layers : tuple of int or dict of str to tuple of int, default=(128,)
        Numbers of units of the layers of each branch, or a dict of them by name, such
        as ``{"cnn": (512,), "tags": (32,)}``. ``()`` concatenates the columns as they
        are. Up to two layers in [1]_.
    branch_width : "narrowest", int or None, default=None
        Number of units of the last layer of each branch, instead of that in
        `branch_layers`. "narrowest" is the smallest number of columns of a branch, as
        in [1]_. A branch without layers gets one only if it has more columns.
    joint_layers : tuple of int, default=(64,)
        Numbers of units of the layers after the branches; two layers in [1]_.
    activation : {"relu", "tanh"}, default="relu"
        Activation after each layer but the last. [1]_ uses "relu", [2]_ tried both.
    dropout : float, default=0.5
        Dropout probability after each layer but the last; 0.5 in [1]_.
    optimizer : {"adam", "rmsprop", "sgd"}, default="adam"
        Optimizer; "sgd" has a Nesterov momentum of 0.9, "rmsprop" Keras' decay of 0.9.
        [1]_ uses "rmsprop", [2]_ tried all three.
    learning_rate : float, default=1e-3
        Learning rate; 1e-4 in [1]_.
    alpha : float, default=1e-4
        Strength of the L2 penalty on the weights.
    batch_size : int, default=32
        Largest number of rows in a batch; 512 in [1]_, 16 in [2]_.
    max_epochs : int, default=50
        Largest number of epochs; 10 in [2]_. Without early stopping, training runs for
        all of them.
    early_stopping : bool, default=False
        Whether to hold out rows, to stop when their loss no longer falls, and to keep
        the weights of the epoch with the lowest one. Whole groups are held out if there
        are groups; otherwise the split is stratified by score.
    validation_fraction : float, default=0.1
        Fraction of the rows, or of the groups, to hold out; only with `early_stopping`.
    n_iter_no_change : int, default=10
        Number of epochs after which training stops unless the loss on held-out rows
        falls by more than 0.01 %; only with `early_stopping`.
    groups : str, int or callable, default=None
        Column of X that holds the group of each row, or a function from X to the
        groups. Rows of a group, such as a user's, are held out together.
    device : str, default="auto"
        Device to train on, such as "cpu" or "cuda:1"; "auto" is a GPU if there is one.
    random_state : int, RandomState instance or None, default=None
        Seed of the initial weights, of the held-out rows, of the order of the rows and
        of dropout.
    verbose : bool or int, default=False
        Whether to show a progress bar.

    Attributes
    ----------
    weights_ : dict of str to ndarray
        Weights, float32 if X is, else float64: ``branches.<i>.<layer>.weight`` of
        shape (n_units, n_inputs) for the i-th branch, ``joint.<layer>.weight``,
        ``output.weight``, and ``bias`` for each.
    branches_ : list of (name, columns)
        The branches, with columns in place of callables.
    input_means_, input_scales_ : list of ndarray of shape (n_columns,)
        Means and standard deviations of the columns of each branch.
    target_mean_, target_scale_ : float
        Mean and standard deviation of the training scores.
    loss_curve_ : list of float
        Mean loss in each epoch, with dropout and without penalty.
    validation_scores_ : list of float
        Minus the mean loss on the held-out rows after each epoch; the highest is the
        best. Empty without `early_stopping`.
    validation_rows_ : ndarray of int
        Indices of the held-out rows; empty without `early_stopping`.
    n_epochs_ : int
        Number of epochs that training ran for.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of str
        Names of the columns; only if X is a frame with names.

    See Also
    --------
    MultiBranchMLPClassifier : The same for classes, as in both papers.
    StackedLateFusion : One model per kind of features, each fitted by itself.

    Notes
    -----
    Branch b turns its standardised columns into :math:`h_b` by layers
    :math:`h \leftarrow a(W h + c)`. All :math:`h_b` are concatenated, and pass through
    the joint layers and a linear layer. The mean squared
    error of the standardised score plus :math:`\alpha/2 \sum |W|^2` is minimised, batch
    by batch. Weights of rows are divided by their mean, so only their ratios matter; a
    weight of 2 equals a repeated row while all rows fit into one batch, without dropout
    and early stopping.

    A process trains one network at a time, on one thread and in the precision of X, so
    that results do not depend on the `n_jobs` of a search. Prediction does not need
    torch, and is in double precision. `partial_fit` keeps the weights and the scales
    (those of its first batch), but not the moments of the optimizer.

    Departures from [1]_ and [2]_: inputs are standardised, which neither mentions; the
    defaults suit hundreds of rows rather than their tens of thousands. The settings of
    [1]_ are ``branch_width="narrowest", joint_layers=(n, n), optimizer="rmsprop",
    learning_rate=1e-4, batch_size=512, early_stopping=True``, where n is not given;
    those of [2]_ are ``batch_size=16, max_epochs=10`` and a search over the optimizer,
    the activation, the dropout and 32 to 1024 units in 3 layers.

    References
    ----------
    .. [1] "Collecting, analyzing and predicting socially-driven image
       interestingness", the paper of the LaFin data.
    .. [2] Squalli-Houssaini, Duong, Gwenaelle and Demarty, "Deep learning for
       predicting image memorability", ICASSP 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity import MultiBranchMLPRegressor
    >>> X = np.random.default_rng(0).normal(size=(200, 8))
    >>> y = X[:, 0] + X[:, 5] ** 2
    >>> model = MultiBranchMLPRegressor(
    ...     branches={"cnn": slice(0, 5), "tags": slice(5, 8)},
    ...     dropout=0.1,
    ...     random_state=0,
    ... )
    >>> model.fit(X, y).score(X, y) > 0.8
    True
    """

    def __init__(
        self,
        *,
        branches=None,
        branch_layers=(128,),
        branch_width=None,
        joint_layers=(64,),
        activation="relu",
        dropout=0.5,
        optimizer="adam",
        learning_rate=1e-3,
        alpha=1e-4,
        batch_size=32,
        max_epochs=50,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        groups=None,
        device="auto",
        random_state=None,
        verbose=False,
    ):
        self.branches = branches
        self.branch_layers = branch_layers
        self.branch_width = branch_width
        self.joint_layers = joint_layers
        self.activation = activation
        self.dropout = dropout
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.alpha = alpha
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.groups = groups
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, *, groups=None, sample_weight=None):
        """Train the network.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Features; those of branches must be finite numbers.
        y : array-like of shape (n_samples,)
            Scores.
        groups : array-like of shape (n_samples,), default=None
            Group of each row, instead of a column of X; only with `early_stopping`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        self : object
            The fitted model.

        Raises
        ------
        ValueError
            If a branch's columns are not in X or are not finite numbers, units are no
            positive integers, lengths differ, all weights are 0, there are too few
            rows or groups to hold any out, a group is missing, there is no such device,
            or the learning rate is far too big.
        ImportError
            If torch or skorch is missing.
        """
        return self._fit(X, y, groups, sample_weight)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Train the network by one epoch over some rows; the first call starts it.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,)
            Scores.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows; only their ratios within a call matter.

        Returns
        -------
        self : object
            The fitted model.

        Raises
        ------
        ValueError
            As in `fit`; with `early_stopping`; or if the layers or the `activation`
            differ from those of the first call.
        """
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X):
        """Predict the score of each row.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Predicted scores.
        """
        return self._outputs(X)[:, 0] * self.target_scale_ + self.target_mean_

    def _measure(self, rows):
        super()._measure(rows)
        mean, scale = mean_and_scale(rows.target, rows.weight)
        self.target_mean_, self.target_scale_ = float(mean), float(scale)

    def _encode(self, target, dtype):
        return ((target - self.target_mean_) / self.target_scale_).astype(dtype)
