"""Whether effects planted in made-up posts are found, and no others, by sections.

Run ``python benchmarks/planted.py SECTION``; ``--jobs 2`` before the section uses two
processes, and ``--runs`` sets the number of runs, by default that of RESULTS.md.
"""

from itertools import chain, product

import numpy as np
import pandas as pd
from _tables import draw_normal, error_cell, mean_cell, over_runs, run, section
from scipy.stats import binom, permutation_test
from skimage.color import rgb2hsv
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVR

from sklearn_popularity import (
    HOGLLC,
    ColorHistogram,
    GistTransformer,
    LatentRankSVM,
    NeighborPopularity,
    ResidualRegressor,
    StackedLateFusion,
    UserHistoryEncoder,
    ablation,
    color_importance,
    make_popularity,
    object_importance,
    quadrants,
    region_heatmap,
    sense_words,
    spearman_score,
)
from sklearn_popularity.evaluation import held_out_predictions, shortcut_audit
from sklearn_popularity.inspection import (
    branch_importance,
    calibration,
    mean_image,
    popularity_distribution,
    spearman_by_user,
)
from sklearn_popularity.metrics import mean_interval


def draw_looks(n_users, n_each, looks, rng):
    """Users and features of posts, their scores, and the effect of the photo."""
    user = np.arange(n_users).repeat(n_each)
    level = rng.normal(size=n_users)[user]
    features = rng.normal(size=(len(user), 10))
    features[:, 0] += looks * level  # what popular users' photos look like
    effect = features[:, :3] @ [-0.5, 1.0, 0.5]
    y = np.exp(2 * level + effect + rng.normal(size=len(user)))
    return np.column_stack([user, features]), y, effect


