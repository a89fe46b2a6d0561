"""Run torch independently of global settings, with random numbers of its own."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from .._optional import import_optional
from .._process import SharedSetting, Turns

NEEDED_FOR = "A network"
_drawing = Turns()


def import_torch() -> Any:
    """Import torch, or raise an error that says how to install it."""
    return import_optional("torch", NEEDED_FOR)


@contextmanager
def torch_work(
    device: str = "cpu", precision: str = "float32", *, gradients: bool = True
) -> Iterator[Any]:
    """Compute in a precision, whatever the caller has set around the call.

    Inside, autocast, the default dtype and device, gradients, and the precision of
    matrix products are as in a fresh process; they are restored afterwards. One setting
    differs: float32 convolutions on a GPU do not use TF32, torch's default, which
    rounds factors to ten bits and changes features by 1e-3.

    Parameters
    ----------
    device : str, default="cpu"
        Device, such as "cpu" or "cuda:1".
    precision : {"float32", "bfloat16", "float16"}, default="float32"
        Dtype of the computation.
    gradients : bool, default=True
        Whether to record gradients; False runs in inference mode.

    Yields
    ------
    torch : module
        New tensors are float32 and on the CPU unless told otherwise.
    """
    torch = import_torch()
    kind = device.split(":")[0]
    with ExitStack() as stack:
        stack.enter_context(_plain_numbers.held())
        # A default device is a torch function mode. Overriding it by another mode would
        # still disable the fast path of attention, which rounds differently.
        stack.enter_context(torch._C.DisableTorchFunction())
        stack.enter_context(torch.inference_mode(not gradients))
        # The caller's autocast may cache copies of weights that have changed since.
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
    """Seed torch within a context, and restore its generators; other threads wait.

    Two threads that drew from torch's one generator would make results irreproducible.

    Parameters
    ----------
    seed : int
        Seed of the generators inside.
    device : str, default="cpu"
        Device, such as "cpu" or "cuda", whose generators are restored too.
    """
    torch = import_torch()
    devices = range(torch.cuda.device_count()) if device.startswith("cuda") else []
    with _drawing.turn(), torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        yield


def choose_device(device: str) -> str:
    """Check a device; "auto" is a GPU if there is one, else the CPU.

    Raises
    ------
    ValueError
        If the device cannot be used.
    """
    torch = import_torch()
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"Got device={device!r}, which cannot be used ({error}). Pass 'auto' or "
            "'cpu'."
        ) from error
    return device


def choose_precision(precision: str, device: str) -> str:
    """Resolve "auto": bfloat16 on a GPU that supports it, else float32."""
    if precision != "auto":
        return precision
    on_gpu = device.startswith("cuda")
    has_half = on_gpu and import_torch().cuda.is_bf16_supported()
    return "bfloat16" if has_half else "float32"


def move_to_device(module: Any, device: str) -> Any:
    """Move a network, with channels last, which is fastest for convolutions."""
    return module.to(device).to(memory_format=import_torch().channels_last)


@contextmanager
def _fresh_numbers():
    """Reset the default dtype and the precision of products, for the whole process."""
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
    """Set exact float32 products before torch 2.9, and restore them later."""
    found = torch.get_float32_matmul_precision()
    if found != "highest":
        torch.set_float32_matmul_precision("highest")
        stack.callback(torch.set_float32_matmul_precision, found)
    cudnn = torch.backends.cudnn
    if cudnn.allow_tf32:
        cudnn.allow_tf32 = False
        stack.callback(setattr, cudnn, "allow_tf32", True)


def _restore_products(backends, stack):
    """Set exact float32 products per operation, since torch 2.9; restore them later."""
    cudnn, mkldnn = backends.cudnn, backends.mkldnn
    unset, exact = {"none"}, {"ieee", "none"}
    allowed = {
        backends: unset,  # for operations without their own setting
        cudnn: unset,
        mkldnn: unset,
        backends.cuda.matmul: exact,
        mkldnn.matmul: exact,
        mkldnn.conv: exact,
        mkldnn.rnn: exact,
        # Unset, they would use TF32, torch's default.
        cudnn.conv: {"ieee"},
        cudnn.rnn: {"ieee"},
    }
    for operation, values in allowed.items():
        found = operation.fp32_precision
        if found not in values:
            operation.fp32_precision = min(values)
            stack.callback(setattr, operation, "fp32_precision", found)


_plain_numbers = SharedSetting(_fresh_numbers)
