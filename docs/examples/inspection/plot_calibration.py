"""
What a model over- and underrates
=================================

Mean predicted minus true percentile of each theme, and the rank correlation within it.
:doc:`/responsible_use` explains what this does not show.
"""

import matplotlib.pyplot as plt
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from sklearn_popularity import ColorHistogram, make_popularity
from sklearn_popularity.inspection import calibration, plot_calibration

posts, truth = make_popularity(250, random_state=0)
model = make_pipeline(ColorHistogram(), RidgeCV(alphas=[0.01, 0.1, 1]))
predicted = cross_val_predict(
    model, posts["photo"], posts["score"], cv=GroupKFold(5), groups=posts["user"]
)
table = calibration(posts["score"], predicted, by=posts["theme"])
plot_calibration(table)
plt.show()
