"""
Dufour 2015: fine-tuning a network
==================================

The third experiment of the paper: a network predicts the number of one of ten balanced
ranges of views. The paper starts from published weights; this example uses random
weights and small photos, so it needs no download and no GPU.
"""

import matplotlib.pyplot as plt

from sklearn_popularity import make_popularity, spearman_score
from sklearn_popularity.papers import dufour2015

posts, truth = make_popularity(200, image_size=(48, 64), random_state=0)
network = dufour2015.binned(
    embedder__weights="random",
    embedder__backbone="squeezenet1_1",
    embedder__preprocessing__size=40,
    batch_size=20,
    max_epochs=10,
    optimizer="adam",
    learning_rate=1e-4,
    random_state=0,
)
network.fit(posts["photo"][:150], posts["score"][:150])
predicted = network.predict(posts["photo"][150:])
print(f"Spearman of new photos: {spearman_score(posts['score'][150:], predicted):.2f}")

# %%
# The dashed line is the loss of always predicting the mean. A training loss below it
# says nothing about new photos, for which the mean loss in the paper was 4.01.

figure, ax = plt.subplots(figsize=(5, 3), layout="constrained")
ax.plot(range(1, len(network.loss_curve_) + 1), network.loss_curve_)
ax.axhline(4.125, color="0.5", linestyle="--")
ax.set(xlabel="epoch", ylabel="training loss")
plt.show()
