"""How a network is trained."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How a network is trained, by the names of the estimators' parameters.

    Parameters
    ----------
    loss : {"squared_error", "half_squared_error", "log_loss", "cross_entropy"}
        What is minimised; "log_loss" is of targets from 0 to 1, "cross_entropy" of
        numbers of classes.
    optimizer : {"adam", "rmsprop", "sgd"}
        Kind of steps.
    nesterov : bool, default=False
        Whether the momentum of "sgd" is Nesterov's.
    learning_rate, alpha : float
        Size of the steps, strength of the penalty.
    head_multiplier : float, default=1.0
        What the steps of the module's "head" are multiplied by.
    step_epochs : int, default=None
        Epochs after which steps become a tenth, again and again.
    max_epochs, n_iter_no_change : int
        Epochs, and those without improvement on the rows held out after which to stop.
    threshold : float, default=0.0
        Share of the least loss that an improvement has to exceed.
    trainable : str, default="all"
        What learns; "weights" is all but the statistics of batch normalisation, and
        any other the weights from this layer of the backbone on.
    device : str
        Such as "cpu" or "cuda:1".
    precision : {"float32", "bfloat16", "float16"}, default="float32"
        Of the computation; weights keep theirs.
    seed : int
        Of what torch draws.
    n_threads : int, default=None
        Threads of torch; None leaves them.
    n_photos : int, default=0
        Photos of an epoch, which the progress bar counts; epochs if 0.
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
