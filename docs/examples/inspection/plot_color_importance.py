"""
Which colours raise the score
=============================

Weights of a linear model of the colour histogram (figure 4 of Khosla et al.).
"""

import matplotlib.pyplot as plt
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline

from sklearn_popularity import ColorHistogram, color_importance, make_popularity
from sklearn_popularity.inspection import plot_color_importance

posts, truth = make_popularity(200, random_state=0)
model = make_pipeline(ColorHistogram(), RidgeCV(alphas=[0.01, 0.1, 1]))
model.fit(posts["photo"], posts["score"])
plot_color_importance(color_importance(model))
plt.show()
