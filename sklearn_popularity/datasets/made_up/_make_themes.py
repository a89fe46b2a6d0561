"""Made-up features of popular and unpopular themes."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import Bunch, check_random_state

from ..._sklearn_compat import Interval, validate_params


@validate_params(
    {
        "n_samples": [Interval(Integral, 1, None, closed="left")],
        "n_features": [Interval(Integral, 1, None, closed="left")],
        "n_popular": [Interval(Integral, 1, None, closed="left")],
        "n_unpopular": [Interval(Integral, 0, None, closed="left")],
        "noise": [Interval(Real, 0, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_themes(
    n_samples=1000,
    n_features=40,
    *,
    n_popular=2,
    n_unpopular=2,
    noise=0.3,
    random_state=None,
):
    """Make features of photos, each with one popular or unpopular theme.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of photos.
    n_features : int, default=40
        Number of features, at least the number of themes.
    n_popular : int, default=2
        Number of themes that raise the score, 1 or more.
    n_unpopular : int, default=2
        Number of themes that lower the score, 0 or more.
    noise : float, default=0.3
        Standard deviation of the noise on the score, 0 or more.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data in every call.

    Returns
    -------
    themes : Bunch
        With the attributes `data` of shape (n_samples, n_features) and, of shape
        (n_samples,), `target`, `theme` (number of the photo's theme, popular ones
        first) and `strength` (of the theme in the photo).

    Raises
    ------
    ValueError
        If there are fewer features than themes.

    Notes
    -----
    Theme t is a direction d_t of length 2, orthogonal to the others. A photo of theme t
    has a strength s from a gamma distribution of shape 2, the features s d_t plus
    standard normal noise, and the score s, or -s if the theme is unpopular, plus noise.
    Photos of small strength look alike, whatever their theme.

    Examples
    --------
    >>> from sklearn_popularity.datasets import make_themes
    >>> themes = make_themes(100, random_state=0)
    >>> themes.data.shape, sorted(set(themes.theme.tolist()))
    ((100, 40), [0, 1, 2, 3])
    """
    n_themes = n_popular + n_unpopular
    if n_features < n_themes:
        raise ValueError(
            f"Got n_features={n_features}, but at least {n_themes} were expected, one "
            "per theme."
        )
    rng = check_random_state(random_state)
    theme = rng.randint(n_themes, size=n_samples)
    strength = rng.gamma(2, size=n_samples)
    directions = 2 * np.linalg.qr(rng.normal(size=(n_features, n_themes)))[0].T
    data = strength[:, np.newaxis] * directions[theme]
    data += rng.normal(size=data.shape)
    target = np.where(theme < n_popular, strength, -strength)
    target += noise * rng.normal(size=n_samples)
    return Bunch(data=data, target=target, theme=theme, strength=strength)
