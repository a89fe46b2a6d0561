"""Squalli-Houssaini et al. 2018: K classes, captions, and interestingness.

There are no scores of memorability at hand: human ratings of beauty stand in. The
perceptron is the paper's, without its search of units.
"""

import numpy as np
import pandas as pd
from paper_tables._data import ROW, Known

from sklearn_popularity.features import pretrained_at_hand
from sklearn_popularity.papers import memorability2018

from ._findings import best_of, find, mean_score, not_testable, rank_gain, versus
from ._tables import OASIS

OTHER_K = (2, 3, 5, 6, 7, 8)
_TOP_SCORE = 7.0  # of OASIS's scales


def k_classes(sources):
    """Section 2.2 and table 1: K = 4 against other K, and against regression."""
    network = {"cnn": Known(sources.mobilenet(OASIS))}
    table = sources.oasis_table("beauty", 1)
    return compare_k(table, network)


def compare_k(table, network, top_score=_TOP_SCORE):
    posts = pd.DataFrame({ROW: np.arange(len(table.y))})
    shared = {"photo": ROW, "networks": network}
    classes = {
        f"K = {k}": table.held_out(
            f"K = {k}",
            memorability2018.k_class_mlp(
                ("cnn",), n_classes=k, top_score=top_score, **shared
            ),
            posts,
        )
        for k in (4, *OTHER_K)
    }
    regression = memorability2018.regression(("cnn",), **shared)
    svr = table.held_out("SVR of memorability", regression, posts)
    four = classes.pop("K = 4")
    best = best_of(table, classes)
    ours, svrs, bests = (
        mean_score(table.y, each) for each in (four, svr, classes[best])
    )
    return [
        find(
            "4 classes beat regression",
            table.name,
            rank_gain(table, four, svr),
            f"{versus(ours, svrs)} of a kernel SVR, neither tuned; beauty stands in",
        ),
        find(
            "4 classes beat the best other number of 2 to 8",
            table.name,
            rank_gain(table, four, classes[best]),
            f"{versus(ours, bests)} of {best}; beauty stands in",
        ),
    ]


def captions(sources):
    """Table 1: features of captions against those of objects, and both."""
    claims = ["captions beat objects", "captions and objects beat either"]
    network = memorability2018.INPUTS["caption"]
    if not pretrained_at_hand(network.backbone):
        why = f"the weights of {network.backbone}, which stands in, are not at hand"
        return [not_testable(claim, why) for claim in claims]
    caption = network.fit_transform(sources.photos(OASIS))
    return compare_captions(
        claims, sources.oasis_table("beauty", 1), sources.mobilenet(OASIS), caption
    )


def compare_captions(claims, table, cnn, caption):
    """The paper's perceptron on either kind of features, and on both."""
    posts = pd.DataFrame({ROW: np.arange(len(table.y))})
    networks = {"cnn": Known(cnn), "caption": Known(caption)}
    predicted = {
        inputs: table.held_out(
            " and ".join(inputs),
            memorability2018.k_class_mlp(
                inputs, top_score=_TOP_SCORE, photo=ROW, networks=networks
            ),
            posts,
        )
        for inputs in (("cnn",), ("caption",), ("cnn", "caption"))
    }
    both = predicted.pop(("cnn", "caption"))
    best = predicted[best_of(table, predicted)]
    pairs = [(predicted["caption",], predicted["cnn",]), (both, best)]
    return [
        find(claim, table.name, rank_gain(table, *pair), "beauty stands in")
        for claim, pair in zip(claims, pairs, strict=True)
    ]


def interestingness(sources):
    """Table 3: what is memorable is not what is interesting."""
    why = "no photos at hand have scores of memorability, nor any model that learned it"
    return [not_testable("memorability is unrelated to interestingness", why)]


CLAIMS = [k_classes, captions, interestingness]
