"""
Which objects raise the score
=============================

Mean weights of objects over random halves of the photos, and their standard deviation
(section 4.3 of Khosla et al.). For real photos, use the object probabilities of a
network. In these synthetic photos, a cat raises the score most and a sign lowers it.
"""

import matplotlib.pyplot as plt
import pandas as pd

from sklearn_popularity import make_popularity, object_importance
from sklearn_popularity.inspection import plot_object_importance

posts, truth = make_popularity(300, image_size=(32, 32), random_state=0)
objects = pd.get_dummies(truth.objects["name"], dtype=float).drop(columns="none")
table = object_importance(objects, posts["score"], groups=posts["user"], random_state=0)
plot_object_importance(table)
plt.show()
