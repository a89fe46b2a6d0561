"""
Which objects raise the score
=============================

Mean weights of objects over random halves of the photos, and their spread (section 4.3
of Khosla et al.). On real photos objects are the probabilities of a network; here the
objects that were painted are known. A cat was planted to raise the score most, a sign
to lower it.
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
