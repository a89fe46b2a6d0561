"""
LaFin: branches for photo and tags
==================================

A multi-layer perceptron with a branch for the embedding of the photo and one for the
mean word vector of the tags. To avoid downloads, this example replaces the embedding by
a colour histogram and the word vectors by one-hot vectors.
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
# The paper's learning rate and batch size suit tens of thousands of photos.
model[-1].set_params(learning_rate=1e-2, batch_size=16, max_epochs=30)
model.fit(posts[:120], interesting[:120])

# %%
# Predicted probability of being interesting, for held-out photos.

probability = model.predict_proba(posts[120:])[:, 1]
figure, ax = plt.subplots(figsize=(5, 3), layout="constrained")
ax.hist(
    [probability[interesting[120:] == label] for label in (0, 1)],
    label=["not interesting", "interesting"],
)
ax.set(xlabel="predicted probability", ylabel="photos")
ax.legend()
plt.show()
