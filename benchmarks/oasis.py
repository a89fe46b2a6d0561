"""Scores of models on the OASIS ratings of photos, by sections of RESULTS.md.

Run ``python benchmarks/oasis.py SECTION FOLDER``. FOLDER contains labels.csv (path,
beauty, valence, arousal, theme) and features_mobilenetv2_1280_f16.npy, in the same row
order. ``--keep FILE`` caches features. Folds keep themes together.
"""

import warnings
from operator import itemgetter
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from _pairs import pairs
from _tables import (
    comparison_rows,
    mobilenet_of,
    read_posts,
    recommend,
    run,
    section,
    table,
)
from PIL import Image, ImageDraw, ImageFont
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import VotingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVR

from sklearn_popularity import (
    CNNEmbedder,
    CNNFineTuneRegressor,
    ColorStatistics,
    KClassAggregatingClassifier,
    LatentRankSVM,
    Preprocessing,
    StackedLateFusion,
    make_popularity,
    read_image,
    spearman_scorer,
)
from sklearn_popularity.evaluation import (
    FEATURES,
    compare_models,
    fit_model,
    measure_photos,
)
from sklearn_popularity.inspection import what_if
from sklearn_popularity.models import DeadSensesWarning

RIDGE = FEATURES["color-statistics"].regressor
SVR = FEATURES["gist"].regressor
SENSES = {"1": (1, 0), "4": (4, 0), "2+2": (2, 2), "10": (10, 0), "5+5": (5, 5)}


def tuned(model, grid):
    return GridSearchCV(
        model, grid, scoring=spearman_scorer, cv=GroupKFold(4), error_score="raise"
    )


def latent(n_senses, n_unpopular):
    ranker = LatentRankSVM(
        n_senses=n_senses, n_unpopular_senses=n_unpopular, random_state=0
    )
    return tuned(ranker, {"alpha": [3e-4, 1e-3, 3e-3, 1e-2]})


def k_classes(k):
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    return tuned(
        KClassAggregatingClassifier(classifier, n_classes=k),
        {"estimator__logisticregression__C": [1e-4, 1e-3, 1e-2]},
    )


def models_of_one_network():
    # It penalises its constant, which standardised scores keep small.
    svr = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), LinearSVR(random_state=0, max_iter=5000)),
        transformer=StandardScaler(),
    )
    return {
        "RidgeCV": RIDGE,
        "Ridge": tuned(
            make_pipeline(StandardScaler(), Ridge()),
            {"ridge__alpha": np.logspace(1, 5, 9)},
        ),
        **{f"LatentRankSVM {name}": latent(*n) for name, n in SENSES.items()},
        "LinearSVR": tuned(svr, {"regressor__linearsvr__C": [1e-5, 1e-4, 1e-3, 1e-2]}),
        **{f"KClass {k}": k_classes(k) for k in range(2, 9)},
    }


def hand_crafted(posts, keep):
    """Features of each kind, with codebook words learned from all photos."""
    return {
        name: clone(kind.transformer).set_params(cache=keep).fit_transform(posts)
        for name, kind in FEATURES.items()
    }


def branches_of(blocks):
    """Branches of a late fusion for blocks that are concatenated in X."""
    stops = np.cumsum([block.shape[1] for block in blocks.values()])
    return [
        (
            name,
            FEATURES[name].regressor if name in FEATURES else RIDGE,
            slice(stop - block.shape[1], stop),
        )
        for (name, block), stop in zip(blocks.items(), stops, strict=True)
    ]


def choose(models, only, reference):
    """Models whose names start so, and the reference."""
    starts = only, reference
    return {name: model for name, model in models.items() if name.startswith(starts)}


