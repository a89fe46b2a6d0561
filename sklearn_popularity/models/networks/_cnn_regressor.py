"""A pretrained network that is fine-tuned to predict a score."""

from numbers import Integral
from typing import ClassVar

import numpy as np
from scipy.special import expit
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.metaestimators import available_if

from ..._kept_parameters import keep_parameters
from ..._numbers import check_target
from ..._sklearn_compat import Interval, StrOptions, _fit_context
from .._bins import balanced_bins, bin_means
from .._delegation import check_weights
from ._fine_tune import CNNFineTune
from ._targets import check_outputs, offset_and_scale, r2_of_known


class CNNFineTuneRegressor(RegressorMixin, CNNFineTune):
    r"""Predict a score of photos by fine-tuning a pretrained network.

    The last layer of the network is replaced by a linear head that predicts the score,
    and all layers are trained, the head at a higher learning rate.

    Parameters
    ----------
    embedder : CNNEmbedder, default=None
        The pretrained network and its preprocessing; see Notes. None is a ResNet-50
        with published weights on the centre of each photo:
        ``CNNEmbedder(preprocessing=Preprocessing(resize="crop", crop_share=0.875))``.
        The network of [1]_ is "caffenet", whose weights have to be converted; "alexnet"
        with ``size=227`` and ``crop_share=227 / 256`` is similar.
    n_bins : int, default=None
        Number of bins with equally many rows; the network learns the number of the bin
        of a score. 10 in [1]_. None learns the score itself.
    loss : {"squared_error", "raw_squared_error", "log_loss"}, default="squared_error"
        What is minimised. "squared_error": half the squared error of the standardised
        score, or number of its bin. "raw_squared_error": the same without division by
        the standard deviation, as in [1]_. "log_loss": binary cross-entropy of the
        score as a share of the range from the lowest to the highest in training, which
        the sigmoid of the output predicts.
    head_multiplier : float, default=20
        Factor by which the new head learns faster than the backbone, as in [1]_.
    dropout : float, default=0.5
        Dropout probability before the head and after earlier fully connected layers:
        after fc6 and fc7, as in [1]_.
    optimizer : {"adam", "sgd"}, default="adam"
        Optimizer; "sgd" has a momentum of 0.9, as Caffe's solver in [1]_.
    learning_rate : float, default=1e-5
        Learning rate of the backbone; 1e-8 in [1]_, see Notes.
    step_epochs : int, default=None
        Number of epochs after which the learning rate is divided by 10, each time
        anew, as Caffe's "step" policy. None keeps it constant.
    alpha : float, default=5e-4
        Strength of the L2 penalty on the weights, without biases and the scales of
        normalisation. 5e-4 is the value of Caffe's solver.
    trainable : {"weights", "all", "head"} or str, default="weights"
        What learns. "weights": all weights; batch normalisation keeps the published
        means and variances, so that a photo's output does not depend on its batch.
        "all": these too, for random weights and large batches. "head": the new head
        alone. Otherwise the weights from this layer of the backbone on, by the name
        that torch gives it, such as "layer4" of ResNet-50; what comes before stays as
        it is, without dropout.
    augment : bool, default=True
        Whether each epoch takes a random crop of each photo, mirrored with probability
        0.5. Validation and prediction take the centre.
    batch_size : int, default=32
        Largest number of photos in a batch, in training and in prediction.
    max_epochs : int, default=10
        Largest number of epochs; about 4 in [1]_. Without early stopping, training runs
        for all of them.
    early_stopping : bool, default=False
        Whether to hold out rows, to stop when their loss no longer falls, and to keep
        the weights of the epoch with the lowest one. Whole groups are held out if there
        are groups; otherwise the split is stratified by score.
    validation_fraction : float, default=0.1
        Fraction of the rows, or of the groups, to hold out; only with `early_stopping`.
    n_iter_no_change : int, default=3
        Number of epochs without a lower loss on held-out rows after which training
        stops; only with `early_stopping`.
    groups : callable, default=None
        Function from X to the group of each row, such as the folder of a path. Rows of
        a group are held out together.
    checkpoint : str or path, default=None
        Where to keep the state after each epoch, so that a fit with the same settings
        and data resumes from it; `random_state` must be an integer. A name without a
        suffix, such as "checkpoints", is a folder, which is created if its parent
        exists, and holds a file for each combination of settings and data, such as each
        fold of a cross-validation. A name with a suffix, such as "fit.checkpoint", or
        an existing file, is one file, which a fit of other settings or data replaces.
    random_state : int, RandomState instance or None, default=None
        Seed of random weights, of the held-out rows, of the order of the photos, of
        their crops and of dropout.
    verbose : bool or int, default=False
        Whether to show a progress bar.

    Attributes
    ----------
    weights_ : dict of str to ndarray
        Float32 weights: those of the backbone under ``backbone.`` and their names in
        it, ``head.weight`` of shape (n_outputs, n_features) and ``head.bias``.
    weights_digest_ : str
        SHA-256 of the weights.
    target_offset_, target_scale_ : float, or ndarray of shape (n_outputs,)
        What is subtracted from the score, or the number of its bin, and what it is
        divided by: mean and standard deviation, or lowest score and range.
    bin_edges_ : ndarray of shape (n_bins_found + 1,)
        Lowest score, thresholds between bins, highest score; only with `n_bins`.
    bin_means_ : ndarray of shape (n_bins_found,)
        Weighted mean of the scores of each bin; only with `n_bins`.
    loss_curve_ : list of float
        Mean loss in each epoch, with dropout and without penalty: half the squared
        error, as Caffe's "Euclidean loss", in squared units of y, or in squared bins
        with `n_bins`; with "log_loss" in nats. With several outputs the sum over
        these, of standardised scores.
    validation_scores_ : list of float
        Minus the mean loss on the held-out rows after each epoch; the highest is the
        best. Empty without `early_stopping`.
    validation_rows_ : ndarray of int
        Indices of the held-out rows; empty without `early_stopping`.
    n_epochs_ : int
        Number of epochs that training ran for.
    n_features_in_ : int
        Length of a row; only after a fit on rows of pixel values.
    feature_names_in_ : ndarray of str
        Names of the columns; only after a fit on a frame of pixel values.

    See Also
    --------
    CNNFineTuneClassifier : The same for classes.
    CNNEmbedder : Embeddings of the frozen network, for a model that is faster to fit.

    Notes
    -----
    Half the mean squared error

    .. math:: \frac{1}{2n} \sum_i (f(x_i) - z_i)^2 + \frac{\alpha}{2} \sum |W|^2

    is minimised, batch by batch, where z is the standardised y. Losses are reported in
    the units of y, as in [1]_: 4.125 for the mean of 10 equal bins.

    If y has several columns, each score has a head of its own on a shared backbone. A
    score that is NaN contributes no loss, so data sets with different scores can train
    one network: stack their photos, and give each data set a column.

    `transform` returns embeddings by the fine-tuned network, so that it can be a step
    of a pipeline: a second head, such as an SVR, learns from the embeddings. With a
    folder as `checkpoint`, the average of both heads trains the network only once::

        VotingRegressor([("network", network), ("svr", make_pipeline(network, SVR()))])

    With `n_bins`, z is the number of the bin, from 0 (lowest) as in section 4.3 of
    [1]_. `predict` interpolates the number between the mean scores of the bins, and is
    constant below the first and above the last; `predict_bins` returns the number.

    [1]_ learns raw counts, whose standard deviation is s = 324. The gradient of the
    loss with respect to the backbone is proportional to the error and to the weights of
    the head, which grow with the counts: to s squared. A learning rate of 1e-8 for
    counts therefore corresponds to 1e-8 s**2 = 1e-3 for standardised scores, the rate
    of Caffe's example of fine-tuning on photos of Flickr. Scores are standardised here
    so that one rate fits any unit. The default is Adam, whose steps have the same size
    for any backbone, while those of "sgd" grow with the activations that the head sees.

    The first experiment of [1]_ is ``loss="raw_squared_error", optimizer="sgd",
    learning_rate=1e-8, max_epochs=4`` (its section 5.1 reports 1.5 epochs), without
    scores that are six standard deviations above the mean; the third has
    ``n_bins=10``. The paper does not give momentum, penalty or batch size: those of
    "sgd" are from Caffe's example.

    Of the parameters of `embedder`, which is not changed, these are used: `backbone`,
    `weights`, `preprocessing`, `max_size`, `image_shape`, `value_range`, `device`,
    `precision`, and `n_jobs` as the number of threads that read photos. Its `layer`
    must be "penultimate", its `pooling` "mean", and its `preprocessing` must make
    squares without `flip`. Nothing is cached, and an unreadable photo is an error. The
    parameters can be set and searched, as ``embedder__backbone`` or
    ``embedder__preprocessing__size``.

    Threads read photos while the network computes. Up to 2 GiB of decoded photos, of at
    most the embedder's `max_size`, are kept for the next epoch; the others are decoded
    again. The square is cut out of the photo and resized in one step, at a random
    position of the central square in training and at its centre otherwise; photos that
    are squeezed or padded are only mirrored. A process trains one network at a time;
    other threads wait.

    The order, the crops and the dropout of an epoch depend on the seed and the number
    of the epoch alone. On a CPU, a fit that resumes from its checkpoint therefore ends
    with the same weights, bit for bit, as one that was not interrupted, with the same
    number of torch threads; with another number, or on a GPU, they agree up to
    rounding. The checkpoint is kept after training, and a fit with a larger
    `max_epochs` resumes from it. It is replaced atomically, has a checksum, and loading
    it executes no code.

    Sample weights are divided by their mean, so only their ratios matter; a weight of 2
    equals a repeated row while all rows fit into one batch, without dropout,
    augmentation and early stopping.

    Departures from [1]_: the mean is subtracted and the head starts at zero rather
    than at random, so that the first prediction is the mean; biases learn at the rate
    of their layer; photos are not reduced to 256 pixels in between.

    References
    ----------
    .. [1] Dufour, "Will it play in Peoria? Predicting image popularity with
       convolutional neural networks", Stanford University, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity import CNNEmbedder, CNNFineTuneRegressor
    >>> photos = np.random.default_rng(0).integers(0, 256, (8, 40, 60, 3), np.uint8)
    >>> embedder = CNNEmbedder(backbone="squeezenet1_1", weights="random")
    >>> model = CNNFineTuneRegressor(embedder=embedder, max_epochs=2)
    >>> model.fit(photos, photos.mean(axis=(1, 2, 3))).n_epochs_  # doctest: +SKIP
    2
    """

    _parameter_constraints: ClassVar[dict] = {
        **CNNFineTune._parameter_constraints,
        "n_bins": [Interval(Integral, 2, None, closed="left"), None],
        "loss": [StrOptions({"squared_error", "raw_squared_error", "log_loss"})],
    }
    _moved_attributes: ClassVar[dict[str, str]] = {
        **CNNFineTune._moved_attributes,
        "target_mean_": "target_offset_",
    }

    def __init__(
        self,
        *,
        embedder=None,
        n_bins=None,
        loss="squared_error",
        head_multiplier=20,
        dropout=0.5,
        optimizer="adam",
        learning_rate=1e-5,
        step_epochs=None,
        alpha=5e-4,
        trainable="weights",
        augment=True,
        batch_size=32,
        max_epochs=10,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=3,
        groups=None,
        checkpoint=None,
        random_state=None,
        verbose=False,
    ):
        self.embedder = embedder
        self.n_bins = n_bins
        self.loss = loss
        self.head_multiplier = head_multiplier
        self.dropout = dropout
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.step_epochs = step_epochs
        self.alpha = alpha
        self.trainable = trainable
        self.augment = augment
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.groups = groups
        self.checkpoint = checkpoint
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, *, groups=None, sample_weight=None):
        """Fine-tune the network.

        Parameters
        ----------
        X : sequence of photos
            Paths, arrays, PIL images, encoded bytes, or rows of pixel values.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Scores. NaN is a score that is not known, if there are several outputs; each
            row and each output needs one that is.
        groups : array-like of shape (n_samples,), default=None
            Group of each row, instead of the parameter; only with `early_stopping`.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights. A photo of weight 0 is not read.

        Returns
        -------
        self : object
            The fitted model.

        Raises
        ------
        ImageError
            For a photo that cannot be read.
        ImportError
            If torch, torchvision, skorch or timm is needed and missing.
        FileNotFoundError
            If there are no such weights, or no folder to make the checkpoint in.
        ValueError
            If there is no such backbone or device, weights do not fit it, lengths
            differ, there are too few rows or groups to hold any out, the learning rate
            is far too big, a batch does not fit into memory, or the checkpoint is a
            file of something else.

        Warns
        -----
        CheckpointWarning
            If the checkpoint is damaged or of other settings or data; training then
            starts afresh.
        """
        return self._fit(X, y, groups, sample_weight)

    def predict(self, X):
        """Predict the score of each photo.

        Parameters
        ----------
        X : sequence of photos
            Paths, arrays, PIL images, encoded bytes, or rows of pixel values.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predicted scores, with `n_bins` from the mean of the first bin to that of
            the last.

        Raises
        ------
        ImageError
            For a photo that cannot be read.
        """
        targets = self._targets(X)
        if hasattr(self, "bin_means_"):
            numbers = np.arange(len(self.bin_means_))
            targets = np.interp(targets, numbers, self.bin_means_)
        return targets

    @available_if(lambda self: self.n_bins is not None)
    def predict_bins(self, X):
        """Predict the number of the bin of each photo; only with `n_bins`.

        Parameters
        ----------
        X : sequence of photos
            Paths, arrays, PIL images, encoded bytes, or rows of pixel values.

        Returns
        -------
        numbers : ndarray of shape (n_samples,)
            Fractions and, unless `loss` is "log_loss", numbers outside of the bins
            included.
        """
        return self._targets(X)

    def score(self, X, y, sample_weight=None):
        """Coefficient of determination, the mean over the scores if there are several.

        Parameters
        ----------
        X : sequence of photos
            Paths, arrays, PIL images, encoded bytes, or rows of pixel values.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True scores. With several outputs, NaN is a score that is not known: each
            output is judged on the rows in which it is.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        score : float
            At most 1; 0 is a constant.

        Raises
        ------
        ImageError
            For a photo that cannot be read.
        ValueError
            If a row or an output has no known score.
        """
        predicted = self.predict(X)
        if predicted.ndim == 1:
            return r2_score(y, predicted, sample_weight=sample_weight)
        y = check_outputs(X, y)
        return r2_of_known(y, predicted, check_weights(y[:, 0], sample_weight))

    def _targets(self, X):
        outputs = self._outputs(X).astype(np.float64)
        if self.loss == "log_loss":
            outputs = expit(outputs)
        targets = outputs * self.target_scale_ + self.target_offset_
        return targets if np.ndim(self.target_scale_) else targets[:, 0]

    def _minimised(self):
        return "log_loss" if self.loss == "log_loss" else "half_squared_error"

    def _check_y(self, X, y):
        shape = np.asarray(y).shape
        if len(shape) < 2 or shape[1] == 1:
            return check_target(X, y)
        if self.n_bins is not None:
            raise ValueError(
                f"Got n_bins={self.n_bins} with y of {shape[1]} columns, but bins of "
                "one score were expected. Pass n_bins=None, or one column."
            )
        return check_outputs(X, y)

    def _n_outputs(self):
        return np.size(self.target_scale_)

    def _measure(self, rows):
        keep_parameters(self, "n_bins", "loss")
        for name in {"bin_edges_", "bin_means_"} & set(vars(self)):
            delattr(self, name)
        target = rows.target
        if self.n_bins is not None:
            bins, self.bin_edges_ = balanced_bins(target, self.n_bins, rows.weight)
            self.bin_means_ = bin_means(target, bins, rows.weight)
            target = bins.astype(np.float64)
        columns = target.reshape(len(target), -1).T
        found = [offset_and_scale(each, rows.weight, self.loss) for each in columns]
        if target.ndim == 1:
            self.target_offset_, self.target_scale_ = found[0]
        else:
            self.target_offset_, self.target_scale_ = np.transpose(found)

    def _encode(self, rows):
        target = rows.target
        if self.n_bins is not None:
            target = np.searchsorted(self.bin_edges_[1:-1], target, side="right")
        target = (target - self.target_offset_) / self.target_scale_
        return rows._replace(target=target.astype(np.float32))

    def _in_units(self, losses):
        if self.loss == "log_loss" or np.ndim(self.target_scale_):
            return losses
        return [loss * self.target_scale_**2 for loss in losses]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # Ten numbers that are read as a strip of grey say little.
        tags.regressor_tags.poor_score = True
        tags.target_tags.multi_output = True
        return tags
