"""Context: features of what surrounds a photo, and the target itself."""

# Names imported as themselves are for other rooms, not for users.
from ._neighbor_popularity import NeighborPopularity
from ._order import read_order as read_order
from ._social_features import SocialFeatures
from ._tag_embedder import TagEmbedder
from ._target import count_from_popularity, drop_viral, log_normalized_popularity
from ._times import DAY as DAY
from ._times import looks_like_times as looks_like_times
from ._times import read_times as read_times
from ._times import times_and_zones as times_and_zones
from ._user_history import UserHistoryEncoder
from ._zero_shot_tagger import ZeroShotTagger

__all__ = [
    "NeighborPopularity",
    "SocialFeatures",
    "TagEmbedder",
    "UserHistoryEncoder",
    "ZeroShotTagger",
    "count_from_popularity",
    "drop_viral",
    "log_normalized_popularity",
]
