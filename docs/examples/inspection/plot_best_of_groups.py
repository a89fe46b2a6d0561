"""
Picking the best photo of a group
=================================

A model that ranks all posts well may still miss the best post of a user. The plot shows
how often it finds it, and how many pairs within users are in the right order.
"""

import matplotlib.pyplot as plt
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_popularity import ColorStatistics, make_popularity
from sklearn_popularity.evaluation import best_of_groups, held_out_predictions

posts, truth = make_popularity(300, n_users=60, image_size=(48, 64), random_state=0)
model = make_pipeline(ColorStatistics(), StandardScaler(), RidgeCV())
held_out = held_out_predictions(
    model, posts["photo"], posts["score"], groups=posts["user"]
)
found = best_of_groups(posts["score"], held_out.shares, posts["user"])

fig, ax = plt.subplots(figsize=(6, 1.8), layout="constrained")
ends = found["chance"] + found["low"], found["chance"] + found["high"]
ax.hlines(found["measure"], *ends)
ax.plot(found["rate"], found["measure"], "o", label="model")
ax.plot(found["chance"], found["measure"], "k|", markersize=14, label="chance")
ax.set_xlabel("share")
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
plt.show()
