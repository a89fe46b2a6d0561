"""
Separating the photo from its user
==================================

Popular users post saturated photos, although saturation itself costs likes. A ranker
fitted on all pairs of posts learns that saturated photos are popular. A ranker that
only compares posts of the same user learns the effect of saturation, and so does a
model of the residuals that the user's other posts leave.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

from sklearn_popularity import (
    LatentRankSVM,
    ResidualRegressor,
    UserHistoryEncoder,
    spearman_score,
)

rng = np.random.default_rng(0)
users = np.arange(120).repeat(6)
level = rng.normal(size=120)[users]
photo = rng.normal(size=(720, 3))
photo[:, 0] += level  # saturation
effect = photo @ [-0.6, 1.0, 0.4]
posts = np.column_stack([users, photo])
log_likes = 2 * level + effect + rng.normal(size=720)


def columns(*which):
    return make_column_transformer(("passthrough", list(which)))


one_sense = {"n_senses": 1, "n_unpopular_senses": 0, "random_state": 0}
models = {
    "all posts": make_pipeline(columns(1, 2, 3), LatentRankSVM(**one_sense)),
    "within users": LatentRankSVM(**one_sense, within=0),
    "residuals": ResidualRegressor(
        make_pipeline(columns(1, 2, 3), Ridge()),
        context=make_pipeline(UserHistoryEncoder(user=0, random_state=0), Ridge()),
    ),
}
fig, axes = plt.subplots(1, 3, figsize=(9, 3), layout="constrained", sharex=True)
for ax, (name, model) in zip(axes, models.items(), strict=True):
    predicted = model.fit(posts, log_likes).predict(posts)
    ax.scatter(effect, predicted, s=4)
    ax.set_title(f"{name}: {spearman_score(effect, predicted):.2f}")
    ax.set_xlabel("true effect of the photo")
axes[0].set_ylabel("prediction")
plt.show()
