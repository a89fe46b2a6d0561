from . import datasets, evaluation, features, images, metrics, models
from .datasets import load_folder, make_popularity
from .evaluation import PerUserShuffleSplit, compare_features, evaluate_protocols
from .features import (
    HOGLLC,
    CNNEmbedder,
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
from .metrics import (
    per_user_spearman_score,
    per_user_spearman_scorer,
    spearman_interval,
    spearman_score,
    spearman_scorer,
    top_fraction_accuracy,
)
from .models import (
    KClassAggregatingClassifier,
    LatentRankSVM,
    MultiBranchMLPClassifier,
    MultiBranchMLPRegressor,
    PerUserRegressor,
    StackedLateFusion,
)

__version__: str
