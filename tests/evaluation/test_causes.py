"""follow_causes: what the prediction knows is found, what it cannot know is not."""

import numpy as np
import pandas as pd

from sklearn_popularity import make_popularity, spearman_score
from sklearn_popularity.evaluation import follow_causes


def test_planted_causes_are_told_apart():
    _, truth = make_popularity(150, image_size=(32, 32), random_state=0)
    effects = truth.effects[["saturation", "object", "tags"]]
    predicted = effects["saturation"] + effects["object"]
    causes = follow_causes(effects, predicted).set_index("cause")
    assert causes["found"].to_dict() == {
        "saturation": True,
        "object": True,
        "tags": False,
    }
    score = spearman_score(effects["object"], predicted)
    assert causes.loc["object", "spearman"] == score
    assert (causes["low"] < causes["spearman"]).all()


def test_opposite_predictions_find_nothing():
    effects = pd.DataFrame({"cause": np.arange(50.0)})
    assert not follow_causes(effects, -np.arange(50.0))["found"].any()
