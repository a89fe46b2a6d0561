"""
What features notice in real photos
===================================

Six photos that scikit-image and scikit-learn include are edited in ways that hardly
change what they show. A number is the distance between the features before and after
the edit, divided by the mean distance to the other photos: at 0 the features do not
notice the edit, at 1 the edited photo might as well be another one. Colours notice
brightness and saturation, texture and layout notice mirroring, and the network notices
cropping most.

Photos: NASA, Stéfan van der Walt, Rachel Michetti, SpaceX (public domain);
danielbuechele and vultilion on Flickr (CC BY 2.0).
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from PIL import Image, ImageEnhance, ImageOps
from skimage import data
from sklearn.datasets import load_sample_image
from sklearn.metrics import pairwise_distances

from sklearn_popularity import (
    CNNEmbedder,
    ColorHistogram,
    ColorStatistics,
    GistTransformer,
    LBPPyramid,
)

photos = [data.astronaut(), data.chelsea(), data.coffee(), data.rocket()]
photos += [load_sample_image("china.jpg"), load_sample_image("flower.jpg")]
photos = [Image.fromarray(photo) for photo in photos]
edits = {
    "half the size": lambda photo: photo.reduce(2),
    "mirrored": ImageOps.mirror,
    "brighter by 30 %": lambda photo: ImageEnhance.Brightness(photo).enhance(1.3),
    "half as saturated": lambda photo: ImageEnhance.Color(photo).enhance(0.5),
    "middle 80 %": lambda photo: ImageOps.crop(photo, photo.width // 10),
}

fig, axes = plt.subplots(2, 6, figsize=(9, 2.6), layout="constrained")
for (above, below), photo in zip(axes.T, photos, strict=True):
    above.imshow(photo)
    below.imshow(edits["half as saturated"](photo))
for ax in axes.flat:
    ax.axis("off")

# %%
features = {
    "statistics of colours": ColorStatistics(),
    "named colours": ColorHistogram(),
    "texture (LBP)": LBPPyramid(),
    "layout (GIST)": GistTransformer(),
    "network": CNNEmbedder(backbone="timm/tf_efficientnet_lite2"),
}
found = pd.DataFrame(index=list(edits), columns=list(features), dtype=float)
for name, transformer in features.items():
    before = transformer.fit_transform([np.asarray(photo) for photo in photos])
    between = pairwise_distances(before).sum(axis=1) / (len(photos) - 1)
    for edit, change in edits.items():
        after = transformer.transform([np.asarray(change(photo)) for photo in photos])
        noticed = np.linalg.norm(after - before, axis=1) / between
        found.loc[edit, name] = noticed.mean()

fig, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
ax.imshow(found, vmin=0, vmax=1, cmap="Blues", aspect="auto")
ax.set_xticks(range(len(features)), [name.replace(" ", "\n") for name in features])
ax.set_yticks(range(len(edits)), edits)
for (row, column), share in np.ndenumerate(found):
    color = "white" if share > 0.5 else "black"
    ax.text(column, row, f"{share:.2f}", ha="center", va="center", color=color)
plt.show()
