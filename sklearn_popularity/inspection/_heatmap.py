"""Heatmaps of the regions of a photo that raise or lower its predicted score."""

import warnings
from numbers import Integral, Real

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter
from sklearn.utils import column_or_1d

from .._columns import resolve_columns, select_columns
from .._sklearn_compat import Interval, StrOptions, validate_params
from ..evaluation import with_settings
from ..features.codebook import CodebookTransformer
from ..images import photos_of
from ..networks import DegenerateFeaturesWarning
from ._linear import NotLinearError, as_pipeline, linear_parts
from ._members import branches_of
from ._occlusion import occlude
from ._photos import as_photos, one_row, with_other_photos
from ._plotting import COLORS, INK, new_axes
from ._pooled_winners import draw_places, trace_codes

_SHOWN = 480  # longest side of a photo under its map, in pixels


@validate_params(
    {
        "column": [str],
        "branch": [str, None],
        "method": [StrOptions({"auto", "codes", "occlusion"})],
        "max_size": [Interval(Integral, 1, None, closed="left"), None],
        "smoothing": [Interval(Real, 0, 1, closed="left")],
        "patch_size": [Interval(Integral, 1, None, closed="left"), None],
        "stride": [Interval(Integral, 1, None, closed="left"), None],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "return_intercept": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def region_heatmap(
    model,
    photo,
    *,
    column="photo",
    branch=None,
    method="auto",
    max_size=500,
    smoothing=0.05,
    patch_size=None,
    stride=None,
    batch_size=32,
    return_intercept=False,
):
    """Map the contribution of each region of a photo to its predicted score.

    The map is centred. Its sum over a region is what this region adds to the score,
    compared with an average region of the same size; its sum over the photo is 0.

    Parameters
    ----------
    model : estimator, or (transformer, estimator)
        Fitted on photos, or on a table with a column of photos.
    photo : photo, or DataFrame with one row
        A path, array, PIL image or encoded bytes; or, for a model of a table, the row
        of the photo. The photo is enough if the model uses no other column.
    column : str, default="photo"
        Column of the row that holds the photo.
    branch : str, default=None
        Branch of a :class:`StackedLateFusion`, or member of a
        :class:`~sklearn.ensemble.VotingRegressor`, to explain; the map is then in units
        of the branch's score. None explains the whole model.
    method : {"auto", "codes", "occlusion"}, default="auto"
        - "codes": exact, for linear models of codebook features (:class:`HOGLLC`,
          :class:`ColorNamesLLC`); see Notes. Other branches of a late fusion or average
          of models are left out.
        - "occlusion": for any model. Squares of the photo are covered one by one, each
          filled from its surroundings by inpainting [2]_. The value of a pixel is the
          sum of the falls of the score over the squares that cover it, divided by the
          sum of their areas. The `cache` of transformers is not used.
        - "auto": "codes" for all branches that allow it, plus "occlusion" for all other
          branches together.
    max_size : int or None, default=500
        Longest side of the map in pixels. Larger photos are reduced as by
        :func:`read_image`; None keeps the size of the upright photo.
    smoothing : float, default=0.05
        Standard deviation of the Gaussian that smooths the map of "codes", as a share
        of its longest side, from 0 (none) to below 1. Smoothing keeps the sum.
    patch_size : int, default=None
        Side of the covered squares in pixels; None is a quarter of the longest side.
    stride : int, default=None
        Distance of neighbouring squares in pixels, at most `patch_size`; None is half
        of it.
    batch_size : int, default=32
        Number of covered photos that are scored at a time.
    return_intercept : bool, default=False
        Whether to also return the score that the map is centred on.

    Returns
    -------
    heatmap : ndarray of shape (height, width), float64
        In units of the score per pixel, with mean 0; all 0 for a photo of one colour.
    intercept : float
        Predicted score, only with `return_intercept`. With "codes", it is computed from
        the parts of the linear model.

    Raises
    ------
    ValueError
        If the method "codes" does not suit the model, if the branch or column is
        unknown, or if `stride` exceeds `patch_size`.
    ImageError
        If the photo cannot be read.

    See Also
    --------
    plot_heatmap : Draw it over the photo.

    Notes
    -----
    Section 6.3 of [1]_: a codebook feature is the largest code of a visual word in a
    region of the spatial pyramid, so it belongs to the place of the descriptor with
    this code. The feature times its weight in the linear model is added to the map
    there, for all levels of the pyramid. With scalers folded into the weights w and the
    constant b,

        score = b + sum over words and regions of w * value / length,

    where length is the norm that the feature vector was divided by. The sum of the map
    plus b is the predicted score, up to the rounding of features to float32; finally,
    the mean is subtracted from the map. Places whose codes are not the largest get
    nothing, which makes the map coarse. With ``flip=True``, the photo and its mirror
    image count half each.

    For a late fusion with a linear final model, an average of models or a regressor of
    a scaled target, the map is the sum of the maps of the branches, times their
    weights. The two methods differ slightly: if the largest code is covered, the second
    largest replaces it, which the exact map does not take into account.

    Scalers, feature selectors, pipelines, column transformers, unions, searches and
    scaled targets are supported. :class:`LatentRankSVM` is linear near a photo: the
    weights of its winning senses are used.

    References
    ----------
    .. [1] Khosla, Das Sarma and Hamid, "What makes an image popular?", WWW 2014.
    .. [2] Bertalmio, Bertozzi and Sapiro, "Navier-Stokes, fluid dynamics, and image and
       video inpainting", CVPR 2001.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_popularity import HOGLLC, region_heatmap
    >>> photos = np.random.default_rng(0).integers(0, 256, (4, 40, 60, 3), np.uint8)
    >>> model = make_pipeline(HOGLLC(dictionary=8, random_state=0), Ridge())
    >>> model.fit(photos, [3, 1, 2, 4])[-1].coef_.shape
    (336,)
    >>> heat, intercept = region_heatmap(model, photos[0], return_intercept=True)
    >>> heat.shape, bool(np.isclose(heat.sum() + intercept, model.predict(photos)[0]))
    ((40, 60), True)
    """
    _check_squares(patch_size, stride)
    model, X = _model_and_row(model, photo, column, branch)
    # Covered photos would only fill the cache: they are not used again.
    traced, others, rest = _take_apart(with_settings(model, cache=None), X, method)
    image = _read_photo(traced, X, column, max_size)
    heat, total = _code_heat(traced, X, image.shape[:2], smoothing)
    if others is None or any(_sees_photo(part, X, column) for part in others):
        patch_size = patch_size or max(1, max(image.shape) // 4)
        heat += occlude(
            image,
            lambda images: rest(with_other_photos(X, images, column)),
            patch_size=patch_size,
            stride=min(patch_size, stride or max(1, patch_size // 2)),
            batch_size=batch_size,
        )
    # In a photo of one colour all codes tie, so the traced places are arbitrary.
    heat = heat - heat.mean() if np.ptp(image, axis=(0, 1)).any() else 0 * heat
    return (heat, total + float(rest(X)[0])) if return_intercept else heat


def _model_and_row(model, photo, column, branch):
    """The model to explain, and a table or sequence of one photo."""
    model = as_pipeline(model)
    X = one_row(model, photo, column)
    if branch is None:
        return model, X
    branches = branches_of(model)
    for name, estimator, columns in branches:
        if name == branch and not isinstance(estimator, str):
            return estimator, select_columns(X, columns)
    known = [name for name, estimator, _ in branches if not isinstance(estimator, str)]
    raise ValueError(
        f"Got branch={branch!r}, but one of the branches {known} of a fitted "
        f"StackedLateFusion or VotingRegressor was expected; the model is "
        f"{type(model).__name__}."
    )


def _take_apart(model, X, method):
    """Parts to trace, the other parts (None without tracing), and a function that
    scores everything except the traced parts."""
    if method != "occlusion":
        try:
            return _find_codes(model, X, method == "codes")
        except NotLinearError as reason:
            if method == "codes":
                raise ValueError(
                    f"Got method='codes', but {reason}. Choose a branch= that is a "
                    "linear model of codebook features, or method='occlusion'."
                ) from reason
    return [], None, lambda X: _quietly(model.predict, X)


def _find_codes(model, X, alone):
    parts, intercept = linear_parts(model, lambda: X)
    traced = [part for part in parts if isinstance(part.source, CodebookTransformer)]
    others = [
        part for part in parts if not isinstance(part.source, CodebookTransformer)
    ]
    hidden = [part for part in others if _holds_codebook(part.source)]
    if alone and hidden:
        raise NotLinearError(
            f"{type(hidden[0].source).__name__} is not linear in its codebook features"
        )
    if not traced:
        raise NotLinearError("the model has no codebook features")
    others = [part for part in others if part.weights.any()]

    def rest(X):
        return intercept + sum(
            (_quietly(part.contributions, X) for part in others), np.zeros(len(X))
        )

    return traced, [] if alone else others, rest


def _quietly(score, X):
    """Scores of versions of one photo, without warnings that they are alike."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateFeaturesWarning)
        return column_or_1d(score(X))


def _code_heat(traced, X, size, smoothing):
    """Map of the contributions of the codes, and its sum."""
    heat = np.zeros(size)
    for part in traced:
        image = _read_for(part, X, part.source.max_size)
        heat += draw_places(trace_codes(part.source, image, part.weights), size)
    heat = gaussian_filter(heat, smoothing * max(size), mode="reflect")
    return heat, float(heat.sum())


def _read_for(part, X, max_size):
    """The photo that a traced part sees."""
    photos = photos_of(part.source, part.select(X), reset=False)
    return photos.read(0, max_size=max_size)


def _holds_codebook(estimator):
    inner = [] if estimator is None else estimator.get_params(deep=True).values()
    return any(isinstance(value, CodebookTransformer) for value in inner)


def _check_squares(patch_size, stride):
    if None not in (patch_size, stride) and stride > patch_size:
        raise ValueError(
            f"Got stride={stride} and patch_size={patch_size}, but a stride of at most "
            "the patch_size was expected, so that squares cover all of the photo."
        )


def _read_photo(traced, X, column, max_size):
    if traced:
        return _read_for(traced[0], X, max_size)
    if isinstance(X, pd.DataFrame):
        resolve_columns(X, column, "parameter column")
        X = X[column]
    return as_photos(X).read(0, max_size=max_size)


def _sees_photo(part, X, column):
    if part.source is None or not isinstance(X, pd.DataFrame):
        return part.source is not None
    resolve_columns(X, column, "parameter column")
    return column in pd.DataFrame(part.select(X)).columns


def plot_heatmap(photo, heatmap, *, unit="points per pixel", ax=None):
    """Draw a heatmap over its photo.

    Parameters
    ----------
    photo : photo
        A path, array, PIL image or encoded bytes.
    heatmap : ndarray of shape (height, width)
        From :func:`region_heatmap`.
    unit : str, default="points per pixel"
        Unit of the heatmap.
    ax : matplotlib axes, default=None
        Axes to draw on; None makes a new figure.

    Returns
    -------
    ax : matplotlib axes
        The photo in grey under the map, which is orange in regions that raise the score
        and blue in those that lower it. A solid line surrounds the highest tenth of the
        map, a dashed line the lowest tenth.
    """
    image = as_photos([photo]).read(0, max_size=max(_SHOWN, *heatmap.shape))
    ax = new_axes(ax)
    from matplotlib.colors import LinearSegmentedColormap

    height, width = image.shape[:2]
    extent = (0, width, height, 0)
    ax.imshow(image.mean(axis=2), cmap="gray", vmin=0, vmax=255, extent=extent)
    limit = float(np.abs(heatmap).max()) or 1.0
    palette = LinearSegmentedColormap.from_list("", [COLORS[0], "white", COLORS[5]])
    drawn = ax.imshow(
        heatmap, cmap=palette, vmin=-limit, vmax=limit, alpha=0.6, extent=extent
    )
    cold, hot = np.quantile(heatmap, [0.1, 0.9])
    if cold < hot:
        where = {"colors": INK, "extent": extent, "origin": "upper"}
        ax.contour(heatmap, [cold], linestyles="dashed", **where)
        ax.contour(heatmap, [hot], linestyles="solid", **where)
    bar = ax.figure.colorbar(drawn, ax=ax, shrink=0.8, ticks=[-limit, 0, limit])
    ends = [f"\N{MINUS SIGN}{limit:.2g}\nlowers", "0", f"+{limit:.2g}\nraises"]
    bar.set_ticklabels(ends)
    bar.set_label(unit)
    ax.set_axis_off()
    return ax
