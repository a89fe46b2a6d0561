"""
Squalli-Houssaini et al. 2018: classes to a score
=================================================

A classifier predicts probabilities of four ranges of the score, which are aggregated to
a score. The paper's classifier is a multi-layer perceptron on the embeddings of two
networks; this example uses a colour histogram and GIST instead, which need no weights.
"""

import matplotlib.pyplot as plt
import numpy as np

from sklearn_popularity import ColorHistogram, GistTransformer, make_popularity
from sklearn_popularity.papers import memorability2018

posts, truth = make_popularity(120, random_state=0)
model = memorability2018.k_class_mlp(
    networks={"cnn": ColorHistogram(), "caption": GistTransformer()}, top_score=None
)
model.fit(posts[:90], posts["score"][:90])

# %%
# Probabilities of the ranges for three new photos. Each range is represented by a
# score, its upper threshold.

last = model[-1]
probabilities = last.predict_class_proba(model[:-1].transform(posts[90:93]))
figure, ax = plt.subplots(figsize=(6, 3), layout="constrained")
places = np.arange(len(last.class_scores_))
for photo, row in enumerate(probabilities):
    ax.bar(places + 0.25 * (photo - 1), row, 0.25, label=f"photo {photo}")
ax.set_xticks(places, [f"up to {score:.1f}" for score in last.class_scores_])
ax.set(xlabel="range of the score", ylabel="probability")
ax.legend(loc="upper center")
plt.show()
