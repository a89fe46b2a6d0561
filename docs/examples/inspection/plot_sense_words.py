"""
Words of each latent sense
==========================

Words of the photos with the highest scores of each sense (Cappallo et al., 4.4).
"""

import matplotlib.pyplot as plt
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_popularity import (
    ColorHistogram,
    LatentRankSVM,
    make_popularity,
    sense_words,
)
from sklearn_popularity.inspection import plot_sense_words

posts, truth = make_popularity(300, random_state=0)
features = make_pipeline(ColorHistogram(), StandardScaler())
X = features.fit_transform(posts["photo"])
ranker = LatentRankSVM(n_senses=2, n_unpopular_senses=2, random_state=0)
ranker.fit(X[:200], posts["score"][:200])

table = sense_words(ranker, X[200:], posts["theme"][200:], n_top=20, n_words=3)
plot_sense_words(table)
plt.show()
