"""Time of an epoch of LatentRankSVM, beside torch's autograd and beside two products.

Run ``python benchmarks/ranker_speed.py`` (the first comparison needs torch). One
thread, float32, 10 senses (5 popular, 5 unpopular), batches of 100 rows; runs
alternate, and a ratio is the median over rounds.

``autograd`` is the loop that a torch user would write: the same batches, loss, penalty
and Adam. ``two products`` are a batch times the senses, and what the gradient needs:
its transpose times a gradient of scores.
"""

import time
from importlib.util import find_spec
from statistics import median

import numpy as np

from sklearn_popularity import LatentRankSVM
from sklearn_popularity.features._threads import single_threaded

N_ROWS, BATCH, N_ROUNDS = 2000, 100, 7
N_POPULAR, N_SENSES = 5, 10


def make_data(n_features):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, n_features)).astype(np.float32)
    return X, X[:, :8].max(axis=1) - X[:, 8:16].max(axis=1)


def our_epoch(X, y):
    ranker = LatentRankSVM(
        n_senses=N_POPULAR,
        n_unpopular_senses=N_SENSES - N_POPULAR,
        batch_size=BATCH,
        random_state=0,
    ).partial_fit(X, y)
    rows = np.arange(len(y))
    return lambda: ranker._pass(X, y, None, rows)


def bare_products(X, y):
    rng = np.random.default_rng(0)
    senses = rng.normal(size=(N_SENSES, X.shape[1])).astype(np.float32)
    by_score = rng.normal(size=(BATCH, N_SENSES)).astype(np.float32)

    def epoch():
        for start in range(0, len(X), BATCH):
            rows = X[start : start + BATCH]
            rows @ senses.T
            by_score.T @ rows

    return epoch


def autograd_epoch(X, y):
    import torch

    X = torch.from_numpy((X - X.mean(axis=0)) / (X.std(axis=0) * X.shape[1] ** 0.5))
    y = torch.from_numpy(y)
    senses = torch.nn.Parameter(torch.randn(N_SENSES, X.shape[1]) / X.shape[1] ** 0.5)
    constants = torch.nn.Parameter(torch.zeros(N_SENSES))
    optimizer = torch.optim.Adam([senses, constants], lr=0.01, weight_decay=0.001)

    def epoch():
        order = torch.randperm(len(X))
        for rows in order.split(BATCH):
            scores = X[rows] @ senses.T + constants
            popular = scores[:, :N_POPULAR].max(dim=1).values
            unpopular = scores[:, N_POPULAR:].max(dim=1).values
            higher, lower = torch.nonzero(
                y[rows][:, None] > y[rows][None, :], as_tuple=True
            )
            loss = (
                torch.relu(1 - popular[higher] + popular[lower])
                + torch.relu(1 - unpopular[lower] + unpopular[higher])
            ).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return epoch


def milliseconds(function):
    start = time.perf_counter()
    function()
    return (time.perf_counter() - start) * 1e3


def compare(ours, other):
    """Median times of both, and the median ratio, of alternating rounds."""
    ours(), other()
    rounds = [(milliseconds(ours), milliseconds(other)) for _ in range(N_ROUNDS)]
    return (
        median(a for a, _ in rounds),
        median(b for _, b in rounds),
        median(b / a for a, b in rounds),
    )


def main():
    others = {"two products": bare_products}
    if find_spec("torch"):
        import torch

        torch.set_num_threads(1)
        others = {"autograd": autograd_epoch} | others
    print(f"{'features':>8}  {'beside':<14}{'ms':>8}{'ms beside':>11}{'ratio':>8}")
    with single_threaded():
        for n_features in (512, 1280, 4096):
            X, y = make_data(n_features)
            for name, make_epoch in others.items():
                mine, theirs, ratio = compare(our_epoch(X, y), make_epoch(X, y))
                print(
                    f"{n_features:>8}  {name:<14}{mine:>8.1f}{theirs:>11.1f}"
                    f"{ratio:>8.2f}"
                )


if __name__ == "__main__":
    main()