@section("rating | model | Spearman | over partitions | minus RidgeCV | p (Holm)")
def models(folder, *, only="", repeats=5, keep=None):
    """Models of MobileNetV2's features, paired with ridge regression.

    Parameters are chosen by Spearman's correlation in four inner folds, also by theme.
    RidgeCV chooses by its own leave-one-out errors; "Ridge" is the same model, tuned
    like the others. "fusion of all" adds the hand-crafted features. ``--only`` selects
    models by the start of their names; p-values are adjusted over these.
    """
    # Strong penalties, which are tried too, leave few of ten senses.
    for category in (ConvergenceWarning, DeadSensesWarning):
        warnings.simplefilter("ignore", category)
    posts, X = read_posts(folder), mobilenet_of(folder)
    chosen = choose(models_of_one_network(), only, "RidgeCV")
    if "fusion of all".startswith(only):
        deep = FunctionTransformer(itemgetter((slice(None), slice(X.shape[1]))))
        chosen = {name: make_pipeline(deep, model) for name, model in chosen.items()}
        blocks = {"mobilenet": X} | hand_crafted(posts["photo"], keep)
        chosen["fusion of all"] = StackedLateFusion(branches_of(blocks), cv=4)
        X = np.hstack(list(blocks.values()))
    settings = {"groups": posts["theme"], "reference": "RidgeCV", "n_repeats": repeats}
    for label in ("beauty", "valence"):
        found = compare_models(chosen, X, posts[label], **settings)
        yield from comparison_rows(label, found, ("score", "range", "gain", "p"))


class WithOtherScores(RegressorMixin, BaseEstimator):
    """A network with a head for each score of its photos, and of photos of others.

    `known` has other scores of the photos in `fit`, `others` those of more photos; both
    are frames with a row for each photo, by its path.
    """

    def __init__(self, network, known, others):
        self.network, self.known, self.others = network, known, others

    def fit(self, X, y):
        scores = self.known.loc[X["photo"]].assign(target=np.asarray(y))
        scores = pd.concat([scores, self.others])  # NaN where a data set has none
        self.network_ = clone(self.network).fit(list(scores.index), scores)
        self.column_ = scores.columns.get_loc("target")
        return self

    def predict(self, X):
        return self.network_.predict(X["photo"])[:, self.column_]


@section("rating | model | Spearman | minus ridge | p (Holm)")
def fine_tuning(folder, others, *, size=224, epochs=3, only="", keep=None):
    """EfficientNet-Lite2 frozen and fine-tuned, paired with ridge on frozen features.

    Five folds by theme. Rates are Adam's that `papers.dufour2015` holds to work with
    hundreds of photos; none was tuned here. OTHERS is the folder of SoPhoAppeal80, the
    other data set of a shared backbone, beside the other two ratings of OASIS. ``--keep
    FOLDER`` keeps checkpoints there, so that a run goes on; ``--only`` takes models
    whose name starts so.
    """
    reference = "RidgeCV, frozen"
    embedder = CNNEmbedder(
        backbone="timm/tf_efficientnet_lite2",
        preprocessing=Preprocessing(size=size, resize="squeeze"),
    )
    posts, more = read_posts(folder), read_posts(others)
    known = posts.set_index("photo")[["valence", "arousal"]]
    more = more.set_index("photo")[["mos"]].dropna()
    with TemporaryDirectory() as temporary:
        network = CNNFineTuneRegressor(
            embedder=embedder,
            learning_rate=1e-4,
            max_epochs=epochs,
            random_state=0,
            checkpoint=str(keep or temporary),
        )
        last = clone(network).set_params(trainable="blocks.6")
        compared = {
            reference: make_pipeline(embedder, clone(RIDGE)),
            "SVR, frozen": make_pipeline(embedder, clone(SVR)),
            "SVR, frozen, three depths": recommend(posts[["photo"]], None),
            "head": clone(network).set_params(trainable="head"),
            "last block": last,
            "last block, log loss": clone(last).set_params(loss="log_loss"),
            "last block, shared": WithOtherScores(last, known, more),
            "last block, two heads": two_heads(last),
            "all layers": network,
            "all layers, two heads": two_heads(network),
        }
        found = compare_models(
            choose(compared, only, reference),
            posts[["photo"]],
            posts["beauty"],
            groups=posts["theme"],
            reference=reference,
            n_repeats=1,
        )
    return comparison_rows("beauty", found, ("score", "gain", "p"))


