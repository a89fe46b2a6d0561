"""
Photos of each latent sense
===========================

The photos with the highest score of each sense (figure 4 of Cappallo et al.).
"""

import matplotlib.pyplot as plt

from sklearn_popularity import ColorHistogram, LatentRankSVM, make_popularity
from sklearn_popularity.inspection import plot_sense_photos, sense_photos

posts, truth = make_popularity(300, random_state=0)
X = ColorHistogram().fit_transform(posts["photo"])
ranker = LatentRankSVM(n_senses=2, n_unpopular_senses=2, random_state=0)
ranker.fit(X[:200], posts["score"][:200])

new = posts["photo"][200:].tolist()
plot_sense_photos(sense_photos(ranker, X[200:]), new, n_photos=6)
plt.show()
