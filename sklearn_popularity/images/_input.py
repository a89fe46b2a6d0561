"""The photos in the X of an estimator, in any of its forms."""

from sklearn.utils.validation import validate_data

from ._kinds import Photos, find_photos, rows_as_batch


def photos_of(estimator, X, *, reset):
    """Photos that an estimator was given.

    Parameters
    ----------
    estimator : estimator
        With the parameters `value_range` and `image_shape`. Its `n_features_in_` and
        `feature_names_in_` are set or compared where X holds rows of pixel values.
    X : sequence of photos
        Paths, arrays, PIL images, encoded bytes, or rows of pixel values.
    reset : bool
        Whether to set (in `fit`) or to compare.

    Returns
    -------
    photos : Photos

    Raises
    ------
    ValueError
        If there are none, or X is of no known kind.
    """
    items = find_photos(X)
    if items is None:
        rows = validate_data(estimator, X, reset=reset, dtype="numeric")
        batch = rows_as_batch(rows, estimator.image_shape)
        return Photos(batch, value_range=estimator.value_range, clip=True)
    if len(items) == 0:
        raise ValueError("Got X with no photos, but at least one was expected.")
    if reset:  # nothing is left behind of an earlier fit on rows
        for name in {"n_features_in_", "feature_names_in_"} & set(vars(estimator)):
            delattr(estimator, name)
    return Photos(items, value_range=estimator.value_range)
