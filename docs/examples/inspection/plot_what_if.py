"""
How edits change the score
==========================

Predicted change of the score if the photo were brighter, darker, or more or less
saturated. In these posts saturation raises the score. Lines are 95 % intervals from the
models of the cross-validation folds.
"""

import matplotlib.pyplot as plt
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_popularity import ColorStatistics, make_popularity
from sklearn_popularity.evaluation import fit_model
from sklearn_popularity.inspection import what_if

posts, truth = make_popularity(250, image_size=(96, 128), random_state=0)
model = make_pipeline(ColorStatistics(), StandardScaler(), RidgeCV())
fitted = fit_model(model, posts["photo"], posts["score"], return_estimator=True)
found = what_if(fitted, posts["photo"][3], edits=["exposure", "saturation"])
print(found)

shown = found.changes.dropna()[::-1]
fig, axes = plt.subplots(1, 3, figsize=(9, 3), layout="constrained")
axes[0].hlines(shown["edit"], shown["low"], shown["high"])
axes[0].plot(shown["change"], shown["edit"], "o")
axes[0].axvline(0, color="0.7")
axes[0].set_xlabel("change of the predicted score")
pictures = {"original": posts["photo"][3]}
pictures[shown["edit"].iloc[-1]] = found.photos[shown["edit"].iloc[-1]]
for ax, (name, picture) in zip(axes[1:], pictures.items(), strict=True):
    ax.imshow(picture)
    ax.set_title(name)
    ax.set_axis_off()
plt.show()
