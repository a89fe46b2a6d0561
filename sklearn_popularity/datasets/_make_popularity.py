"""Photos, uploaders and view counts whose causes are planted, hence known."""

import os
from collections.abc import Iterator
from numbers import Integral, Real
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from numpy.random import Generator, SeedSequence, default_rng
from PIL import Image
from scipy.special import ndtri
from sklearn.utils import Bunch, check_random_state

from .._sklearn_compat import Interval, validate_params
from ._objects import OBJECTS
from ._photo import Box, draw_photo
from ._scenes import SCENES

NO_OBJECT = "none"
# All effects are in log2 of the views: +1 doubles them.
INTERCEPT = 3.0
SATURATION_RANGE = (0.15, 0.65)
SATURATION_EFFECT = 4.5
THEME_EFFECTS = {
    "beach": 1.2,
    "street": -1.0,
    "forest": 0.0,
    "night": 1.0,
    "table": -1.2,
    "meadow": 0.0,
    "mountains": 0.9,
    "desert": -0.9,
}
OBJECT_EFFECTS = {
    NO_OBJECT: 0.0,
    "cat": 1.3,
    "flower": 0.7,
    "ball": 0.3,
    "kite": 0.0,
    "car": -0.8,
    "sign": -1.3,
}
TAG_EFFECTS = {
    "explore": 0.9,
    "bestshot": 0.5,
    "canon": 0.0,
    "phone": -0.4,
    "test": -0.9,
}
AGE_EFFECT = 0.9
UPLOADER_SD = 0.9
NO_OBJECT_RATE = 0.25
TAG_RATE = 0.3
OBJECT_TAG_RATE = 0.6
# Dirichlet concentration of a user's taste: below 1, a few themes dominate.
TASTE = 0.7
CONTENT_TAGS = {
    "beach": ("beach", "sea", "summer"),
    "street": ("street", "town", "architecture"),
    "forest": ("forest", "trees", "nature"),
    "night": ("night", "city", "lights"),
    "table": ("food", "table", "indoor"),
    "meadow": ("meadow", "grass", "nature"),
    "mountains": ("mountains", "snow", "hiking"),
    "desert": ("desert", "sand", "dunes"),
}
TITLE_WORDS = ("Morning", "Quiet", "Last", "Another", "Favourite", "Lost")
CRAWL_START = np.datetime64("2024-03-01T00:00:00", "s")
CRAWL_DAYS = 7
AGE_RANGE = (7.0, 1000.0)
DAY_SECONDS = 86_400
MIN_SIDE = 32
JPEG_QUALITY = 92
# One stream of random numbers for each stage of each photo, so that neither the
# number of photos nor the size of the images changes what is drawn for a photo.
POST_STAGE, SCENE_STAGE, VIEWS_STAGE = range(3)


def _stream(seed: int, photo: int, stage: int) -> Generator:
    """Return the source of chance of one stage of one photo."""
    return default_rng(SeedSequence(seed, spawn_key=(photo, stage)))


