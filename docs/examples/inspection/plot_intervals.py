"""
Prediction intervals and upper quantiles
========================================

Left: 90 % prediction intervals for posts of new users. Right: scores against the
predicted 0.9 quantile of posts with such a photo. Posts at the lower right are good
photos with a small audience: similar photos reached much more, and most of these users
have few views on all posts, which neither model knows.
"""

import matplotlib.pyplot as plt
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import GroupKFold, cross_val_predict

from sklearn_popularity import IntervalRegressor, make_popularity

posts, truth = make_popularity(600, image_size=(32, 32), n_users=60, random_state=0)
photos = truth.effects[["saturation", "object", "theme"]]  # or embeddings
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
    title=f"{inside.groupby(users[new]).mean().mean():.0%} covered, mean over users",
    xlabel="posts of new users, by prediction",
    ylabel="log2(views per day + 1)",
)
points = right.scatter(reach, y, c=truth.effects["uploader"], s=8, cmap="coolwarm")
right.axline((reach.mean(), reach.mean()), slope=1, color="grey", lw=1)
right.set(
    title=f"{(y <= reach).mean():.0%} below the predicted quantile",
    xlabel="predicted 0.9 quantile",
)
figure.colorbar(points, label="effect of the user")
plt.show()
