"""
Rank correlation of each user
=============================

Spearman's correlation within each user's photos, for two kinds of features (figure 5 of
Khosla et al.).
"""

import matplotlib.pyplot as plt
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from sklearn_popularity import ColorHistogram, ColorStatistics, make_popularity
from sklearn_popularity.inspection import plot_spearman_by_user, spearman_by_user

posts, truth = make_popularity(250, n_users=10, random_state=0)
folds = KFold(5, shuffle=True, random_state=0)
predictions = {
    name: cross_val_predict(
        make_pipeline(feature, RidgeCV(alphas=[0.01, 0.1, 1])),
        posts["photo"],
        posts["score"],
        cv=folds,
    )
    for name, feature in {
        "statistics": ColorStatistics(),
        "histogram": ColorHistogram(),
    }.items()
}
table = spearman_by_user(posts["score"], predictions, users=posts["user"])
plot_spearman_by_user(table)
plt.show()
