"""A pretrained network that is fine-tuned to predict classes."""

from typing import ClassVar

from ..._sklearn_compat import _fit_context
from ._fine_tune import CNNFineTune
from ._network_estimator import NetworkClassifierMixin


class CNNFineTuneClassifier(NetworkClassifierMixin, CNNFineTune):
    r"""Predict classes of photos by fine-tuning a pretrained network.

    The last layer of the network is replaced by a linear head for new classes, and all
    layers are trained, the head at a higher learning rate.

    Parameters
    ----------
    embedder : CNNEmbedder, default=None
        The pretrained network and its preprocessing; see Notes. None is a ResNet-50
        with published weights on the centre of each photo:
        ``CNNEmbedder(preprocessing=Preprocessing(resize="crop", crop_share=0.875))``.
        The network of [1]_ is "caffenet", whose weights have to be converted; "alexnet"
        with ``size=227`` and ``crop_share=227 / 256`` is similar.
    head_multiplier : float, default=20
        Factor by which the new head learns faster than the backbone, as in [1]_.
    dropout : float, default=0.5
        Dropout probability before the head and after earlier fully connected layers:
        after fc6 and fc7, as in [1]_.
    optimizer : {"adam", "sgd"}, default="adam"
        Optimizer; "sgd" has a momentum of 0.9, as Caffe's solver in [1]_.
    learning_rate : float, default=1e-5
        Learning rate of the backbone; see Notes.
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
        are groups; otherwise the split is stratified by class.
    validation_fraction : float, default=0.1
        Fraction of the rows, or of the groups, to hold out; only with `early_stopping`.
    n_iter_no_change : int, default=3
        Number of epochs without a lower loss on held-out rows after which training
        stops; only with `early_stopping`.
    groups : callable, default=None
        Function from X to the group of each row, such as the folder of a path. Rows of
        a group are held out together.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, by label. "balanced" gives each class the same total.
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
    classes_ : ndarray of shape (n_classes,)
        Labels of the classes.
    loss_curve_ : list of float
        Mean loss in each epoch, with dropout and without penalty: the cross-entropy, in
        nats.
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
    CNNFineTuneRegressor : The same for a score.
    KClassAggregatingClassifier : Around this, a score from ranges of it.

    Notes
    -----
    The mean cross-entropy of the softmax plus :math:`\alpha/2 \sum |W|^2` is minimised,
    batch by batch. In section 4.2 of [1]_ the classes are photos that were ever
    favoured and others; it gives neither learning rate, momentum nor penalty of
    this. Caffe's example of this network has ``optimizer="sgd", learning_rate=1e-3``;
    the steps of Adam, the default, have the same size for any backbone.

    How `embedder` is used, how photos are read and kept, what a checkpoint promises and
    what weights of rows mean is as in :class:`CNNFineTuneRegressor`, see its Notes.
    `transform` returns embeddings by the fine-tuned network.

    Departures from [1]_: the head starts at zero rather than at random, so that the
    first probabilities are equal; biases learn at the rate of their layer; photos are
    not reduced to 256 pixels in between.

    References
    ----------
    .. [1] Dufour, "Will it play in Peoria? Predicting image popularity with
       convolutional neural networks", Stanford University, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity import CNNEmbedder, CNNFineTuneClassifier
    >>> photos = np.random.default_rng(0).integers(0, 256, (8, 40, 60, 3), np.uint8)
    >>> embedder = CNNEmbedder(backbone="squeezenet1_1", weights="random")
    >>> model = CNNFineTuneClassifier(embedder=embedder, max_epochs=2)
    >>> labels = ["dull", "liked"] * 4
    >>> model.fit(photos, labels).predict_proba(photos).shape  # doctest: +SKIP
    (8, 2)
    """

    _parameter_constraints: ClassVar[dict] = {
        **CNNFineTune._parameter_constraints,
        **NetworkClassifierMixin._parameter_constraints,
    }

    def __init__(
        self,
        *,
        embedder=None,
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
        class_weight=None,
        checkpoint=None,
        random_state=None,
        verbose=False,
    ):
        self.embedder = embedder
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
        self.class_weight = class_weight
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
        y : array-like of shape (n_samples,)
            Labels of classes.
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

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # Ten numbers that are read as a strip of grey say little.
        tags.classifier_tags.poor_score = True
        return tags
