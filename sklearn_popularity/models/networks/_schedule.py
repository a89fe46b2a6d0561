"""How a network is trained."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How a network is trained; names are those of the estimators' parameters.

    Parameters
    ----------
    loss : {"squared_error", "half_squared_error", "log_loss", "cross_entropy"}
        What is minimised. Targets of "log_loss" are between 0 and 1, those of
        "cross_entropy" are numbers of classes.
    optimizer : {"adam", "rmsprop", "sgd"}
        Optimizer.
    nesterov : bool, default=False
        Whether the momentum of "sgd" is Nesterov's.
    learning_rate, alpha : float
        Learning rate, and strength of the L2 penalty.
    head_multiplier : float, default=1.0
        Factor by which the "head" of the module learns faster.
    step_epochs : int, default=None
        Number of epochs after which the learning rate is divided by 10, repeatedly.
    max_epochs, n_iter_no_change : int
        Maximum number of epochs, and of those without improvement on held-out rows.
    threshold : float, default=0.0
        Smallest improvement that counts, as a share of the lowest loss.
    trainable : str, default="all"
        What learns: "all", "weights" (all but the statistics of batch normalisation),
        "head", or the weights from this layer of the backbone on.
    device : str
        Such as "cpu" or "cuda:1".
    precision : {"float32", "bfloat16", "float16"}, default="float32"
        Precision of the computation; weights stay as they are.
    seed : int
        Seed of the random numbers of torch.
    n_threads : int, default=None
        Number of threads of torch; None does not change it.
    n_photos : int, default=0
        Number of photos in an epoch, for the progress bar; 0 counts epochs instead.
    verbose : bool
        Whether to show a progress bar.
    """

    loss: str
    optimizer: str
    nesterov: bool = False
    learning_rate: float
    alpha: float
    head_multiplier: float = 1.0
    step_epochs: int | None = None
    max_epochs: int
    n_iter_no_change: int
    threshold: float = 0.0
    trainable: str = "all"
    device: str
    precision: str = "float32"
    seed: int
    n_threads: int | None = None
    n_photos: int = 0
    verbose: bool
