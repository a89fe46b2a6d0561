"""Networks of torchvision and timm: preprocessing, weights, and outputs of layers."""

# Names imported "as" themselves are for other subpackages, not for users.
from ._backbones import build_network as build_network
from ._backbones import pretrained_at_hand as pretrained_at_hand
from ._kept import KeptNetwork as KeptNetwork
from ._kept import shelf as shelf
from ._known import KNOWN_NETWORKS as KNOWN_NETWORKS
from ._known import KnownNetwork as KnownNetwork
from ._layers import Columns as Columns
from ._layers import find_classifier as find_classifier
from ._layers import name_of as name_of
from ._nested import NestedDefaultsMixin as NestedDefaultsMixin
from ._network import LayerReader as LayerReader
from ._network import NetworkSpec as NetworkSpec
from ._network import published_columns as published_columns
from ._plausible import DegenerateFeaturesWarning
from ._preprocessing import Preprocessing
from ._preprocessing import squares_for as squares_for
from ._squares import Squares as Squares
from ._squares import to_planes as to_planes
from ._torch import NEEDED_FOR as NEEDED_FOR
from ._torch import choose_device as choose_device
from ._torch import choose_precision as choose_precision
from ._torch import import_torch as import_torch
from ._torch import move_to_device as move_to_device
from ._torch import own_randomness as own_randomness
from ._torch import torch_work as torch_work
from ._weights import check_weights_file as check_weights_file
from ._weights import digest_of as digest_of
from ._weights import digest_of_arrays as digest_of_arrays
from ._weights import load_weights as load_weights

__all__ = ["DegenerateFeaturesWarning", "Preprocessing"]
