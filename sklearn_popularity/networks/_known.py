"""Networks that are worth having, best first, with what they cost."""

from typing import NamedTuple


class KnownNetwork(NamedTuple):
    """What is known of a network's published weights before they are here.

    Parameters
    ----------
    backbone : str
        See :class:`CNNEmbedder`.
    width : int
        Numbers that its penultimate layer gives for a photo.
    megabytes : int
        Size of the weights.
    licence : str
        Of the weights, as timm tells it.
    learned_from : {"captions", "photos", "classes"}
        What it was trained on.
    """

    backbone: str
    width: int
    megabytes: int
    licence: str
    learned_from: str


# By published comparisons. Of the last one the weights come with the extra "torch".
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