def _make_users(
    seed: int, n_users: int, themes: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw the uploaders and, as rows of shares, their taste in themes."""
    rng = default_rng(SeedSequence(seed))
    # Normal quantiles in random order keep the spread the same for every seed.
    effect = UPLOADER_SD * ndtri((rng.permutation(n_users) + 0.5) / n_users)
    activity = (np.arange(n_users) + 1.0) ** -0.5
    taste = rng.dirichlet(np.full(len(themes), TASTE), size=n_users)
    names = [f"user{number:03d}" for number in range(n_users)]
    users = pd.DataFrame(
        {"effect": effect, "activity": activity / activity.sum()}, index=names
    )
    return users, pd.DataFrame(taste, index=names, columns=themes)


def _draw_tags(rng: Generator, theme: str, object_name: str) -> str:
    """Draw tags that tell the content, then tags that only reach for viewers."""
    tags = list(rng.choice(CONTENT_TAGS[theme], size=2, replace=False))
    named = rng.random() < OBJECT_TAG_RATE
    if named and object_name != NO_OBJECT:
        tags.append(object_name)
    drawn = rng.random(len(TAG_EFFECTS)) < TAG_RATE
    return " ".join([*tags, *np.array(list(TAG_EFFECTS))[drawn]])


def _draw_title(rng: Generator, theme: str) -> str:
    """Draw a title, or the file name that the camera gave."""
    number, word = rng.integers(10_000), rng.choice(TITLE_WORDS)
    return f"IMG_{number:04d}" if rng.random() < 0.3 else f"{word} {theme}"


def _draw_post(
    rng: Generator, users: pd.DataFrame, taste: pd.DataFrame, noise: float
) -> dict[str, object]:
    """Draw everything about one post except its pixels and its views."""
    user = rng.choice(len(users), p=users["activity"].to_numpy())
    theme = taste.columns[rng.choice(taste.shape[1], p=taste.to_numpy()[user])]
    empty, which = rng.random() < NO_OBJECT_RATE, rng.integers(len(OBJECTS))
    object_name = NO_OBJECT if empty else list(OBJECTS)[which]
    observed = CRAWL_START + rng.integers(CRAWL_DAYS * DAY_SECONDS)
    age = np.exp2(rng.uniform(*np.log2(AGE_RANGE)))
    return {
        "user": users.index[user],
        "theme": theme,
        "tags": _draw_tags(rng, theme, object_name),
        "title": _draw_title(rng, theme),
        "uploaded": observed - np.timedelta64(round(age * DAY_SECONDS), "s"),
        "observed": observed,
        "object": object_name,
        "saturation": rng.uniform(*SATURATION_RANGE),
        "noise": noise * rng.standard_normal(),
    }


def _tag_effect(tags: str) -> float:
    """Return the sum of the effects of the tags of one photo."""
    return sum(TAG_EFFECTS.get(tag, 0.0) for tag in tags.split())


def _compute_effects(
    plan: pd.DataFrame, users: pd.DataFrame, days: pd.Series
) -> pd.DataFrame:
    """Return what each cause adds to log2 of the expected views of each post."""
    return pd.DataFrame(
        {
            "saturation": SATURATION_EFFECT
            * (plan["saturation"] - sum(SATURATION_RANGE) / 2),
            "object": plan["object"].map(OBJECT_EFFECTS),
            "theme": plan["theme"].map(THEME_EFFECTS),
            "uploader": plan["user"].map(users["effect"]),
            "tags": plan["tags"].map(_tag_effect),
            "age": AGE_EFFECT * np.log2(days),
        }
    )


def _draw_views(seed: int, log2_rate: np.ndarray) -> np.ndarray:
    """Draw one Poisson count of views per post."""
    return np.array(
        [
            _stream(seed, photo, VIEWS_STAGE).poisson(rate)
            for photo, rate in enumerate(np.exp2(log2_rate))
        ],
        dtype=np.int64,
    )


def _draw_photos(
    seed: int, plan: pd.DataFrame, shape: tuple[int, int]
) -> Iterator[tuple[np.ndarray, Box]]:
    """Yield the pixels of each post and the box of its object, one at a time."""
    for photo, (theme, name, saturation) in enumerate(
        zip(plan["theme"], plan["object"], plan["saturation"], strict=True)
    ):
        yield draw_photo(
            _stream(seed, photo, SCENE_STAGE),
            theme,
            object_name=None if name == NO_OBJECT else name,
            saturation=saturation,
            shape=shape,
        )


def _keep_photos(
    photos: Iterator[tuple[np.ndarray, Box]], n_photos: int
) -> tuple[np.ndarray, list[Box]]:
    """Collect the photos in an array of objects, and their boxes."""
    kept, boxes = np.empty(n_photos, dtype=object), []
    for photo, (pixels, box) in enumerate(photos):
        kept[photo] = pixels
        boxes.append(box)
    return kept, boxes


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
    """Write photos and table aside and move them when both are whole."""
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
    """Return the folder as a path, provided that nothing in it would be lost."""
    for name in ("labels.csv", "images"):
        if (Path(folder) / name).exists():
            raise ValueError(
                f"folder={os.fspath(folder)!r} already holds {name!r}, which is never "
                "overwritten. Pass a new or empty folder, or remove it first."
            )
    return Path(folder)


def _check_image_size(image_size: tuple[int, int]) -> tuple[int, int]:
    """Return height and width, provided that a scene fits in them."""
    sides = [side for side in image_size if isinstance(side, Integral)]
    if len(image_size) != 2 or len(sides) != 2 or min(sides) < MIN_SIDE:
        raise ValueError(
            f"image_size={image_size!r} must be (height, width), two integers of at "
            f"least {MIN_SIDE} pixels, such as (120, 160)."
        )
    return int(sides[0]), int(sides[1])


def _describe_truth(
    plan: pd.DataFrame,
    users: pd.DataFrame,
    taste: pd.DataFrame,
    effects: pd.DataFrame,
    days: pd.Series,
) -> Bunch:
    """Gather all that was planted."""
    themes = {name: THEME_EFFECTS[name] for name in taste.columns}
    log2_expected = INTERCEPT + effects.sum(axis=1)
    return Bunch(
        effects=effects,
        coefficients=Bunch(
            intercept=INTERCEPT,
            saturation=SATURATION_EFFECT,
            object=dict(OBJECT_EFFECTS),
            theme=themes,
            uploader=users["effect"].to_dict(),
            tags=dict(TAG_EFFECTS),
            age=AGE_EFFECT,
        ),
        saturation=plan["saturation"].to_numpy(),
        users=users,
        taste=taste,
        popular_themes=[name for name, effect in themes.items() if effect > 0],
        unpopular_themes=[name for name, effect in themes.items() if effect < 0],
        noise=plan["noise"].to_numpy(),
        expected_score=np.log2(np.exp2(log2_expected) / days + 1.0).to_numpy(),
    )


@validate_params(
    {
        "n_photos": [Interval(Integral, 1, None, closed="left")],
        "folder": [str, os.PathLike, None],
        "image_size": [tuple, list],
        "n_users": [Interval(Integral, 1, None, closed="left")],
        "n_themes": [Interval(Integral, 2, len(SCENES), closed="both")],
        "noise": [Interval(Real, 0.0, 5.0, closed="both")],
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
    random_state=None,
):
    """Make posts of photos whose views have known causes.

    Photo-like scenes are drawn from random numbers, and views are counted from
    effects planted in the pixels (theme, object, saturation) and around them
    (uploader, tags, age). A model can so be checked against the truth.

    The causes resemble those found in real photos: colour, objects, uploader and
    tags [1]_, and several themes that are popular or unpopular [2]_.

    Parameters
    ----------
    n_photos : int, default=400
        Number of posts. A post is the same for every larger number.

    folder : str or path-like, default=None
        Where to write the photos, as JPEG files in ``folder/images``, and
        ``folder/labels.csv``. One photo at a time is then held in memory. It is
        made if missing. By default nothing is written.

    image_size : tuple of (int, int), default=(120, 160)
        Height and width of the photos in pixels, at least 32 each.

    n_users : int, default=20
        Number of uploaders. They differ in audience, in how much they post and
        in the themes they like.

    n_themes : int, default=8
        Number of kinds of scene, 2 to 8, in the order beach, street, forest,
        night, table, meadow, mountains, desert.

    noise : float, default=0.8
        Standard deviation of the noise on log2 of the expected views, 0 to 5.

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
        - ``effects``: DataFrame, what each cause adds to log2 of the expected views,
          with columns ``saturation``, ``object``, ``theme``, ``uploader``, ``tags``
          and ``age``;
        - ``coefficients``: Bunch of what was planted: ``intercept``, ``saturation``
          per unit, ``age`` per log2 day, and dicts of effects ``object``, ``theme``,
          ``uploader`` and ``tags``;
        - ``objects``: DataFrame, ``name`` of the painted object and ``row``,
          ``col``, ``height``, ``width`` of its box in pixels. The name is "none"
          and the box empty where there is no object;
        - ``saturation``: ndarray, mean HSV saturation planted in each scene, in
          0-1, before the object and the noise of the sensor;
        - ``popular_themes``, ``unpopular_themes``: list of str; other themes are
          neutral;
        - ``users``: DataFrame, ``effect`` and ``activity`` (share of all posts) per
          user;
        - ``taste``: DataFrame, share of each theme in the posts of each user;
        - ``noise``: ndarray, the noise drawn on log2 of the views per post;
        - ``expected_score``: ndarray, the score at the expected views. Its rank
          correlation with the score is the ceiling for a model.

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

    Age counts for less than 1 per log2 day because attention fades: dividing the
    views by the days leaves -0.1 * log2(days) in the score.

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

    Two confusions are there on purpose, as in real data. Uploaders have favourite
    themes, so that some of the effect of a theme passes for that of its uploaders;
    and tags name the content of the photo besides those with effects of their own.

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
    users, taste = _make_users(seed, n_users, list(SCENES)[:n_themes])
    plan = pd.DataFrame(
        _draw_post(_stream(seed, photo, POST_STAGE), users, taste, noise)
        for photo in range(n_photos)
    )
    days = (plan["observed"] - plan["uploaded"]).dt.total_seconds() / DAY_SECONDS
    effects = _compute_effects(plan, users, days)
    truth = _describe_truth(plan, users, taste, effects, days)

    posts = plan.drop(columns=["object", "saturation", "noise"])
    log2_rate = INTERCEPT + effects.sum(axis=1) + plan["noise"]
    posts["views"] = _draw_views(seed, log2_rate.to_numpy())
    posts["score"] = np.log2(posts["views"] / days + 1.0)

    photos = _draw_photos(seed, plan, shape)
    if folder is None:
        column, boxes = _keep_photos(photos, n_photos)
        posts.insert(0, "photo", column)
    else:
        posts, boxes = _write_folder(posts, photos, folder)
    truth.objects = pd.DataFrame(boxes, columns=Box._fields)
    truth.objects.insert(0, "name", plan["object"])
    return posts, truth
