"""
Right and wrong predictions
===========================

True popularity increases from left to right, predicted popularity from bottom to top
(figure 6 of Khosla et al.). Dashed frames mark wrong predictions.
"""

import matplotlib.pyplot as plt
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from sklearn_popularity import ColorHistogram, make_popularity, quadrants
from sklearn_popularity.inspection import plot_quadrants

posts, truth = make_popularity(200, random_state=0)
model = make_pipeline(ColorHistogram(), RidgeCV(alphas=[0.01, 0.1, 1]))
predicted = cross_val_predict(
    model, posts["photo"], posts["score"], cv=GroupKFold(5), groups=posts["user"]
)
plot_quadrants(quadrants(posts["score"], predicted), posts["photo"].tolist())
plt.show()
