"""
Does the model rely on a watermark?
===================================

Some users put a watermark on all photos, and their posts get more views. The audit
estimates how much of a model's rank correlation goes with the watermark or the border.
"""

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image, ImageDraw
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_popularity import LBPPyramid, make_popularity
from sklearn_popularity.evaluation import shortcut_audit


def stamp(photo):
    image = Image.fromarray(photo)
    width, height = image.size
    corner = (0.97 * width, 0.97 * height)
    ImageDraw.Draw(image).text(corner, "PHOTO.CLUB", anchor="rs", fill="white")
    return np.asarray(image)


posts, truth = make_popularity(400, n_users=100, random_state=0)
marks = posts["user"].str[-1].astype(int) % 2 == 0
stamped = posts.copy()
stamped["photo"] = [
    stamp(photo) if mark else photo
    for photo, mark in zip(posts["photo"], marks, strict=True)
]
stamped["score"] += 3 * marks

model = make_pipeline(LBPPyramid(), StandardScaler(), RidgeCV(np.logspace(1, 5, 9)))
fig, axes = plt.subplots(1, 2, figsize=(9, 2.5), sharex=True, sharey=True)
for ax, table, title in zip(
    axes, (posts, stamped), ("original", "half of the users add a mark"), strict=True
):
    audit = shortcut_audit(
        model,
        table,
        table["score"],
        suspects={"mark": marks},
        measures=["watermark", "border"],
        groups=table["user"],
    )
    print(f"{title}\n\n{audit}\n")
    found = audit.suspects
    ax.hlines(found["suspect"], found["follows_low"], found["follows_high"])
    ax.plot(found["follows"], found["suspect"], "o")
    ax.axvline(0, color="0.7")
    ax.set(title=title, xlabel="part of the rank correlation")
fig.tight_layout()
plt.show()
