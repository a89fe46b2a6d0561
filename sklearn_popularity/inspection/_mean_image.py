"""Average images of popular, unpopular and random photos."""

from numbers import Integral

import cv2
import numpy as np
from sklearn.utils import Bunch, check_consistent_length, check_random_state

from .._numbers import check_numbers
from .._sklearn_compat import Interval, validate_params
from ._photos import as_photos
from ._plotting import new_axes

_KINDS = ("popular", "unpopular", "random")


@validate_params(
    {
        "y": ["array-like"],
        "n_photos": [Interval(Integral, 1, None, closed="left"), None],
        "size": [tuple, list],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def mean_image(photos, y, *, n_photos=None, size=(96, 128), random_state=None):
    """Average the most popular, the least popular, and random photos.

    Parameters
    ----------
    photos : sequence of photos
        Paths, arrays, PIL images or encoded bytes.
    y : array-like of shape (n_photos,)
        Scores.
    n_photos : int, default=None
        Number of photos in each average; None is a tenth of all photos, but at most
        10,000 as in [1]_.
    size : (height, width), default=(96, 128)
        Size of the averages in pixels; photos are stretched to it.
    random_state : int, RandomState instance or None, default=None
        Seed of the selection of random photos.

    Returns
    -------
    images : Bunch
        With `popular`, `unpopular` and `random`, each an ndarray of shape (height,
        width, 3) and dtype float64, sRGB 0-255, and `n_photos`, the number in each.

    Raises
    ------
    ImageError
        If a photo cannot be read.
    ValueError
        If there are fewer photos than asked for, or lengths differ.

    See Also
    --------
    plot_mean_image : Plot the averages as in figure 1 of [1]_.

    Notes
    -----
    One photo is in memory at a time. Equal scores are taken in the order of the rows.

    References
    ----------
    .. [1] Cappallo, Mensink and Snoek, "Latent factors of visual popularity
       prediction", ICMR 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_popularity.inspection import mean_image
    >>> photos = np.repeat(np.arange(4, dtype=np.uint8), 300).reshape(4, 10, 10, 3)
    >>> images = mean_image(photos, [1, 2, 3, 4], n_photos=2, random_state=0)
    >>> images.popular[0, 0].tolist(), images.unpopular[0, 0].tolist()
    ([2.5, 2.5, 2.5], [0.5, 0.5, 0.5])
    """
    y = check_numbers(y, "y")
    check_consistent_length(photos, y)
    found = as_photos(photos)
    n_photos, size = _check_number(n_photos, len(y)), _check_size(size)
    order = np.argsort(y, kind="stable")
    random = check_random_state(random_state).permutation(len(y))
    chosen = (order[-n_photos:], order[:n_photos], random[:n_photos])
    means = {
        kind: _mean_of(found, rows, size)
        for kind, rows in zip(_KINDS, chosen, strict=True)
    }
    return Bunch(**means, n_photos=n_photos)


def _check_number(n_photos, n_given):
    if n_photos is None:
        return min(10_000, max(1, n_given // 10))
    if n_photos > n_given:
        raise ValueError(
            f"Got n_photos={n_photos}, but there are {n_given} photos. Pass at most "
            "this number, or None for a tenth."
        )
    return n_photos


def _check_size(size):
    if len(size) != 2 or not all(
        isinstance(s, int | np.integer) and s > 0 for s in size
    ):
        raise ValueError(
            f"Got size={size!r}, but (height, width) with two positive integers was "
            "expected."
        )
    return tuple(map(int, size))


def _mean_of(photos, rows, size):
    total = np.zeros((*size, 3))
    for row in rows:
        # With a maximal size, JPEG files are decoded at a reduced scale.
        image = photos.read(int(row), max_size=4 * max(size))
        total += cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
    return total / len(rows)


def plot_mean_image(images, *, ax=None):
    """Plot the three averages side by side.

    Parameters
    ----------
    images : Bunch
        From :func:`mean_image`.
    ax : matplotlib axes, default=None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    ax : matplotlib axes
    """
    ax = new_axes(ax, (8.0, 2.6))
    height, width = images.popular.shape[:2]
    step = width * 1.05
    for i, kind in enumerate(_KINDS):
        extent = (i * step, i * step + width, height, 0)
        ax.imshow(images[kind].round().astype(np.uint8), extent=extent)
    ax.set_xlim(0, 2 * step + width)
    ax.set_xticks([i * step + width / 2 for i in range(3)], _KINDS)
    ax.set_yticks([])
    ax.set_title(f"averages of {images.n_photos} photos")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    return ax
