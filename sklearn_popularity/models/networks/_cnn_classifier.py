"""A class from photos, by a network that was trained on others and learns on."""

from typing import ClassVar

from ..._sklearn_compat import _fit_context
from ._fine_tune import CNNFineTune
from ._network_estimator import NetworkClassifierMixin


class CNNFineTuneClassifier(NetworkClassifierMixin, CNNFineTune):
    r"""A network of photos that goes on learning, with new classes for its own.

    The last layer of a network that was trained on other photos is replaced by one of
    new classes, and all layers learn, the new one in larger steps.

    Parameters
    ----------
    embedder : CNNEmbedder, default=None
        The network that goes on learning and how it takes photos; see Notes. None is
        a ResNet-50 with published weights that sees the centre of each photo:
        ``CNNEmbedder(preprocessing=Preprocessing(resize="crop", crop_share=0.875))``.
        The network of [1]_ is "caffenet", whose weights have to be converted; "alexnet"
        with ``size=227`` and ``crop_share=227 / 256`` is much like it.
    head_multiplier : float, default=20
        What the learning rate of the new head is multiplied by, as in [1]_.
    dropout : float, default=0.5
        Share of what the head sees that is left out in training, and of what comes
        from fully connected layers before it: after fc6 and fc7, as in [1]_.
    optimizer : {"adam", "sgd"}, default="adam"
        Kind of steps; "sgd" with a momentum of 0.9, as Caffe's solver in [1]_.
    learning_rate : float, default=1e-5
        Size of the steps of the backbone; see Notes.
    step_epochs : int, default=None
        Passes after which the learning rate becomes a tenth, again and again, as
        Caffe's "step". None keeps it.
    alpha : float, default=5e-4
        Strength of the L2 penalty on the weights; biases and the scales of
        normalisation have none. 5e-4 is of Caffe's solver.
    trainable : {"weights", "all", "head"} or str, default="weights"
        What learns. "weights": all weights; batch normalisation keeps the published
        means and variances, so that a photo's output does not depend on its batch.
        "all": these too, for random weights and large batches. "head": the new head
        alone. Otherwise the weights from this layer of the backbone on, by the name
        that torch gives it, such as "layer4" of ResNet-50; what comes before stays as
        it is, without dropout.
    augment : bool, default=True
        Whether each pass sees a random square of each photo, half of them mirrored.
        Validation and prediction see the centre.
    batch_size : int, default=32
        Photos of a step, at most, and of a prediction.
    max_epochs : int, default=10
        Passes over the photos, at most; about 4 in [1]_. Without early stopping, all
        are made.
    early_stopping : bool, default=False
        Whether to hold rows out and to keep the weights with the least loss on these:
        whole groups, or rows of classes in the shares of all.
    validation_fraction : float, default=0.1
        Share of the rows held out, or of the groups; only with `early_stopping`.
    n_iter_no_change : int, default=3
        Passes without a smaller loss on the rows held out after which training stops.
    groups : callable, default=None
        Function from X to the group of each row, such as the folder of a path. Rows of
        a group are held out together.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, by label. "balanced" gives each class the same total.
    checkpoint : str or path, default=None
        File that keeps the state after each epoch, or a folder, which holds a file for
        each combination of settings and data. A fit with the same settings and data
        goes on from it; `random_state` must be an integer.
    random_state : int, RandomState instance or None, default=None
        Seed of random weights, of the rows held out, of the order of the photos, of
        their views and of dropout.
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
        Mean loss in each pass, with dropout and without penalty: the cross-entropy, in
        nats.
    validation_scores_ : list of float
        Minus the mean loss on the rows held out, after each pass: the greatest is the
        best. Empty without `early_stopping`.
    validation_rows_ : ndarray of int
        Numbers of the rows held out; empty without `early_stopping`.
    n_epochs_ : int
        Passes made.
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
    favoured and others; it tells neither learning rate, momentum nor penalty of
    this. Those of Caffe's example of this network are ``optimizer="sgd",
    learning_rate=1e-3``; Adam's steps, which are the default, are of the same size for
    any backbone.

    Of `embedder`, which is not changed, these parameters count: `backbone`, `weights`,
    `preprocessing`, `max_size`, `image_shape`, `value_range`, `device`, `precision`,
    and `n_jobs` as the number of threads that read photos ahead of the network. Its
    `layer` has to be "penultimate", its `pooling` "mean", and its `preprocessing` makes
    squares without `flip`; the others are not used, so nothing is cached and an
    unreadable photo is an error. Its parameters can be set and
    searched, as ``embedder__backbone`` or ``embedder__preprocessing__size``.

    Threads read photos ahead of the network. Up to 2 GiB of decoded photos are kept for
    the next epoch, at `max_size` of `embedder`; the others are read again. The square
    is cut out of the photo and reduced in one step, at a random place of the central
    square in training and at its centre after it; photos that are squeezed or padded
    are mirrored alone. A process trains one network at a time; other threads wait.

    Order, views and dropout of a pass follow from the seed and the number of the pass
    alone. On a CPU an interrupted fit that goes on from its checkpoint therefore ends
    with the very weights of one that was not interrupted, for the same number of
    torch's threads; for another number, or on a GPU, they agree up to rounding. The
    checkpoint is kept when training is over, and a greater `max_epochs` goes on from
    it. It is replaced in one step, is known by a checksum, and runs no code when read.

    Weights of rows are divided by their mean, so only their ratios matter; a weight is
    a repetition while all rows fit into one batch, without dropout, augmentation and
    early stopping.

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
            Weights of the rows. A photo of weight 0 is not read.

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
            If there are no such weights, or no folder for the checkpoint.
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
