"""Made-up features with themes that make photos popular or unpopular."""

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
    """Make up features of photos, each of one theme that is popular or is not.

    Parameters
    ----------
    n_samples : int, default=1000
        Photos.
    n_features : int, default=40
        Length of a feature vector, at least the number of themes.
    n_popular : int, default=2
        Themes that raise the score of their photos.
    n_unpopular : int, default=2
        Themes that lower it.
    noise : float, default=0.3
        Standard deviation of what else is in the score.
    random_state : int, RandomState instance or None, default=None
        Seed.

    Returns
    -------
    themes : Bunch
        With the attributes `data` (n_samples, n_features), `target` (n_samples,),
        `theme` (n_samples,), the number of each photo's theme, the popular ones first,
        and `strength` (n_samples,), how much there is of it in the photo.

    Raises
    ------
    ValueError
        If there are fewer features than themes.

    Notes
    -----
    Themes t are orthogonal directions d_t of length 2. A photo of theme t and strength
    s, which has the gamma distribution of shape 2, has the features s d_t plus standard
    normal noise, and the score s, or -s if the theme is unpopular, plus noise. Photos
    of little strength look alike, whatever their theme.

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
            f"Got n_features={n_features}, but {n_themes} themes need at least as many."
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