def score_looks(n_each, looks, seed):
    """Rank correlation of four models with the effect of the photo, for new users."""
    rng = np.random.default_rng(seed)
    X, y, effect = draw_looks(1200 // n_each, n_each, looks, rng)
    photo = make_column_transformer(("passthrough", list(range(1, X.shape[1]))))
    ranker = LatentRankSVM(n_senses=1, n_unpopular_senses=0, random_state=0)
    ridge = make_pipeline(photo, RidgeCV(np.logspace(-1, 5, 13)))
    context = make_pipeline(UserHistoryEncoder(user=0, random_state=0), RidgeCV())
    models = [
        make_pipeline(photo, ranker),
        clone(ranker).set_params(within=0),
        ridge,
        ResidualRegressor(ridge, context=context),
    ]
    for model in models:
        model.fit(X[:600], np.log(y[:600]))
    return [spearman_score(effect[600:], m.predict(X[600:])) for m in models]


@section(
    "posts of a user, looks | pooled ranker | within users, less pooled | ridge | "
    "residuals, less ridge | within, less residuals"
)
def within(*, runs=40):
    """Whether models find the effect of the photo apart from that of the user.

    Popular users post photos that look alike ("looks" of 1), which a pooled model
    learns, or do not (0).
    """
    for settings in product((3, 10, 30), (0, 1)):
        found = over_runs(score_looks, *settings, n_runs=runs)
        pooled, within, plain, left = found
        yield (
            ", ".join(map(str, settings)),
            f"{pooled.mean():.3f}",
            mean_cell(within - pooled),
            f"{plain.mean():.3f}",
            mean_cell(left - plain),
            mean_cell(within - left),
        )


#: Numbers of the columns of posts with neighbours.
EMBEDDING, GROUP, TIME = list(range(5)), 5, 6


class PlainMean(TransformerMixin, BaseEstimator):
    """The mean score of the neighbours, without subtracting the overall mean."""

    def __init__(self, n_neighbors, past=False):
        self.n_neighbors = n_neighbors
        self.past = past

    def fit(self, X, y):
        self.known_, self.scores_ = X, np.asarray(y)
        return self

    def transform(self, X):
        distances = euclidean_distances(X[:, EMBEDDING], self.known_[:, EMBEDDING])
        hidden = X[:, [GROUP]] == self.known_[:, GROUP]
        if self.past:
            hidden |= self.known_[:, TIME] >= X[:, [TIME]]
        distances[hidden] = np.inf
        nearest = np.argsort(distances, axis=1)[:, : self.n_neighbors]
        seen = np.isfinite(np.take_along_axis(distances, nearest, axis=1))
        total = (self.scores_[nearest] * seen).sum(axis=1)
        return (total / np.maximum(seen.sum(axis=1), 1))[:, np.newaxis]


def draw_similar(kind, n, rng):
    """Columns of an embedding, groups and times, and noise as scores."""
    groups = np.arange(n)
    if kind in ("groups", "groups, known"):
        groups = rng.integers(0, n // 10, n)
    if kind == "copies":
        groups = rng.integers(0, n // 3, n)
    embedding, y = rng.normal(size=(n, len(EMBEDDING))), rng.normal(size=n)
    if kind == "copies":
        embedding, y = embedding[groups], y[groups]
    elif len(np.unique(groups)) < n:
        y += rng.normal(size=n)[groups]
    if kind == "over time":
        y = np.cumsum(y) / 5 + rng.normal(size=n)
    return np.column_stack([embedding, groups, np.arange(n)]), y


def score_similar(kind, n, n_neighbors, strength, seed):
    """Held-out scores of ridge and forest on the feature, and of ridge on PlainMean."""
    X, y = draw_similar(kind, n, np.random.default_rng(seed))
    y = y + strength * (np.sin(2 * X[:, 0]) + X[:, 1])
    past = kind == "over time"
    start = n * 4 // 5
    settings = {"cv": [(np.arange(start), np.arange(start, n))]} if past else {"cv": 5}
    if kind in ("rows", "groups", "copies"):
        settings["groups"] = X[:, GROUP]
    ours = NeighborPopularity(
        n_neighbors=n_neighbors,
        time=TIME if past else None,
        groups=None if kind == "copies" else GROUP,
    )
    if not past:  # copies are found by themselves, without their group
        told = EMBEDDING if kind == "copies" else [*EMBEDDING, GROUP]
        ours = make_pipeline(make_column_transformer(("passthrough", told)), ours)
    forest = RandomForestRegressor(20, min_samples_leaf=5, random_state=0)
    plain = PlainMean(n_neighbors, past)
    return [
        held_out_predictions(
            make_pipeline(feature, StandardScaler(), learner),
            X,
            y,
            random_state=seed,
            **settings,
        ).scores(y)[0]
        for feature, learner in ((ours, Ridge()), (ours, forest), (plain, Ridge()))
    ]


@section("scores | posts | k | ridge | forest | ridge on the plain mean")
def neighbors(*, runs=80):
    """What `NeighborPopularity` finds in noise, which should be nothing, and a signal.

    Groups share a level, copies have the features and the score of their original, and
    the level drifts over time. Folds keep groups or copies together; if groups are
    "known", folds are random. Runs are for 200 posts; there are fewer for 1,000.
    """
    kinds = ("rows", "groups", "groups, known", "copies", "over time")
    shapes = [(200, 5), (200, 50), (1000, 10), (1000, 200)]
    cases = [(kind, *shape, 0.0) for kind, shape in product(kinds, shapes)]
    cases += [(kind, 1000, 10, 1.0) for kind in kinds]
    for kind, n, n_neighbors, strength in cases:
        settings = kind, n, n_neighbors, strength
        found = over_runs(score_similar, *settings, n_runs=max(runs * 200 // n, 2))
        name = f"{'signal and noise' if strength else 'noise'}, {kind}"
        yield name, n, n_neighbors, *map(mean_cell, found)


def draw_suspects(kind, n, n_users, rng):
    """Features of one mark, five cameras and a size, their score, suspects and groups.

    In "told", the suspects affect the features but not the score; in "scored" it is the
    other way round; in "planted", the mark affects both. In "users", suspects and other
    causes belong to users, who are groups.
    """
    user = rng.integers(0, n_users, n)
    owner = user if kind.startswith("users") else rng.permutation(n)
    mark = (rng.random(n) < 0.3)[owner]
    camera, size = rng.integers(0, 5, n)[owner], rng.normal(size=n)[owner]
    X = rng.normal(size=(n, 30))
    if kind not in ("clean", "scored"):
        X[:, 10] += 3 * mark
        X[:, 11] += 2 * size
        X[:, 12:17] += 3 * np.eye(5)[camera]
    y = X[:, 0] + X[:, 1] + rng.normal(size=n)
    if kind.startswith("users"):
        of_user = rng.normal(size=(2, n_users))[:, user]
        X[:, 2] += of_user[0]
        y += of_user.sum(axis=0)
    if kind == "scored":
        y += 2 * mark + size
    if kind.endswith("planted"):
        y += 1.5 * mark
    suspects = {"mark": mark, "camera": camera, "size": size}
    return X, y, suspects, user if kind.startswith("users") else None


def audit_suspects(kind, n, n_users, seed):
    """Whether the mark is accused, whether others are, and `follows` of the mark."""
    rng = np.random.default_rng(seed)
    X, y, suspects, groups = draw_suspects(kind, n, n_users, rng)
    model = RidgeCV(np.logspace(-1, 3, 5))
    found = shortcut_audit(model, X, y, suspects=suspects, groups=groups).suspects
    accused = (found["verdict"] != "").to_numpy()
    follows = found[["follows", "follows_low", "follows_high"]].iloc[0]
    return accused[0], accused[1:].any(), *follows


@section("what is made | rows | mark accused | others accused | follows | held")
def shortcuts(*, runs=200, rows=(300, 900), users=60):
    """Whether `shortcut_audit` finds planted shortcuts, and accuses no others.

    "held" is how often intervals of `follows` of the mark cover its mean over runs.
    """
    kinds = ("clean", "told", "scored", "users", "planted", "users, planted")
    for kind, n in product(kinds, rows):
        found = over_runs(audit_suspects, kind, n, users, n_runs=runs)
        mark, others, follows, low, high = found
        held = (low <= follows.mean()) & (follows.mean() <= high)
        shares = [f"{each.mean():.1%}" for each in (mark, others)]
        yield kind, n, *shares, f"{follows.mean():+.3f}", f"{held.mean():.1%}"


#: What the branches of a late fusion are worth.
WORTHS = {
    "one good": (0.5, 0, 0, 0, 0, 0),
    "one weak": (0.3, 0, 0, 0, 0, 0),
    "one good, two weak": (0.5, 0.2, 0.2, 0, 0, 0),
    "three equal": (0.4, 0.4, 0.4, 0, 0, 0),
}
WIDTH, N_TELLING, N_FRESH = 10, 4, 2000
#: Runs by the number of rows, of which 150 have 60.
RUNS = {150: 60, 300: 40, 600: 20, 1500: 10}


def fuse(worth, n, grouped, seed):
    """Scores on new rows of the fusion, the fusion of sorted rows, and each branch.

    The last values are whether the fusion reports each branch as at chance.
    """
    rng, groups = np.random.default_rng(seed), np.arange(n + N_FRESH)
    if grouped:
        groups //= 10
    X = draw_normal(groups, WIDTH * len(worth), rng)
    parts = X.reshape(len(X), len(worth), WIDTH)[:, :, :N_TELLING].sum(axis=2)
    noise = draw_normal(groups, 1, rng)[:, 0] * np.sqrt(1 - np.square(worth).sum())
    y = parts @ np.array(worth) / np.sqrt(N_TELLING) + noise
    learners = [RidgeCV(np.logspace(0, 5, 11)), SVR(C=1.0)]
    branches = [
        (
            f"branch {i}",
            make_pipeline(StandardScaler(), clone(learners[i % 2])),
            slice(WIDTH * i, WIDTH * (i + 1)),
        )
        for i in range(len(worth))
    ]
    scores = []
    for rows in (rng.permutation(n), np.argsort(y[:n])):
        told = {"groups": groups[rows]} if grouped else {}
        fusion = StackedLateFusion(branches).fit(X[rows], y[rows], **told)
        scores.append(spearman_score(y[n:], fusion.predict(X[n:])))
    outputs = fusion.branch_predictions(X[n:]).T
    alone = [spearman_score(y[n:], output) for output in outputs]
    marked = [score.at_chance for score in fusion.branch_scores_.values()]
    return [*scores, *alone, *marked]


@section(
    "branches | rows | folds of | best branch | fusion less best | sorted less "
    "shuffled | marked at chance: of no worth | others"
)
def fusion(*, sizes=(150, 300, 600, 1500), runs=60):
    """Late fusion beside its best branch, and on tables sorted by score.

    Each of six branches has its own ten columns, four of which have the weight of the
    case. The best branch is the one that is best on average. Runs are for 150 rows;
    there are fewer for more rows.
    """
    for grouped, (case, worth), n in product((False, True), WORTHS.items(), sizes):
        n_runs = max(runs * RUNS.get(n, 60) // 60, 2)
        fused, by_score, *each = over_runs(fuse, worth, n, grouped, n_runs=n_runs)
        branches, marked = np.split(np.array(each), 2)
        best = branches[branches.mean(axis=1).argmax()]
        chance = np.array(worth) == 0
        yield (
            case,
            n,
            "groups" if grouped else "rows",
            f"{best.mean():.3f}",
            error_cell(fused - best),
            error_cell(by_score - fused),
            f"{marked[chance].mean():.0%}",
            f"{marked[~chance].mean():.0%}",
        )


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


COMMANDS = (within, neighbors, shortcuts, fusion, causes)

if __name__ == "__main__":
    run(__doc__, *COMMANDS)
