"""Import packages of extras, with one error that says what to install."""

import importlib
from types import ModuleType

_EXTRA_OF = {
    "torch": "torch",
    "torchvision": "torch",
    "timm": "torch",
    "huggingface_hub": "torch",
    "skorch": "torch",
    "safetensors": "torch",
    "matplotlib": "report",
    "jinja2": "report",
    "pi_heif": "heic",
    "pyarrow": "parquet",
}


def import_optional(name: str, needed_for: str) -> ModuleType:
    """Import a package of an extra, or a module of one, such as "safetensors.numpy".

    The error says what needs it, and which extra to install.
    """
    try:
        return importlib.import_module(name)
    except (ImportError, RuntimeError) as error:  # torchvision for another torch
        package = name.split(".")[0]
        extra = _EXTRA_OF[package]
        raise ImportError(
            f"{needed_for} needs {package}, which cannot be imported ({error}). "
            f'Install the extra {extra}: pip install ".[{extra}]" in the folder of the '
            "source code."
        ) from error
