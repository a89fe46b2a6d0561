"""Torch as if nobody had set anything: one context for all work, numbers in turns."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from .._optional import import_optional
from .._process import SharedSetting, Turns

NEEDED_FOR = "A network"
_drawing = Turns()


def import_torch() -> Any:
    """Torch, or one error that says how to install it."""
    return import_optional("torch", NEEDED_FOR)


@contextmanager
def torch_work(
    device: str = "cpu", precision: str = "float32", *, gradients: bool = True
) -> Iterator[Any]:
    """Compute in a precision, whatever the caller has set around the call.

    Autocast, the default dtype, the default device, gradients that are off, and the
    precision of products are those of a fresh process inside, and as they were after.
    Only convolutions of float32 on a GPU differ: torch rounds their factors to ten bits
    (TF32), which changes features by 1e-3; here float32 is float32.

    Parameters
    ----------
    device : str, default="cpu"
        Such as "cpu" or "cuda:1".
    precision : {"float32", "bfloat16", "float16"}, default="float32"
        Of the computation.
    gradients : bool, default=True
        Whether results may be learned from, and tensors be kept for later.

    Yields
    ------
    torch : module
        New tensors are float32 and on the CPU unless told otherwise.
    """
    torch = import_torch()
    kind = device.split(":")[0]
    with ExitStack() as stack:
        stack.enter_context(_plain_numbers.held())
        # A default device is a mode of functions; another one above it would still
        # keep attention from its fast path, which rounds otherwise.
        stack.enter_context(torch._C.DisableTorchFunction())
        stack.enter_context(torch.inference_mode(not gradients))
        # Autocast of the caller may hold copies of weights that have changed since.
        torch.clear_autocast_cache()
        stack.callback(torch.clear_autocast_cache)
        for each in {"cpu", kind}:
            stack.enter_context(torch.autocast(each, enabled=False))
        if precision != "float32":
            dtype = getattr(torch, precision)
            stack.enter_context(torch.autocast(kind, dtype=dtype, cache_enabled=True))
        yield torch


@contextmanager
def own_randomness(seed: int, device: str = "cpu") -> Iterator[None]:
    """Seed torch, and leave the numbers that others draw alone; other threads wait.

    A seed would decide nothing if two threads drew from torch's one generator in turn.

    Parameters
    ----------
    seed : int
        Of what is drawn inside.
    device : str, default="cpu"
        Such as "cpu" or "cuda", whose generators are put back too.
    """
    torch = import_torch()
    devices = range(torch.cuda.device_count()) if device.startswith("cuda") else []
    with _drawing.turn(), torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        yield


def choose_device(device: str) -> str:
    """The device, or what "auto" stands for: a GPU where there is one.

    Raises
    ------
    ValueError
        If there is no such device.
    """
    torch = import_torch()
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"Got device={device!r}, which cannot be used ({error}). Pass 'auto', or "
            "'cpu'."
        ) from error
    return device


def choose_precision(precision: str, device: str) -> str:
    """The precision that "auto" stands for: bfloat16 on a GPU that has it."""
    if precision != "auto":
        return precision
    on_gpu = device.startswith("cuda")
    has_half = on_gpu and import_torch().cuda.is_bf16_supported()
    return "bfloat16" if has_half else "float32"


def move_to_device(module: Any, device: str) -> Any:
    """Move a network, with the channels last, which convolutions are fastest on."""
    return module.to(device).to(memory_format=import_torch().channels_last)


@contextmanager
def _fresh_numbers():
    """The dtype of new tensors and the precision of products, for the whole process."""
    torch = import_torch()
    found = torch.get_default_dtype()
    with ExitStack() as stack:
        if found != torch.float32:
            torch.set_default_dtype(torch.float32)
            stack.callback(torch.set_default_dtype, found)
        if hasattr(torch.backends, "fp32_precision"):
            _restore_products(torch.backends, stack)
        else:
            _restore_products_as_before(torch, stack)
        yield


def _restore_products_as_before(torch, stack):
    """Exact float32 products, before torch 2.9."""
    found = torch.get_float32_matmul_precision()
    if found != "highest":
        torch.set_float32_matmul_precision("highest")
        stack.callback(torch.set_float32_matmul_precision, found)
    cudnn = torch.backends.cudnn
    if cudnn.allow_tf32:
        cudnn.allow_tf32 = False
        stack.callback(setattr, cudnn, "allow_tf32", True)


def _restore_products(backends, stack):
    """Exact float32 products, since torch 2.9 of each operation."""
    cudnn, mkldnn = backends.cudnn, backends.mkldnn
    unset, exact = {"none"}, {"ieee", "none"}
    allowed = {
        backends: unset,  # what holds unless an operation has its own
        cudnn: unset,
        mkldnn: unset,
        backends.cuda.matmul: exact,
        mkldnn.matmul: exact,
        mkldnn.conv: exact,
        mkldnn.rnn: exact,
        # Unset, they would be torch's own, which are TF32.
        cudnn.conv: {"ieee"},
        cudnn.rnn: {"ieee"},
    }
    for operation, values in allowed.items():
        found = operation.fp32_precision
        if found not in values:
            operation.fp32_precision = min(values)
            stack.callback(setattr, operation, "fp32_precision", found)


_plain_numbers = SharedSetting(_fresh_numbers)
