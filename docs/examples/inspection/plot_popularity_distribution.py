"""
Distribution of views
=====================

A few photos have most of the views, so models predict the logarithm of views per day
(figure 2 of Khosla et al.).
"""

import matplotlib.pyplot as plt

from sklearn_popularity import make_popularity
from sklearn_popularity.inspection import (
    plot_popularity_distribution,
    popularity_distribution,
)

posts, truth = make_popularity(300, image_size=(32, 32), random_state=0)
days = (posts["observed"] - posts["uploaded"]).dt.total_seconds() / 86_400
plot_popularity_distribution(popularity_distribution(posts["views"], days))
plt.show()
