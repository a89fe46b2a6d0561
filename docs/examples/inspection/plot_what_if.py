"""
What would change the score
===========================

The same photo cropped, brighter, darker, with more and with less saturation, and what
the model says of each. In these posts saturation is popular. Lines are intervals over
models that learned from other parts of the photos.
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
pictures = {"as it is": posts["photo"][3]}
pictures[shown["edit"].iloc[-1]] = found.photos[shown["edit"].iloc[-1]]
for ax, (name, picture) in zip(axes[1:], pictures.items(), strict=True):
    ax.imshow(picture)
    ax.set_title(name)
    ax.set_axis_off()
plt.show()
