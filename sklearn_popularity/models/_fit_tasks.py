"""Report the epochs or the nested fits of a fit to scikit-learn's callbacks."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from .._sklearn_compat import CALLBACKS


class FitTasks:
    """The tasks of one fit of an estimator with a `CallbackSupportMixin`.

    Parameters
    ----------
    estimator : estimator
        Estimator whose fit begins.
    X, y : array-like
        Training data.
    sample_weight : array-like or None
        Weights of the rows.
    n_tasks : int
        Maximum number of epochs or nested fits.
    **fitted
        Attributes that a copy of the estimator needs to predict during the fit, besides
        those that change in every epoch.
    """

    def __init__(
        self, estimator: Any, X: Any, y: Any, sample_weight: Any, n_tasks: int, **fitted
    ) -> None:
        weights = None if sample_weight is None else {"sample_weight": sample_weight}
        self._known = {"estimator": estimator, "X": X, "y": y, "metadata": weights}
        self._fitted = fitted
        self._fit = estimator._init_callback_context(max_subtasks=n_tasks)
        self._fit.call_on_fit_task_begin(**self._known)

    def begin_pass(self) -> None:
        """Report that an epoch begins."""
        self._pass = self._fit.subcontext(task_name="epoch")
        self._pass.call_on_fit_task_begin(**self._known)

    def end_pass(self, learned: Callable[[], dict[str, Any]]) -> bool:
        """Report that an epoch is over.

        Parameters
        ----------
        learned : callable
            Returns the attributes that the estimator would have if the fit ended now.

        Returns
        -------
        stop : bool
            Whether a callback asks to stop the fit.
        """
        return self._pass.call_on_fit_task_end(
            **self._known,
            reconstruction_attributes=lambda: self._fitted | learned(),
        )

    def of_model(self, name: str) -> "ModelTask | None":
        """Task of a nested fit; None if there are no callbacks."""
        estimator = self._known["estimator"]
        if not hasattr(estimator, CALLBACKS):
            return None
        return ModelTask(self._fit.subcontext(task_name=f"fit-{name}"), estimator)

    def end(self) -> None:
        """Report that the fit is over and the estimator is fitted."""
        self._fit.call_on_fit_task_end(**self._known, reconstruction_attributes={})


@dataclass(frozen=True)
class ModelTask:
    """A nested fit, which may run in a worker process.

    Parameters
    ----------
    context : CallbackContext
        Callback context of scikit-learn.
    owner : estimator
        Estimator that contains the model.
    """

    context: Any
    owner: Any

    @contextmanager
    def around(self, model: Any) -> Iterator[None]:
        """Propagate the callbacks, if the model supports them, while it is fitted."""
        with ExitStack() as stack:
            if hasattr(model, "set_callbacks"):
                stack.enter_context(self.context.propagate_callback_context(model))
            self.context.call_on_fit_task_begin(estimator=self.owner)
            yield
        self.context.call_on_fit_task_end(estimator=self.owner)
