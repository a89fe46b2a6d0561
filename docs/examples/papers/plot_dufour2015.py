"""
Dufour 2015: a network that goes on learning
============================================

The third experiment of the paper: the number of one of ten balanced ranges of views,
learned by a network from photos. The paper starts from published weights; here weights
are random and photos small, so that nothing has to be downloaded and no GPU is needed.
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
# The dashed line is always saying the mean. A loss of training photos below it says
# nothing about new ones; that of new ones in the paper was 4.01 on average.

figure, ax = plt.subplots(figsize=(5, 3), layout="constrained")
ax.plot(range(1, len(network.loss_curve_) + 1), network.loss_curve_)
ax.axhline(4.125, color="0.5", linestyle="--")
ax.set(xlabel="pass over the photos", ylabel="loss in training")
plt.show()
