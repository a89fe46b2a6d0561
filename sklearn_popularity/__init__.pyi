from . import (
    context,
    datasets,
    evaluation,
    features,
    images,
    inspection,
    metrics,
    models,
    networks,
    papers,
)
from .context import (
    NeighborPopularity,
    SocialFeatures,
    TagEmbedder,
    UserHistoryEncoder,
    ZeroShotTagger,
    count_from_popularity,
    drop_viral,
    log_normalized_popularity,
)
from .datasets import load_folder, make_popularity
from .evaluation import (
    IntervalRegressor,
    PerUserShuffleSplit,
    compare_features,
    evaluate_protocols,
)
from .features import (
    HOGLLC,
    CacheWarning,
    CNNEmbedder,
    ColorHistogram,
    ColorNamesLLC,
    ColorStatistics,
    GistTransformer,
    ImageTransformer,
    LBPPyramid,
    UnreadablePhotosWarning,
    extract,
    fetch_color_palette,
)
from .images import ImageError, ImageShapeWarning, read_image
from .inspection import (
    ablation,
    color_importance,
    object_importance,
    popularity_report,
    quadrants,
    region_heatmap,
    sense_words,
)
from .metrics import (
    human_consistency,
    per_user_spearman_score,
    per_user_spearman_scorer,
    spearman_interval,
    spearman_score,
    spearman_scorer,
    top_fraction_accuracy,
)
from .models import (
    CNNFineTuneClassifier,
    CNNFineTuneRegressor,
    KClassAggregatingClassifier,
    LatentRankSVM,
    MultiBranchMLPClassifier,
    MultiBranchMLPRegressor,
    PairwiseRanker,
    PerUserRegressor,
    ResidualRegressor,
    StackedLateFusion,
    load_model,
    read_model_card,
    save_model,
)
from .networks import DegenerateFeaturesWarning, Preprocessing

__version__: str
