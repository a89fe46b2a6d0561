"""Recommended networks, best first, with size and licence."""

from typing import NamedTuple


class KnownNetwork(NamedTuple):
    """Facts about the published weights of a network, known before a download.

    Parameters
    ----------
    backbone : str
        Name, as in :class:`CNNEmbedder`.
    width : int
        Number of features of the penultimate layer.
    megabytes : int
        Size of the weights in MB.
    licence : str
        Licence of the weights, according to timm.
    learned_from : {"captions", "photos", "classes"}
        Training data: photos with captions, photos alone, or photos with classes.
    """

    backbone: str
    width: int
    megabytes: int
    licence: str
    learned_from: str


# In the order of published comparisons. The extra "torch" brings the weights of the
# last one.
_ROWS = [
    ("timm/vit_pe_core_large_patch14_336.fb", 1024, 1269, "apache-2.0", "captions"),
    ("timm/vit_base_patch16_siglip_224.v2_webli", 768, 372, "apache-2.0", "captions"),
    ("timm/vit_base_patch16_siglip_224.webli", 768, 372, "apache-2.0", "captions"),
    ("timm/vit_pe_core_base_patch16_224.fb", 768, 375, "apache-2.0", "captions"),
    ("timm/vit_base_patch16_clip_224.openai", 768, 345, "apache-2.0", "captions"),
    ("timm/vit_base_patch16_dinov3.lvd1689m", 768, 343, "dinov3-license", "photos"),
    ("timm/vit_small_patch16_dinov3.lvd1689m", 384, 86, "dinov3-license", "photos"),
    ("timm/vit_small_patch14_dinov2.lvd142m", 384, 88, "apache-2.0", "photos"),
    ("timm/tf_efficientnet_lite2", 1280, 24, "apache-2.0", "classes"),
]
KNOWN_NETWORKS = tuple(KnownNetwork(*row) for row in _ROWS)
