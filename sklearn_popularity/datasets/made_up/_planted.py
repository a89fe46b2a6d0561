"""Causes of popularity, planted in made-up posts."""

import numpy as np
import pandas as pd
from numpy.random import Generator, SeedSequence, default_rng
from scipy.special import ndtri
from sklearn.utils import Bunch

from ._objects import OBJECTS

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
# Each stage of each photo has its own random stream, so that neither the number of
# photos nor the size of the images changes what is drawn for a photo.
POST_STAGE, SCENE_STAGE, VIEWS_STAGE = range(3)


def stream(seed: int, photo: int, stage: int) -> Generator:
    """Return the random generator of one stage of one photo."""
    return default_rng(SeedSequence(seed, spawn_key=(photo, stage)))


def _make_users(
    seed: int, n_users: int, themes: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw the uploaders, and the share of each theme in their posts."""
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
    """Draw tags about the content, then tags that only attract viewers."""
    tags = list(rng.choice(CONTENT_TAGS[theme], size=2, replace=False))
    named = rng.random() < OBJECT_TAG_RATE
    if named and object_name != NO_OBJECT:
        tags.append(object_name)
    drawn = rng.random(len(TAG_EFFECTS)) < TAG_RATE
    return " ".join([*tags, *np.array(list(TAG_EFFECTS))[drawn]])


def _draw_title(rng: Generator, theme: str) -> str:
    """Draw a title, or a file name of a camera."""
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
    """Return the effect of each cause on log2 of the expected views of each post."""
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
            stream(seed, photo, VIEWS_STAGE).poisson(rate)
            for photo, rate in enumerate(np.exp2(log2_rate))
        ],
        dtype=np.int64,
    )


def _describe_truth(
    plan: pd.DataFrame,
    users: pd.DataFrame,
    taste: pd.DataFrame,
    effects: pd.DataFrame,
    days: pd.Series,
    intercept: float,
) -> Bunch:
    """Collect everything that was planted."""
    themes = {name: THEME_EFFECTS[name] for name in taste.columns}
    log2_expected = intercept + effects.sum(axis=1)
    return Bunch(
        effects=effects,
        coefficients=Bunch(
            intercept=intercept,
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


def plant_causes(
    seed: int,
    n_photos: int,
    *,
    n_users: int,
    themes: list[str],
    noise: float,
    rate: float = 1.0,
) -> tuple[pd.DataFrame, pd.DataFrame, Bunch]:
    """Draw posts without photos, the content of their photos, and what was planted.

    Themes are keys of `THEME_EFFECTS`; noise is on log2 of the views, and `rate` is a
    factor on the expected views.
    """
    users, taste = _make_users(seed, n_users, themes)
    plan = pd.DataFrame(
        _draw_post(stream(seed, photo, POST_STAGE), users, taste, noise)
        for photo in range(n_photos)
    )
    days = (plan["observed"] - plan["uploaded"]).dt.total_seconds() / DAY_SECONDS
    effects = _compute_effects(plan, users, days)
    intercept = INTERCEPT + float(np.log2(rate))
    truth = _describe_truth(plan, users, taste, effects, days, intercept)
    posts = plan.drop(columns=["object", "saturation", "noise"])
    log2_rate = intercept + effects.sum(axis=1) + plan["noise"]
    posts["views"] = _draw_views(seed, log2_rate.to_numpy())
    posts["score"] = np.log2(posts["views"] / days + 1.0)
    return posts, plan[["theme", "object", "saturation"]], truth
