"""
LaFin: branches for photo and tags
==================================

A perceptron with a branch for what a network sees in the photo and one for the mean
word vector of the tags. Here a colour histogram stands in for the networks and a vector
of its own for each word, so that nothing has to be downloaded.
"""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_popularity import ColorHistogram, make_popularity
from sklearn_popularity.papers import lafin

posts, truth = make_popularity(160, random_state=0)
posts["tags"] = posts["tags"].str.replace(" ", ",")
interesting = (posts["score"] > posts["score"].median()).astype(int)
words = sorted({tag for tags in posts["tags"] for tag in tags.split(",")})
vectors = {word: np.eye(len(words))[i] for i, word in enumerate(words)}
model = lafin.interestingness(
    ["cnn", "tags"], vectors=vectors, networks={"cnn": ColorHistogram()}
)
# The paper's steps and batches are for tens of thousands of photos.
model[-1].set_params(learning_rate=1e-2, batch_size=16, max_epochs=30)
model.fit(posts[:120], interesting[:120])

# %%
# The probability of being interesting, for photos that the model has not seen.

probability = model.predict_proba(posts[120:])[:, 1]
figure, ax = plt.subplots(figsize=(5, 3), layout="constrained")
ax.hist(
    [probability[interesting[120:] == label] for label in (0, 1)],
    label=["not interesting", "interesting"],
)
ax.set(xlabel="predicted probability", ylabel="photos")
ax.legend()
plt.show()
