"""Made-up photos, uploaders and views with planted causes."""

import os
from collections.abc import Iterator
from numbers import Integral, Real
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from PIL import Image
from sklearn.utils import check_random_state

from ..._paths import expand_home
from ..._sklearn_compat import Interval, validate_params
from ._photo import Box, draw_photo
from ._planted import NO_OBJECT, SCENE_STAGE, plant_causes, stream
from ._scenes import SCENES

MIN_SIDE = 32
JPEG_QUALITY = 92


def _draw_photos(
    seed: int, plan: pd.DataFrame, shape: tuple[int, int]
) -> Iterator[tuple[np.ndarray, Box]]:
    """Yield the pixels of each post and the box of its object, one at a time."""
    for photo, (theme, name, saturation) in enumerate(
        zip(plan["theme"], plan["object"], plan["saturation"], strict=True)
    ):
        yield draw_photo(
            stream(seed, photo, SCENE_STAGE),
            theme,
            object_name=None if name == NO_OBJECT else name,
            saturation=saturation,
            shape=shape,
        )


def _save_photos(
    photos: Iterator[tuple[np.ndarray, Box]], folder: Path
) -> tuple[np.ndarray, list[Box]]:
    """Write the photos as JPEG files; return paths inside the folder, and boxes."""
    (folder / "images").mkdir(parents=True)
    paths, boxes = [], []
    for photo, (pixels, box) in enumerate(photos):
        paths.append(f"images/{photo:05d}.jpg")
        # No chroma subsampling: it would blur the colours of small objects.
        image = Image.fromarray(pixels)
        image.save(folder / paths[-1], quality=JPEG_QUALITY, subsampling=0)
        boxes.append(box)
    return np.array(paths, dtype=object), boxes


