"""What scikit-learn's callbacks learn of a fit: its passes, or the fits within."""

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
        Whose fit begins.
    X, y : array-like
        What it was given.
    sample_weight : array-like or None
        Weights that it was given.
    n_tasks : int
        Passes or fits, at most.
    **fitted
        What a copy of the estimator needs to predict during the fit, beside what
        changes from pass to pass.
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
        """Tell that a pass begins."""
        self._pass = self._fit.subcontext(task_name="epoch")
        self._pass.call_on_fit_task_begin(**self._known)

    def end_pass(self, learned: Callable[[], dict[str, Any]]) -> bool:
        """Tell that a pass is over.

        Parameters
        ----------
        learned : callable
            Returns the attributes that the fit would end with now.

        Returns
        -------
        stop : bool
            Whether a callback asks for the end.
        """
        return self._pass.call_on_fit_task_end(
            **self._known,
            reconstruction_attributes=lambda: self._fitted | learned(),
        )

    def of_model(self, name: str) -> "ModelTask | None":
        """Task of the fit of a model within; None where nobody listens."""
        estimator = self._known["estimator"]
        if not hasattr(estimator, CALLBACKS):
            return None
        return ModelTask(self._fit.subcontext(task_name=f"fit-{name}"), estimator)

    def end(self) -> None:
        """Tell that the fit is over, and the estimator is fitted."""
        self._fit.call_on_fit_task_end(**self._known, reconstruction_attributes={})


@dataclass(frozen=True)
class ModelTask:
    """The fit of a model within another one, for workers too.

    Parameters
    ----------
    context : CallbackContext
        Of scikit-learn.
    owner : estimator
        Whose model it is.
    """

    context: Any
    owner: Any

    @contextmanager
    def around(self, model: Any) -> Iterator[None]:
        """Pass the callbacks on to a model that knows of these, while it is fitted."""
        with ExitStack() as stack:
            if hasattr(model, "set_callbacks"):
                stack.enter_context(self.context.propagate_callback_context(model))
            self.context.call_on_fit_task_begin(estimator=self.owner)
            yield
        self.context.call_on_fit_task_end(estimator=self.owner)
