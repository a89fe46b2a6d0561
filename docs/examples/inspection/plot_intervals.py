"""
How far off, and how far up
===========================

Left, intervals for posts of users who come up for the first time: about nine in ten
hold the score. Right, the score beside the upper quantile of posts with such a photo.
Posts at the lower right are good photos with a small audience: others like them reached
much more, and most of their uploaders have few views whatever they post, which neither
model was told.
"""

import matplotlib.pyplot as plt
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import GroupKFold, cross_val_predict

from sklearn_popularity import IntervalRegressor, make_popularity

posts, truth = make_popularity(600, image_size=(32, 32), n_users=60, random_state=0)
photos = truth.effects[["saturation", "object", "theme"]]  # or rows of a network
y, users = posts["score"], posts["user"]

new = users.isin(users.unique()[::4])
settings = {"max_iter": 50, "min_samples_leaf": 30, "random_state": 0}
model = IntervalRegressor(HistGradientBoostingRegressor(**settings))
model.fit(photos[~new], y[~new], groups=users[~new])
low, high = model.predict_interval(photos[new]).T
inside = (low <= y[new]) & (y[new] <= high)

reach = HistGradientBoostingRegressor(loss="quantile", quantile=0.9, **settings)
reach = cross_val_predict(reach, photos, y, cv=GroupKFold(5), groups=users)

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
order = low.argsort()
left.fill_between(range(len(order)), low[order], high[order], alpha=0.3)
left.scatter(range(len(order)), y[new].to_numpy()[order], c="black", s=6)
left.set(
    title=f"{inside.groupby(users[new]).mean().mean():.0%} held, users weighing alike",
    xlabel="posts of new users, by prediction",
    ylabel="log2(views per day + 1)",
)
points = right.scatter(reach, y, c=truth.effects["uploader"], s=8, cmap="coolwarm")
right.axline((reach.mean(), reach.mean()), slope=1, color="grey", lw=1)
right.set(
    title=f"{(y <= reach).mean():.0%} below their upper quantile",
    xlabel="90 % quantile by the photo",
)
figure.colorbar(points, label="effect of the uploader")
plt.show()
