"""
Khosla et al. 2014: features, social cues, both
===============================================

A linear SVR per kind of feature, and another one that learns from their outputs. No
user is in both the training and the test part of a fold.
"""

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.model_selection import GroupKFold, cross_val_predict

from sklearn_popularity import SocialFeatures, make_popularity, spearman_interval
from sklearn_popularity.papers import khosla2014

posts, truth = make_popularity(150, random_state=2)
cues = SocialFeatures(texts=["title"], tags=["tags"], separator=" ")
features = ["color_histogram", "texture"]
models = {
    **{name: khosla2014.content(name) for name in features},
    "content combined": khosla2014.content_combined(features, groups="user"),
    "social": khosla2014.social(cues),
    "content and social": khosla2014.content_and_social(cues, features, groups="user"),
}

# %%
# Rank correlation between the score and cross-validated predictions. The confidence
# interval is for models trained again, and for new users.

rows = []
for name, model in models.items():
    predicted = cross_val_predict(
        model, posts, posts["score"], cv=GroupKFold(3), groups=posts["user"]
    )
    found = spearman_interval(
        posts["score"], predicted, groups=posts["user"], n_folds=3
    )
    rows.append({"model": name, **found._asdict()})
table = pd.DataFrame(rows)
table.round(2)

# %%

figure, ax = plt.subplots(figsize=(7, 3), layout="constrained")
ax.hlines(table["model"], table["low"], table["high"])
ax.plot(table["score"], table["model"], "o")
ax.axvline(0, color="0.7", zorder=0)
ax.invert_yaxis()
ax.set_xlabel("Spearman's correlation, 95 % interval")
plt.show()
