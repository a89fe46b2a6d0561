"""Networks by name, from torchvision and timm, with how they take photos."""

from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ..._optional import import_optional
from ._preprocessing import Preprocessing
from ._randomness import own_randomness
from ._weights import load_weights, read_weights

_USER = "CNNEmbedder"
_TIMM = "timm/"


def build_network(name: str, weights: str, seed: int) -> Any:
    """Build a network in evaluation mode, on the CPU.

    It waits while another thread trains a network: both draw random numbers of torch.

    Parameters
    ----------
    name : str
        Of torchvision, or "timm/" and a name of timm.
    weights : str
        "pretrained", "random" or a path.
    seed : int
        Of random weights.

    Returns
    -------
    network : torch.nn.Module

    Raises
    ------
    ValueError
        If there is no such network, or the file does not fit it.
    FileNotFoundError
        If pretrained weights are neither on this machine nor to be had.
    """
    torch = import_optional("torch", _USER)
    with own_randomness("cpu", _USER):
        torch.manual_seed(seed)
        network = _create(name)
    if weights == "pretrained":
        network.load_state_dict(_pretrained_state(name))
    elif weights != "random":
        load_weights(network, read_weights(Path(weights)), name)
    return network.eval().requires_grad_(False)


def preprocessing_of(name: str) -> Preprocessing:
    """How the published weights of a network take photos."""
    if name.startswith(_TIMM):
        return _timm_preprocessing(name)
    transforms = _torchvision_weights(name).transforms()
    return Preprocessing(
        size=transforms.crop_size[0],
        crop_share=transforms.crop_size[0] / transforms.resize_size[0],
        interpolation=transforms.interpolation.value,
        mean=tuple(transforms.mean),
        std=tuple(transforms.std),
    )


def pretrained_at_hand(name: str) -> bool:
    """Whether the published weights of a network can be used without a download.

    Parameters
    ----------
    name : str
        As the `backbone` of :class:`CNNEmbedder`.

    Returns
    -------
    at_hand : bool
        False also where torch or timm is missing.

    Raises
    ------
    ValueError
        If there is no such network.
    """
    try:
        if name.startswith(_TIMM):
            return _timm_file(name) is not None
        checkpoints = Path(import_optional("torch", _USER).hub.get_dir(), "checkpoints")
        return (checkpoints / Path(_torchvision_weights(name).url).name).is_file()
    except ImportError:
        return False


def _timm_file(name):
    """Path of the weights in the cache of Hugging Face; None if they are not there."""
    config = _timm_config(name)
    if not config.hf_hub_id:
        return None
    find = import_optional("huggingface_hub", _USER).try_to_load_from_cache
    found = find(config.hf_hub_id, config.hf_hub_filename or "model.safetensors")
    return found if isinstance(found, str) else None


def _timm_preprocessing(name):
    config = _timm_config(name)
    return Preprocessing(
        size=config.input_size[-1],
        resize="squeeze" if config.crop_mode == "squash" else "crop",
        crop_share=config.crop_pct,
        interpolation=config.interpolation,
        mean=tuple(config.mean),
        std=tuple(config.std),
    )


def _create(name):
    if name.startswith(_TIMM):
        _timm_config(name)
        timm = import_optional("timm", _USER)
        return timm.create_model(name.removeprefix(_TIMM), pretrained=False)
    models = import_optional("torchvision.models", _USER)
    _torchvision_weights(name)
    # Their auxiliary classifiers and their warning are for training.
    extra = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
    return models.get_model(name, weights=None, **extra)


def _torchvision_weights(name):
    """The best published weights of a classifier of torchvision."""
    models = import_optional("torchvision.models", _USER)
    known = models.list_models(module=models)
    if name not in known:
        raise _unknown(name, known)
    return models.get_model_weights(name).DEFAULT


def _timm_config(name):
    """What timm knows of the published weights of a model."""
    timm = import_optional("timm", _USER)
    try:
        config = timm.models.get_pretrained_cfg(name.removeprefix(_TIMM))
    except RuntimeError:  # a model that it knows, but not with these weights
        config = None
    if config is None:
        known = timm.list_models() + timm.list_pretrained()
        raise _unknown(name, [_TIMM + each for each in known])
    return config


def _unknown(name, known):
    near = get_close_matches(name, known, n=3)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    return ValueError(
        f"Got backbone={name!r}, but a classifier of torchvision such as 'resnet50', "
        f"or 'timm/' and a model of timm, was expected.{hint}"
    )


def _pretrained_state(name):
    try:
        if name.startswith(_TIMM):
            folder = import_optional("huggingface_hub.constants", _USER).HF_HUB_CACHE
            timm = import_optional("timm", _USER)
            with own_randomness("cpu", _USER):  # it draws before it loads
                model = timm.create_model(name.removeprefix(_TIMM), pretrained=True)
            return model.state_dict()
        hub = import_optional("torch", _USER).hub
        folder = Path(hub.get_dir()) / "checkpoints"
        return _torchvision_weights(name).get_state_dict(
            progress=False, check_hash=True, weights_only=True
        )
    except ImportError:
        raise
    except Exception as error:
        # Whatever a download fails with: no network, a wrong hash, a full disk.
        raise FileNotFoundError(
            f"The pretrained weights of {name!r} are not in {folder} and cannot be "
            f"downloaded ({error}). Put them there, or pass weights= with the path of "
            "an .npz, .safetensors or .pth file."
        ) from error
