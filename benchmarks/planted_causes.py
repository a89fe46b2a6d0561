"""Does each function of inspection find the cause that was planted for it?

Run ``python benchmarks/planted_causes.py``: 1200 made-up posts
(:func:`sklearn_popularity.make_popularity`, seed 0), models learned from the first half
where they are not cross-validated, and one line per cause: what was measured, its
figure, and beside it what chance gives. A cause is found if the figure lies beyond
chance. Low ends are those of 95 % intervals; chance is the end of the 95 % range under
permutations for rank correlations, of the binomial for words, and else the mean.
"""

from itertools import chain

import numpy as np
import pandas as pd
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

N = 1200
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
    """Weights of colours against their saturation, a colour as often as it is seen.

    Themes have colours too, and count for more in the score than saturation does: only
    beside the theme and the uploader do the weights tell of saturation.
    """
    columns = [(ColorHistogram(), "photo"), (OneHotEncoder(), list(beside))]
    model = make_pipeline(make_column_transformer(*columns), RidgeCV(alphas=ALPHAS))
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


def average_photos(posts, truth):
    """Saturation of the photos that make up the averages."""
    images = mean_image(posts["photo"], posts["score"], random_state=0)
    saturation = [
        rgb2hsv(images[kind] / 255)[..., 1].mean()
        for kind in ("popular", "random", "unpopular")
    ]
    note = "saturation, popular - unpopular"
    yield "saturation", "mean_image", note, saturation[0] - saturation[2], 0.0


def heatmaps(posts, truth, name, sign):
    """Share of the hottest (coldest) tenth within the box of the object."""
    objects = truth.objects
    rows = np.flatnonzero(objects["name"].isin(["none", name]))
    train, test = rows[rows < N // 2], rows[rows >= N // 2]
    score = truth.effects["object"] + 0.3 * truth.noise
    model = make_pipeline(HOGLLC(random_state=0), RidgeCV(alphas=ALPHAS))
    model.fit(list(posts["photo"].iloc[train]), score.iloc[train])
    # Covering squares takes a hundred predictions a photo.
    for method, n_photos in (("codes", 40), ("occlusion", 10)):
        inside, chance = [], []
        for row in test[objects["name"].iloc[test] == name][:n_photos]:
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
    """Weights of tags against what was planted for them and for objects."""
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


def themes(posts, truth, features):
    """Share of the themes' words in senses of the right side."""
    train, test = slice(0, N // 2), slice(N // 2, N)
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


def table_of(posts, features):
    """Columns of the late fusion: user, tags, age and features of the photo."""
    days = (posts["observed"] - posts["uploaded"]).dt.total_seconds() / 86_400
    columns = {f"photo{i}": column for i, column in enumerate(features.T)}
    X = posts[["user", "tags"]].assign(log_days=np.log2(days))
    return pd.concat([X, pd.DataFrame(columns, index=X.index)], axis=1)


def late_fusion(X):
    photo = [column for column in X if column.startswith("photo")]
    content = make_pipeline(StandardScaler(), RidgeCV(alphas=ALPHAS))
    tags = make_pipeline(CountVectorizer(binary=True), RidgeCV(alphas=ALPHAS))
    users = make_pipeline(
        OneHotEncoder(handle_unknown="ignore"), RidgeCV(alphas=ALPHAS)
    )
    return StackedLateFusion(
        [
            ("photo", content, photo),
            ("uploader", users, ["user"]),
            ("tags", tags, "tags"),
            ("age", Ridge(), ["log_days"]),
        ]
    )


def branches(posts, X):
    """Lower ends of intervals of importance, for views that are not per day."""
    y = np.log2(posts["views"] + 1)
    train, test = slice(0, N // 2), slice(N // 2, N)
    fusion = late_fusion(X).fit(X[train], y[train])
    table = branch_importance(fusion, X[test], y[test], random_state=0)
    for row in table.itertuples():
        note = f"importance {row.importance:.3f}, low end"
        yield row.branch, "branch_importance", note, row.low, 0.0


def context(posts, X):
    """Lower ends of paired differences."""
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


def groups(posts, truth, predicted):
    """Whom a model of the photo alone rates too high, and what it misses."""
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


def users(posts, predicted):
    rng = np.random.default_rng(0)
    table = spearman_by_user(
        posts["score"],
        {"photo": predicted, "noise": rng.normal(size=N)},
        users=posts["user"],
    )
    by_feature = table.pivot(index="user", columns="feature", values="spearman")
    _, low, _ = mean_interval(by_feature["photo"] - by_feature["noise"])
    yield "photo", "spearman_by_user", "photo less noise, low end", low, 0.0


def distribution(posts):
    days = (posts["observed"] - posts["uploaded"]).dt.total_seconds() / 86_400
    table = popularity_distribution(posts["views"], days)
    raw, _, per_day = table.groupby("transform", sort=False)["skewness"].first()
    note = f"skewness of views {raw:.1f}, logged per day {per_day:.1f}: fall"
    yield "log rate", "popularity_distribution", note, raw - abs(per_day), 0.0


def main():
    posts, truth = make_popularity(N, random_state=0)
    photos = list(posts["photo"])
    features = np.hstack(
        [t.fit_transform(photos) for t in (GistTransformer(), ColorHistogram())]
    )
    X = table_of(posts, features)
    model = make_pipeline(StandardScaler(), RidgeCV(alphas=ALPHAS))
    predicted = held_out_predictions(model, features, posts["score"]).shares[:, 0]
    lines = chain(
        colors(posts),
        colors(posts, beside=["theme", "user"]),
        average_photos(posts, truth),
        heatmaps(posts, truth, "cat", 1),
        heatmaps(posts, truth, "sign", -1),
        objects_and_tags(posts, truth),
        themes(posts, truth, features),
        branches(posts, X),
        context(posts, X),
        groups(posts, truth, predicted),
        users(posts, predicted),
        distribution(posts),
    )
    print("| cause | function | measured | figure | chance | found |")
    print("|---|---|---|---|---|---|")
    for cause, function, note, value, chance in lines:
        found = "yes" if value > chance else "no"
        print(
            f"| {cause} | {function} | {note} | {value:.3f} | {chance:.3f} | {found} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
