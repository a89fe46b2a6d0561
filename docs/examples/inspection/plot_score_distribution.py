"""
Predictions vary less than scores
=================================

A regressor that cannot explain everything predicts values close to the mean. This is
expected; only the order matters.
"""

import matplotlib.pyplot as plt
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from sklearn_popularity import ColorHistogram, make_popularity
from sklearn_popularity.inspection import plot_score_distribution, score_distribution

posts, truth = make_popularity(200, random_state=0)
model = make_pipeline(ColorHistogram(), RidgeCV(alphas=[0.01, 0.1, 1]))
predicted = cross_val_predict(
    model, posts["photo"], posts["score"], cv=GroupKFold(5), groups=posts["user"]
)
plot_score_distribution(score_distribution(posts["score"], predicted, n_bins=20))
plt.show()