def two_heads(network):
    """The mean of a network, and of an SVR on the embeddings that it has learned."""
    second = make_pipeline(network, clone(SVR))
    return VotingRegressor([("network", network), ("svr", second)])


def edits(folder, *, runs=200, photos=30, keep=None):
    """Coverage of the intervals of `what_if`, and effects of edits on real photos.

    Scores are noise first, which no edit changes, then beauty, with folds by theme and
    the model of `papers.recommended`: mean changes, and shares of intervals without 0.
    """
    table("partitions | edits | 0 is within", (noise_edits(n, runs) for n in (1, 3)))
    posts = read_posts(folder)
    fitted = fit_model(
        recommend(posts[["photo"]], keep),
        posts[["photo"]],
        posts["beauty"],
        groups=posts["theme"],
        return_estimator=True,
    )
    rows = np.random.default_rng(0).choice(len(posts), photos, replace=False)
    found = pd.concat(
        [what_if(fitted, posts[["photo"]].iloc[[row]]).changes for row in rows]
    ).dropna()
    found = found.assign(raises=found["low"] > 0, lowers=found["high"] < 0)
    means = found.groupby("edit")[["change", "raises", "lowers"]].mean()
    rows = (
        (row.Index, f"{row.change:+.3f}", f"{row.raises:.0%}", f"{row.lowers:.0%}")
        for row in means.sort_values("change", ascending=False).itertuples()
    )
    table("edit | mean change | raises | lowers", rows)


def noise_edits(n_repeats, n_runs):
    """Number of partitions and of intervals, and the share of intervals with 0."""
    posts, _ = make_popularity(120, image_size=(48, 64), random_state=0)
    model = make_pipeline(ColorStatistics(), StandardScaler(), Ridge(1.0))
    held = []
    for seed in range(n_runs):
        y = np.random.default_rng(seed).normal(size=len(posts))
        fitted = fit_model(
            model, posts["photo"], y, n_repeats=n_repeats, return_estimator=True
        )
        found = what_if(fitted, posts["photo"][seed % 120]).changes.dropna()
        held += ((found["low"] <= 0) & (found["high"] >= 0)).tolist()
    return n_repeats, len(held), f"{np.mean(held):.3f}"


@section("photos marked | opacity 30 % | 60 % | 100 %")
def marks(folder):
    """How well the measure "watermark" detects text on photos: area under the ROC."""
    photos = [read_image(path, max_size=256) for path in read_posts(folder)["photo"]]
    for share in (0.05, 0.1, 0.3):
        marked = np.random.default_rng(0).random(len(photos)) < share
        areas = (area_of_marks(photos, marked, opacity) for opacity in (0.3, 0.6, 1.0))
        yield f"{share:.0%}", *areas


def area_of_marks(photos, marked, opacity):
    found = [
        stamp(photo, opacity) if has else photo
        for photo, has in zip(photos, marked, strict=True)
    ]
    likeness = measure_photos(found, ["watermark"], "photo")["watermark"]
    return f"{roc_auc_score(marked, likeness):.3f}"


def stamp(photo, opacity):
    """The photo with text in its lower right corner."""
    image = Image.fromarray(photo).convert("RGBA")
    layer, (width, height) = Image.new("RGBA", image.size), image.size
    ImageDraw.Draw(layer).text(
        (0.97 * width, 0.96 * height),
        "PHOTO.CLUB",
        font=ImageFont.load_default(size=max(8, int(0.08 * height))),
        anchor="rs",
        fill=(255, 255, 255, int(255 * opacity)),
    )
    return np.asarray(Image.alpha_composite(image, layer).convert("RGB"))


COMMANDS = (models, fine_tuning, pairs, edits, marks)

if __name__ == "__main__":
    run(__doc__, *COMMANDS)
