"""Whether functions of inspection find the causes that were planted in posts."""

from itertools import chain

import numpy as np
import pandas as pd
from _tables import section
from scipy.stats import binom, permutation_test
from skimage.color import rgb2hsv
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_popularity import (
    HOGLLC,
    ColorHistogram,
    GistTransformer,
    LatentRankSVM,
    StackedLateFusion,
    ablation,
    color_importance,
    make_popularity,
    object_importance,
    quadrants,
    region_heatmap,
    sense_words,
    spearman_score,
)
from sklearn_popularity.evaluation import held_out_predictions
from sklearn_popularity.inspection import (
    branch_importance,
    calibration,
    mean_image,
    popularity_distribution,
    spearman_by_user,
)
from sklearn_popularity.metrics import mean_interval

ALPHAS = np.logspace(-3, 4, 15)


def rank_correlation(a, b, weight=None):
    """Spearman's correlation and the end of its 95 % range under permutations."""
    rng = np.random.default_rng(0)
    test = permutation_test(
        (np.asarray(b),),
        lambda b: spearman_score(a, b, sample_weight=weight),
        permutation_type="pairings",
        rng=rng,
    )
    return test.statistic, np.quantile(np.abs(test.null_distribution), 0.95)


def colors(posts, beside=()):
    """Correlation of the weights of colours with saturation, weighted by frequency.

    Themes have colours too, and affect the score more than saturation does: only in a
    model with theme and uploader do the weights follow saturation.
    """
    parts = (ColorHistogram(), "photo"), (OneHotEncoder(), list(beside))
    model = make_pipeline(make_column_transformer(*parts), RidgeCV(alphas=ALPHAS))
    model.fit(posts, posts["score"])
    histogram = model[0].named_transformers_["colorhistogram"]
    seen = histogram.transform(posts["photo"]).mean(axis=0)
    names = ["#" + name[-6:] for name in histogram.get_feature_names_out()]
    table = color_importance(model).set_index("color").loc[names].reset_index()
    rgb = [[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in table["color"]]
    saturation = rgb2hsv(np.array(rgb)[np.newaxis])[0, :, 1]
    value, chance = rank_correlation(table["weight"], saturation, seen)
    note = f"weight ~ saturation, beside {' and '.join(beside) or 'nothing'}"
    yield "saturation", "color_importance", note, value, chance


def average_photos(posts):
    """Saturation of the photos that are averaged."""
    images = mean_image(posts["photo"], posts["score"], random_state=0)
    popular, unpopular = (
        rgb2hsv(images[kind] / 255)[..., 1].mean() for kind in ("popular", "unpopular")
    )
    note = "saturation, popular - unpopular"
    yield "saturation", "mean_image", note, popular - unpopular, 0.0


def heatmaps(posts, truth, name, sign, n_photos):
    """Share of the hottest (coldest) tenth within the box of the object."""
    objects = truth.objects
    rows = np.flatnonzero(objects["name"].isin(["none", name]))
    train, test = rows[rows < len(posts) // 2], rows[rows >= len(posts) // 2]
    score = truth.effects["object"] + 0.3 * truth.noise
    model = make_pipeline(HOGLLC(random_state=0), RidgeCV(alphas=ALPHAS))
    model.fit(list(posts["photo"].iloc[train]), score.iloc[train])
    # Covering squares takes a hundred predictions a photo.
    for method, n_shown in (("codes", n_photos), ("occlusion", n_photos // 4)):
        inside, chance = [], []
        for row in test[objects["name"].iloc[test] == name][:n_shown]:
            photo, box = posts["photo"].iloc[row], objects.iloc[row]
            heat = sign * region_heatmap(model, photo, method=method, stride=20)
            mask = np.zeros(heat.shape, bool)
            bottom, right = box["row"] + box["height"], box["col"] + box["width"]
            mask[box["row"] : bottom, box["col"] : right] = True
            inside.append(mask[heat >= np.quantile(heat, 0.9)].mean())
            chance.append(mask.mean())
        tenth = "hottest" if sign > 0 else "coldest"
        note = f"{method}: share of the {tenth} tenth inside ({len(inside)} photos)"
        yield f"object {name}", "region_heatmap", note, np.mean(inside), np.mean(chance)


def objects_and_tags(posts, truth):
    """Weights of tags against the planted weights of tags and objects."""
    counter = CountVectorizer(binary=True, min_df=5)
    X = counter.fit_transform(posts["tags"]).toarray()
    table = object_importance(
        X, posts["score"], names=counter.get_feature_names_out(), random_state=0
    ).set_index("object")
    for cause in ("object", "tags"):
        planted = pd.Series(truth.coefficients[cause]).drop("none", errors="ignore")
        weights = table.loc[planted.index, "weight"]
        value, chance = rank_correlation(planted, weights)
        note = f"weight ~ planted effect of {len(planted)}"
        yield cause, "object_importance", note, value, chance


def sense_themes(posts, truth, features):
    """Share of the themes' words in senses of the right side."""
    train, test = slice(0, len(posts) // 2), slice(len(posts) // 2, None)
    ranker = LatentRankSVM(n_senses=4, n_unpopular_senses=4, random_state=0)
    ranker.fit(features[train], posts["score"].iloc[train])
    table = sense_words(
        ranker, features[test], posts["theme"].iloc[test], n_top=40, n_words=1
    )
    right = [
        word in truth[f"{side}_themes"]
        for side, word in zip(table["side"], table["word"], strict=True)
    ]
    note = f"first word of {len(right)} senses is a theme of its side"
    chance = binom.ppf(0.95, len(right), 3 / 8) / len(right)
    yield "theme", "sense_words", note, np.mean(right), chance


def days_of(posts):
    return (posts["observed"] - posts["uploaded"]).dt.total_seconds() / 86_400


def table_of(posts, features):
    """Columns of the late fusion: user, tags, age and features of the photo."""
    X = posts[["user", "tags"]].assign(log_days=np.log2(days_of(posts)))
    return X.join(pd.DataFrame(features).add_prefix("photo"))


def late_fusion(X):
    photo = [column for column in X if column.startswith("photo")]
    content = make_pipeline(StandardScaler(), RidgeCV(alphas=ALPHAS))
    tags = make_pipeline(CountVectorizer(binary=True), RidgeCV(alphas=ALPHAS))
    known = OneHotEncoder(handle_unknown="ignore")
    users = make_pipeline(known, RidgeCV(alphas=ALPHAS))
    return StackedLateFusion(
        [
            ("photo", content, photo),
            ("uploader", users, ["user"]),
            ("tags", tags, "tags"),
            ("age", Ridge(), ["log_days"]),
        ]
    )


def branches(posts, X):
    """Lower ends of intervals of importance, for views that are not divided by days."""
    y = np.log2(posts["views"] + 1)
    train, test = slice(0, len(posts) // 2), slice(len(posts) // 2, None)
    fusion = late_fusion(X).fit(X[train], y[train])
    table = branch_importance(fusion, X[test], y[test], random_state=0)
    for row in table.itertuples():
        note = f"importance {row.importance:.3f}, low end"
        yield row.branch, "branch_importance", note, row.low, 0.0


def context(posts, X):
    """Lower ends of the intervals of paired differences."""
    result = ablation(
        late_fusion(X),
        X,
        posts["score"],
        content=["photo"],
        social=["uploader", "tags", "age"],
        user="user",
        random_state=0,
    )
    table = result.differences
    table = table[table["model"] == "content + social"].set_index("instead_of")
    for name, cause in (("content", "context"), ("social", "content")):
        row = table.loc[name]
        note = f"both instead of {name} {row['difference']:.3f}, low end"
        yield cause, "ablation", note, row["low"], 0.0


def of_groups(posts, truth, predicted):
    """Users whom a model of the photo alone overrates, and the cues that it misses."""
    table = calibration(posts["score"], predicted, by=posts["user"])
    effect = truth.users["effect"].loc[table["group"][1:]]
    value, chance = rank_correlation(-table["rank_bias"][1:], effect)
    yield "uploader", "calibration", "underrated ~ uploader's effect", value, chance
    rows = quadrants(posts["score"], predicted).set_index("row")["quadrant"]
    uploader = truth.effects["uploader"]
    missed = uploader[rows[rows == "high, predicted low"].index]
    value, low, _ = mean_interval(missed)
    note = f"effect of uploaders of popular photos missed {value:.3f}, low end"
    yield "uploader", "quadrants", note, low, uploader.mean()
    means = posts["score"].groupby(posts["theme"]).transform("mean")
    table = calibration(posts["score"], means, by=posts["theme"])
    gap = table["spearman"][0] - table["spearman"][1:].max()
    note = "a model of themes alone: correlation less the highest within a theme"
    yield "theme only", "calibration", note, gap, 0.0


def of_users(posts, predicted):
    rng = np.random.default_rng(0)
    table = spearman_by_user(
        posts["score"],
        {"photo": predicted, "noise": rng.normal(size=len(posts))},
        users=posts["user"],
    )
    by_feature = table.pivot(index="user", columns="feature", values="spearman")
    _, low, _ = mean_interval(by_feature["photo"] - by_feature["noise"])
    yield "photo", "spearman_by_user", "photo less noise, low end", low, 0.0


def distribution(posts):
    table = popularity_distribution(posts["views"], days_of(posts))
    raw, _, per_day = table.groupby("transform", sort=False)["skewness"].first()
    note = f"skewness of views {raw:.1f}, logged per day {per_day:.1f}: fall"
    yield "log rate", "popularity_distribution", note, raw - abs(per_day), 0.0


@section("cause | function | measured | figure | chance | found")
def causes(*, rows=1200, photos=40):
    """Whether each function of inspection finds the cause that was planted for it.

    Models are cross-validated or fitted on the first half of made-up posts (seed 0). A
    cause is found if the figure exceeds chance: the end of the 95 % range under
    permutations for rank correlations or of the binomial for words, and the mean
    otherwise. Low ends are those of 95 % intervals.
    """
    posts, truth = make_popularity(rows, random_state=0)
    shown = list(posts["photo"])
    features = np.hstack(
        [kind.fit_transform(shown) for kind in (GistTransformer(), ColorHistogram())]
    )
    X = table_of(posts, features)
    model = make_pipeline(StandardScaler(), RidgeCV(alphas=ALPHAS))
    predicted = held_out_predictions(model, features, posts["score"]).shares[:, 0]
    lines = chain(
        colors(posts),
        colors(posts, beside=["theme", "user"]),
        average_photos(posts),
        heatmaps(posts, truth, "cat", 1, photos),
        heatmaps(posts, truth, "sign", -1, photos),
        objects_and_tags(posts, truth),
        sense_themes(posts, truth, features),
        branches(posts, X),
        context(posts, X),
        of_groups(posts, truth, predicted),
        of_users(posts, predicted),
        distribution(posts),
    )
    for *what, value, chance in lines:
        found = "yes" if value > chance else "no"
        yield *what, f"{value:.3f}", f"{chance:.3f}", found
