"""
Reliability of predicted percentiles
====================================

Mean true percentile by predicted percentile. A perfect ranking lies on the diagonal, a
useless one on a horizontal line.
"""

import matplotlib.pyplot as plt
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from sklearn_popularity import ColorHistogram, make_popularity
from sklearn_popularity.inspection import (
    percentile_reliability,
    plot_percentile_reliability,
)

posts, truth = make_popularity(250, random_state=0)
model = make_pipeline(ColorHistogram(), RidgeCV(alphas=[0.01, 0.1, 1]))
predicted = cross_val_predict(
    model, posts["photo"], posts["score"], cv=GroupKFold(5), groups=posts["user"]
)
table = percentile_reliability(
    posts["score"], predicted, n_bins=5, groups=posts["user"]
)
plot_percentile_reliability(table)
plt.show()
