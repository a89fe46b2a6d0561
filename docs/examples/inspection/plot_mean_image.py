"""
What popular photos look like on average
========================================

Average of the most popular, the least popular and random photos (figure 1 of Cappallo
et al.). The popular themes of this example are beach, night and mountains.
"""

import matplotlib.pyplot as plt

from sklearn_popularity import make_popularity
from sklearn_popularity.inspection import mean_image, plot_mean_image

posts, truth = make_popularity(300, random_state=0)
images = mean_image(posts["photo"], posts["score"], random_state=0)
plot_mean_image(images)
plt.show()
