from . import datasets, evaluation, features, images, metrics, models
from .datasets import load_folder, make_popularity
from .evaluation import compare_features
from .features import (
    HOGLLC,
    ColorHistogram,
    ColorNamesLLC,
    ColorStatistics,
    GistTransformer,
    ImageTransformer,
    LBPPyramid,
    UnreadablePhotosWarning,
    fetch_color_palette,
)
from .images import ImageError, ImageShapeWarning, read_image
from .metrics import spearman_interval, spearman_score, spearman_scorer
from .models import StackedLateFusion

__version__: str
