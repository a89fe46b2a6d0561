"""Build networks of torchvision and timm by name, with their preprocessing."""

from pathlib import Path
from typing import Any

import numpy as np

from .._messages import did_you_mean, quote
from .._optional import import_optional
from .._paths import expand_home
from ._caffe import CAFFE_NETWORKS, CAFFE_SQUARES, build_caffe_network
from ._layers import find_classifier, name_of
from ._packaged import PACKAGED
from ._squares import Squares
from ._torch import NEEDED_FOR, import_torch, own_randomness, torch_work
from ._weights import load_weights, read_weights, without_prefix

_TIMM = "timm/"


def build_network(name: str, weights: str, seed: int) -> Any:
    """Build a network in evaluation mode, on the CPU.

    It waits while another thread trains a network: both use torch's random generator.

    Parameters
    ----------
    name : str
        Name of a network of torchvision, or "timm/" and the name of a model of timm.
    weights : str
        "pretrained", "random" or a path.
    seed : int
        Seed of random weights.

    Returns
    -------
    network : torch.nn.Module

    Raises
    ------
    ValueError
        If the network does not exist, or the file does not fit it.
    FileNotFoundError
        If pretrained weights are not on this machine and cannot be downloaded.
    """
    with torch_work():
        if weights == "pretrained":
            network = _published(name)
        elif weights == "random":
            network = _create(name, seed)
        else:
            network = _from_file(name, expand_home(weights))
        return network.eval().requires_grad_(False)


def published_squares(name: str) -> Squares:
    """Preprocessing of the published weights of a network."""
    if name in CAFFE_NETWORKS:
        return CAFFE_SQUARES
    if name.startswith(_TIMM):
        config = _timm_config(name)
        squares = Squares(
            size=config.input_size[-1],
            resize="squeeze" if config.crop_mode == "squash" else "crop",
            crop_share=config.crop_pct,
            interpolation=config.interpolation,
            mean=tuple(config.mean),
            std=tuple(config.std),
        )
        return PACKAGED[name].squares(squares) if name in PACKAGED else squares
    transforms = _torchvision_weights(name).transforms()
    return Squares(
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
        Name of the network, as `backbone` of :class:`CNNEmbedder`.

    Returns
    -------
    at_hand : bool
        Also False if torch or timm is missing.

    Raises
    ------
    ValueError
        If the network does not exist.
    """
    if name in CAFFE_NETWORKS:
        return False
    try:
        torch = import_torch()
        if name.startswith(_TIMM):
            import_optional("timm", NEEDED_FOR)
            return (_packaged_file(name) or _timm_file(name)) is not None
        checkpoints = Path(torch.hub.get_dir(), "checkpoints")
        return (checkpoints / Path(_torchvision_weights(name).url).name).is_file()
    except ImportError:
        return False


def _packaged_file(name):
    """Path of the weights in an installed package; None if there is none."""
    return PACKAGED[name].path() if name in PACKAGED else None


def _timm_file(name):
    """Path of the weights in the cache of Hugging Face; None if they are not there."""
    config = _timm_config(name)
    if not config.hf_hub_id:
        return None
    find = import_optional("huggingface_hub", NEEDED_FOR).try_to_load_from_cache
    found = find(config.hf_hub_id, config.hf_hub_filename or "model.safetensors")
    return found if isinstance(found, str) else None


def _create(name, seed=0, **options):
    """Create a network, with random weights unless the options say otherwise."""
    if name in CAFFE_NETWORKS:
        with own_randomness(seed):
            return build_caffe_network(name, **options)
    if name.startswith(_TIMM):
        _timm_config(name)
        create = import_optional("timm", NEEDED_FOR).create_model
        options = {"pretrained": False} | options
        name = name.removeprefix(_TIMM)
    else:
        _torchvision_weights(name)
        create = import_optional("torchvision.models", NEEDED_FOR).get_model
        options = {"weights": None} | options
        if name in ("googlenet", "inception_v3"):
            # Without it, they warn that the default will change.
            options["init_weights"] = True
    with own_randomness(seed):
        return create(name, **options)


def _published(name):
    """Create a network with published weights, from a package or a download."""
    if name in CAFFE_NETWORKS:
        raise FileNotFoundError(
            f"The weights of {name!r} are only in Caffe's model zoo. Convert them, and "
            "pass weights= with the path of an .npz or .safetensors file that holds "
            '"conv1.weight", "conv1.bias" and so on up to "fc8.bias".'
        )
    packaged = _packaged_file(name)
    if packaged is not None:
        network = _create(name)
        PACKAGED[name].load(network, packaged, name)
        return network
    get_weights = _timm_config if name.startswith(_TIMM) else _torchvision_weights
    published = get_weights(name)
    try:
        if name.startswith(_TIMM):
            constants = import_optional("huggingface_hub.constants", NEEDED_FOR)
            folder = constants.HF_HUB_CACHE
            return _create(name, pretrained=True)
        folder = Path(import_torch().hub.get_dir()) / "checkpoints"
        state = published.get_state_dict(
            progress=False, check_hash=True, weights_only=True
        )
    except ImportError:
        raise
    except Exception as error:
        # A download fails with errors of many types: offline, wrong hash, full disk.
        raise FileNotFoundError(
            f"The pretrained weights of {name!r} are not in {folder} and cannot be "
            f"downloaded ({error}). Copy them there, or pass weights= with the path of "
            "an .npz, .safetensors or .pth file."
        ) from error
    network = _create(name)
    network.load_state_dict(state)
    return network


def _from_file(name, path):
    """Create a network with the weights of a file, for their number of classes."""
    network = _create(name)
    weights = without_prefix(read_weights(path), network.state_dict())
    n_classes = _n_classes(weights, network)
    if n_classes:
        network = _create(name, num_classes=n_classes)
    load_weights(network, weights, name)
    return network


def _n_classes(weights, network):
    """Number of classes of weights; None if the network's, or if it is not known."""
    classifier = find_classifier(network)
    if classifier is None:
        return None
    parts = [each for each in classifier.modules() if hasattr(each, "out_features")]
    matrix = (parts or [classifier])[-1]
    name = f"{name_of(matrix, network)}.weight"
    found = np.shape(weights.get(name, ()))[:1]
    return None if found in ((), (0,), (len(matrix.weight),)) else found[0]


def _torchvision_weights(name):
    """The default published weights of a classifier of torchvision."""
    models = import_optional("torchvision.models", NEEDED_FOR)
    known = models.list_models(module=models)
    if name not in known:
        raise _unknown(name, [*known, *CAFFE_NETWORKS])
    return models.get_model_weights(name).DEFAULT


def _timm_config(name):
    """Configuration of the published weights of a model of timm."""
    timm = import_optional("timm", NEEDED_FOR)
    try:
        config = timm.models.get_pretrained_cfg(name.removeprefix(_TIMM))
    except RuntimeError:  # timm knows the model, but not these weights
        config = None
    if config is None:
        known = timm.list_models() + timm.list_pretrained()
        raise _unknown(name, [_TIMM + each for each in known])
    return config


def _unknown(name, known):
    return ValueError(
        f"Got backbone={name!r}, but a classifier of torchvision such as 'resnet50', "
        f"'timm/' and a model of timm, or one of {quote(list(CAFFE_NETWORKS))} was "
        f"expected.{did_you_mean(name, known, n=3)}"
    )
