"""Splits of posts as a paper has them."""

from collections.abc import Callable

from ..evaluation import make_partitions

_NUMBERS = {2: "halves", 5: "five folds"}


def make_splits(module: str, about: str, n_folds: int, n_repeats: int = 5) -> Callable:
    """Make the `splits` of a paper: a function of posts and their groups."""

    def splits(posts, *, groups=None, n_repeats=n_repeats):
        return make_partitions(
            len(posts), cv=n_folds, n_repeats=n_repeats, groups=groups
        )

    splits.__module__, splits.__qualname__ = module, "splits"
    splits.__doc__ = f"""{about}

    Parameters
    ----------
    posts : sized
        Posts.
    groups : ndarray of shape (n_posts,), default=None
        Group of each post; a group stays on one side.
    n_repeats : int, default={n_repeats}
        Number of partitions into {_NUMBERS[n_folds]}.

    Returns
    -------
    partitions : list of list of (train, test)
        Row numbers.
    """
    return splits
