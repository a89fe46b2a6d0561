"""
Which regions raise the score
=============================

The score of a linear model of codebook features is a sum over places of the photo, so
its heatmap is exact: a region adds its sum, compared with an average region.
"""

import matplotlib.pyplot as plt
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline

from sklearn_popularity import ColorNamesLLC, make_popularity, region_heatmap
from sklearn_popularity.inspection import plot_heatmap

posts, truth = make_popularity(160, random_state=0)
model = make_pipeline(
    ColorNamesLLC(dictionary=100, random_state=0), RidgeCV(alphas=[0.1, 1, 10])
)
model.fit(posts["photo"][:150], posts["score"][:150])

# %%
# The best and the worst of ten new photos. Orange raises the score, blue lowers it.

new = posts["photo"][150:].reset_index(drop=True)
order = model.predict(new).argsort()
figure, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
for ax, row, title in zip(axes, order[[-1, 0]], ["best", "worst"], strict=True):
    plot_heatmap(new[row], region_heatmap(model, new[row]), ax=ax)
    ax.set_title(title)
plt.show()