def _write_folder(
    posts: pd.DataFrame, photos: Iterator[tuple[np.ndarray, Box]], folder: Path
) -> tuple[pd.DataFrame, list[Box]]:
    """Write photos and table to a scratch folder, and move both when complete."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder) as scratch:
        column, boxes = _save_photos(photos, Path(scratch))
        posts.insert(0, "photo", column)
        labels = Path(scratch) / "labels.csv"
        posts.rename(columns={"photo": "path"}).to_csv(labels, index=False)
        (Path(scratch) / "images").rename(folder / "images")
        labels.rename(folder / "labels.csv")
    posts["photo"] = [str(folder / path) for path in column]
    return posts, boxes


def _check_folder(folder: str | os.PathLike[str]) -> Path:
    """Return the folder as a path, after checking that nothing is overwritten."""
    folder = expand_home(folder)
    for name in ("labels.csv", "images"):
        if (folder / name).exists():
            raise ValueError(
                f"folder={str(folder)!r} already contains {name!r}, which is never "
                "overwritten. Pass a new or empty folder, or remove it first."
            )
    return folder


def _check_image_size(image_size: tuple[int, int]) -> tuple[int, int]:
    """Return height and width, after checking that they are large enough."""
    sides = [side for side in image_size if isinstance(side, Integral)]
    if len(image_size) != 2 or len(sides) != 2 or min(sides) < MIN_SIDE:
        raise ValueError(
            f"image_size={image_size!r} must be (height, width), two integers of at "
            f"least {MIN_SIDE} pixels, such as (120, 160)."
        )
    return int(sides[0]), int(sides[1])


@validate_params(
    {
        "n_photos": [Interval(Integral, 1, None, closed="left")],
        "folder": [str, os.PathLike, None],
        "image_size": [tuple, list],
        "n_users": [Interval(Integral, 1, None, closed="left")],
        "n_themes": [Interval(Integral, 2, len(SCENES), closed="both")],
        "noise": [Interval(Real, 0.0, 5.0, closed="both")],
        "rate": [Interval(Real, 0.0, None, closed="neither")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_popularity(
    n_photos=400,
    *,
    folder=None,
    image_size=(120, 160),
    n_users=20,
    n_themes=8,
    noise=0.8,
    rate=1.0,
    random_state=None,
):
    """Make posts of photos whose views have known causes.

    Photo-like scenes are drawn at random, and views from effects planted in the pixels
    (theme, object, saturation) and around them (uploader, tags, age), so that a model
    can be checked against the truth. The causes resemble those found for real photos:
    colour, objects, uploader and tags [1]_, and popular and unpopular themes [2]_.

    Parameters
    ----------
    n_photos : int, default=400
        Number of posts, 1 or more. A larger number adds posts and keeps the others.

    folder : str or path-like, default=None
        Folder for the photos, as JPEG files in ``folder/images``, and the table
        ``folder/labels.csv``; created if missing. Only one photo at a time is then in
        memory. If None, nothing is written.

    image_size : tuple of (int, int), default=(120, 160)
        Height and width of the photos in pixels, at least 32 each.

    n_users : int, default=20
        Number of uploaders, 1 or more. They differ in audience, activity and favourite
        themes.

    n_themes : int, default=8
        Number of kinds of scene, 2 to 8, in the order beach, street, forest,
        night, table, meadow, mountains, desert.

    noise : float, default=0.8
        Standard deviation of the noise on log2 of the expected views, 0 to 5.

    rate : float, default=1.0
        Factor on the expected views, above 0. With 1 the median is 6 views per day.
        With 0.05 it is 0.3, as on Flickr; log2 of 1 + views per day is then as skewed
        as the views (:func:`log_normalized_popularity` with ``form="count_plus_one"``
        is not).

    random_state : int, RandomState instance or None, default=None
        Pass an int for the same posts in every call.

    Returns
    -------
    posts : DataFrame of n_photos rows
        - ``photo``: path of the JPEG file if `folder` is given, otherwise an array
          of shape (height, width, 3) and dtype uint8, sRGB;
        - ``user``, ``theme``, ``title``: str;
        - ``tags``: str, separated by spaces;
        - ``uploaded``, ``observed``: naive timestamps, to the second;
        - ``views``: int, at ``observed``;
        - ``score``: float, log2(views / days since upload + 1), the log-normalised
          popularity of [1]_.

    truth : Bunch
        - ``effects``: DataFrame of n_photos rows, the effect of each cause on log2 of
          the expected views, with columns ``saturation``, ``object``, ``theme``,
          ``uploader``, ``tags`` and ``age``;
        - ``coefficients``: Bunch of the planted effects: ``intercept``, ``saturation``
          per unit, ``age`` per log2 day, and the dicts ``object``, ``theme``,
          ``uploader`` and ``tags``;
        - ``objects``: DataFrame of n_photos rows, ``name`` of the painted object and
          ``row``, ``col``, ``height``, ``width`` of its box in pixels. Without an
          object the name is "none" and the box is empty;
        - ``saturation``: ndarray of shape (n_photos,), planted mean HSV saturation of
          each scene, 0 to 1, before the object and sensor noise are added;
        - ``popular_themes``, ``unpopular_themes``: list of str; other themes are
          neutral;
        - ``users``: DataFrame of n_users rows, ``effect`` and ``activity`` (share of
          all posts);
        - ``taste``: DataFrame of n_users rows, share of each theme in a user's posts;
        - ``noise``: ndarray of shape (n_photos,), noise on log2 of the views;
        - ``expected_score``: ndarray of shape (n_photos,), the score at the expected
          views. Its rank correlation with the score is the ceiling for a model.

    Raises
    ------
    ValueError
        If `folder` already holds ``labels.csv`` or ``images``, or if `image_size`
        is not two integers of at least 32.

    Notes
    -----
    The views of post i are drawn from::

        views_i ~ Poisson(2 ** (intercept + sum of effects_i + noise_i))

    with ``noise_i ~ N(0, noise ** 2)`` and these effects::

        saturation   4.5 * (saturation - 0.4), saturation uniform in 0.15-0.65
        object       one of 6 in three photos of four, -1.3 (sign) to 1.3 (cat)
        theme        -1.2 (table) to 1.2 (beach)
        uploader     normal quantiles of standard deviation 0.9
        tags         sum over the tags, -0.9 (test) to 0.9 (explore)
        age          0.9 * log2(days since upload), 7 to 1000 days

    The effect of age is below 1 per log2 day because attention fades: dividing views
    by days leaves -0.1 * log2(days) in the score.

    Shares of the variance of the score (covariance of each effect with the score,
    as a fraction of their sum), means over 20 seeds of 400 posts with the default
    parameters:

    ==========  =====  ================================
    cause       share  Spearman correlation with score
    ==========  =====  ================================
    theme       0.22
    object      0.16
    saturation  0.12   image causes together: 0.71
    uploader    0.19
    tags        0.11   uploader and tags together: 0.52
    age         0.01
    noise       0.17   all causes together: 0.90
    ==========  =====  ================================

    There are two confounders, as in real data: uploaders have favourite themes, so
    theme and uploader are correlated; and besides the tags that have an effect, others
    describe the content of the photo.

    References
    ----------
    .. [1] A. Khosla, A. Das Sarma, R. Hamid, "What Makes an Image Popular?",
       WWW 2014.
    .. [2] S. Cappallo, T. Mensink, C. G. M. Snoek, "Latent Factors of Visual
       Popularity Prediction", ICMR 2015.

    Examples
    --------
    >>> from sklearn_popularity.datasets import make_popularity
    >>> posts, truth = make_popularity(n_photos=4, random_state=0)
    >>> posts["photo"][0].shape
    (120, 160, 3)
    >>> truth.popular_themes
    ['beach', 'night', 'mountains']
    >>> list(truth.effects)
    ['saturation', 'object', 'theme', 'uploader', 'tags', 'age']
    """
    folder = None if folder is None else _check_folder(folder)
    shape = _check_image_size(image_size)
    seed = int(check_random_state(random_state).randint(np.iinfo(np.int32).max))
    posts, plan, truth = plant_causes(
        seed,
        n_photos,
        n_users=n_users,
        themes=list(SCENES)[:n_themes],
        noise=noise,
        rate=rate,
    )
    photos = _draw_photos(seed, plan, shape)
    if folder is None:
        column, boxes = map(list, zip(*photos, strict=True))
        posts.insert(0, "photo", column)
    else:
        posts, boxes = _write_folder(posts, photos, folder)
    truth.objects = pd.DataFrame(boxes, columns=Box._fields)
    truth.objects.insert(0, "name", plan["object"])
    return posts, truth
