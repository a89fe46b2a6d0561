"""Save and load models, in files that are verified before reading and run no code."""

import hashlib
import json
import os
import warnings
from contextlib import contextmanager
from io import BytesIO
from os import PathLike
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import numpy as np
from sklearn.exceptions import InconsistentVersionWarning

from .._files import whole_file
from .._paths import expand_home
from .._warnings import warn_caller
from ._model_card import installed_versions, settings_of, training_summary
from ._packed_model import (
    pack_model,
    refused_types,
    trusted_names,
    types_in,
    unpack_model,
)
from ._saved_types import name_of

# A file is a skops archive with a card. The ZIP comment, at the end of the file, is a
# mark and the SHA-256 of all bytes before the digest.
_CARD = "card.json"
_ARRAYS = "arrays.npz"
_MARK = b"sklearn-popularity 1 sha256:"
_N_DIGITS = 64
_MAX_BYTES = 2**33


class ModelVersionWarning(UserWarning):
    """A model was saved with other versions of libraries than those installed."""


def save_model(
    model,
    path,
    *,
    y=None,
    predictions=None,
    spearman=None,
    label=None,
    about=None,
    arrays=None,
    trusted=(),
):
    """Save a fitted model to a file that :func:`load_model` can verify.

    Parameters
    ----------
    model : estimator
        Estimator of this package or of scikit-learn, or a composition of them.
    path : path
        File to write. An existing file is replaced once all is written.
    y : array-like of shape (n_samples,), default=None
        Training scores, summarised in the card.
    predictions : array-like of shape (n_samples,), default=None
        Out-of-fold predictions of `y`. The card holds their quantiles and their
        Spearman correlation with `y`.
    spearman : SpearmanInterval, default=None
        Correlation of `y` and `predictions` with its interval, as returned by
        :func:`spearman_interval`. None computes the correlation without an interval.
    label : str, default=None
        Name of the scores.
    about : dict, default=None
        Further content of the card: text, numbers, and lists and dicts of these.
    arrays : dict of str to array-like, default=None
        Arrays of numbers or text to store, such as held-out predictions.
    trusted : sequence of str or type, default=()
        Types and functions of your own code or of other packages that the model may
        contain; :func:`load_model` must be given them too.

    Raises
    ------
    ValueError
        If the model contains something that :func:`load_model` would refuse, such as a
        lambda; the error names its place. If an array holds neither numbers nor text,
        `y` and `predictions` differ in length or are not numeric, or `predictions` are
        given without `y`, or `spearman` without `predictions`.
    OSError
        If the file cannot be written.

    See Also
    --------
    read_model_card : Read the card.
    read_model_arrays : Read the arrays.

    Notes
    -----
    The file is a skops archive with the card as ``card.json`` and a SHA-256 digest at
    the end. The digest detects damage. It is not a signature: whoever changes a file
    can write a new digest.

    Paths, such as `cache`, are saved as text. Trees of forests and of histogram-based
    gradient boosting are saved as arrays, which are validated on loading. Those of
    other gradient boosting cannot be validated, and are refused.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn_popularity import load_model, read_model_card, save_model
    >>> model = Ridge().fit([[0.0], [1.0], [2.0]], [1.0, 2.0, 4.0])
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.skops"
    ...     save_model(model, path, y=[1.0, 2.0, 4.0], label="stars")
    ...     card, loaded = read_model_card(path), load_model(path)
    >>> card["training"]["label"], loaded.coef_ == model.coef_
    ('stars', array([ True]))
    """
    card = {
        "model": name_of(type(model)),
        "versions": installed_versions(),
        "settings": settings_of(model),
        "training": training_summary(y, predictions, spearman, label),
        "about": about or {},
    }
    buffer = BytesIO(pack_model(model, trusted_names(trusted)))
    with ZipFile(buffer, "a") as archive:
        archive.writestr(_CARD, json.dumps(card, indent=1, default=repr))
        if arrays:
            archive.writestr(_ARRAYS, _pack_arrays(arrays))
        archive.comment = _MARK + b"0" * _N_DIGITS
    content = buffer.getbuffer()[:-_N_DIGITS]
    with whole_file(expand_home(path)) as unfinished:
        with unfinished.open("wb") as file:
            file.writelines([content, hashlib.sha256(content).hexdigest().encode()])


def load_model(path, *, trusted=()):
    """Read a model that :func:`save_model` wrote, without running code from the file.

    Parameters
    ----------
    path : path
        File.
    trusted : sequence of str or type, default=()
        Types and functions that the model may contain besides the estimators of this
        package and what skops trusts: numbers, arrays, estimators of scikit-learn.

    Returns
    -------
    model : estimator

    Raises
    ------
    ValueError
        If the file is damaged, was not written by :func:`save_model`, or contains types
        that are not trusted, which the error names.
    OSError
        If there is no such file.

    Warns
    -----
    ModelVersionWarning
        If the model was saved with other versions of libraries than those installed.

    Notes
    -----
    The SHA-256 digest is verified before anything else is read from the file. Trust a
    type only if you know what it does: a trusted type may run code.
    """
    known = trusted_names(trusted)
    data = _checked(path)
    card = _read_card(data, path)
    with _loading(path, card):
        found = types_in(data)
    refused = refused_types(found, known)
    if refused:
        raise ValueError(
            f"The model in {_shown(path)} holds types that are not trusted: "
            f"{', '.join(refused)}. In Python, pass trusted={refused} to load_model if "
            "you know who wrote the file and what these types do. The command line "
            "loads no such model."
        )
    _warn_of_versions(card["versions"], path)
    with _loading(path, card), warnings.catch_warnings():
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        return unpack_model(data, found)


def read_model_card(path):
    """Read what :func:`save_model` wrote about a model, without loading the model.

    Parameters
    ----------
    path : path
        File.

    Returns
    -------
    card : dict
        - ``model``: its type;
        - ``versions``: of Python and of the libraries that saved it;
        - ``settings``: its parameters, including nested ones;
        - ``training``: None, or a dict of ``label``, ``n_samples``, ``low`` and
          ``high`` (the range of the scores), ``spearman`` (between the scores and
          their out-of-fold predictions), ``interval`` (of that correlation, or None)
          and ``quantiles`` (at most 1,001 of these predictions, ascending; all of them
          if there are fewer);
        - ``about``: as given to :func:`save_model`;
        - ``sha256``: digest of the file, as text.

    Raises
    ------
    ValueError
        If the file is damaged or was not written by :func:`save_model`.
    OSError
        If there is no such file.
    """
    return _read_card(_checked(path), path)


def read_model_arrays(path):
    """Read the arrays that :func:`save_model` stored with a model.

    Parameters
    ----------
    path : path
        File.

    Returns
    -------
    arrays : dict of str to ndarray
        Empty if there are none.

    Raises
    ------
    ValueError
        If the file is damaged or was not written by :func:`save_model`.
    OSError
        If there is no such file.

    See Also
    --------
    read_model_card : Read the card of the model.
    """
    data = _checked(path)
    card = _read_card(data, path)
    with _loading(path, card), ZipFile(BytesIO(data)) as archive:
        if _ARRAYS not in archive.namelist():
            return {}
        packed = archive.read(_ARRAYS)
        with ZipFile(BytesIO(packed)) as members:
            _check_members(members, len(packed))
        with np.load(BytesIO(packed), allow_pickle=False) as found:
            return dict(found)


def _pack_arrays(arrays) -> bytes:
    """A NumPy archive without pickled objects."""
    kept: dict[str, Any] = {name: np.asarray(each) for name, each in arrays.items()}
    for name, each in kept.items():
        if each.dtype.kind not in "biufU":
            raise ValueError(
                f"Got the array {name!r} of dtype {each.dtype}, but numbers or text "
                "were expected."
            )
    buffer = BytesIO()
    np.savez(buffer, **kept)
    return buffer.getvalue()


def _checked(path: str | PathLike[str]) -> bytes:
    """The bytes of a file, once its digest is verified."""
    path = expand_home(path)
    if path.exists() and not path.is_file():
        raise ValueError(f"Got {_shown(path)}, but a regular file was expected.")
    n_bytes = path.stat().st_size
    if n_bytes > _MAX_BYTES:
        raise ValueError(
            f"The file {_shown(path)} has {n_bytes:,} bytes, but a model has at most "
            f"{_MAX_BYTES:,}."
        )
    data = path.read_bytes()
    content, written = data[:-_N_DIGITS], data[-_N_DIGITS:]
    if not content.endswith(_MARK):
        raise ValueError(
            f"The file {_shown(path)} was not written by save_model, or has been "
            "truncated or changed since: the mark at its end is missing."
        )
    digest = hashlib.sha256(content).hexdigest()
    if digest.encode() != written:
        raise ValueError(
            f"The file {_shown(path)} has been damaged: the SHA-256 of its contents is "
            f"{digest}, but {written.decode('latin-1')!a} was written. Copy it "
            "again, or fit the model again."
        )
    return data


def _read_card(data: bytes, path: Any) -> dict[str, Any]:
    try:
        with ZipFile(BytesIO(data)) as archive:
            _check_members(archive, len(data))
            card = json.loads(archive.read(_CARD))
        if not all(isinstance(v, str) for v in dict(card["versions"]).values()):
            raise TypeError("versions that are not text")
    except Exception as error:
        raise ValueError(
            f"The file {_shown(path)} was not written by save_model: it has no card "
            f"that can be read ({type(error).__name__}: {error})."
        ) from error
    return card | {"sha256": data[-_N_DIGITS:].decode()}


def _check_members(archive, n_bytes):
    """Refuse compressed members, so that reading needs no more memory than the file."""
    members = archive.infolist()
    packed = any(member.compress_type != ZIP_STORED for member in members)
    if packed or sum(member.file_size for member in members) > n_bytes:
        raise ValueError("its members are larger than the file")


def _warn_of_versions(saved, path):
    changed = [
        f"{name} {saved.get(name)} (installed: {now})"
        for name, now in installed_versions().items()
        if saved.get(name) != now
    ]
    if changed:
        warn_caller(
            f"The model in {_shown(path)} was written with {', '.join(changed)}; it "
            "may fail or predict differently. Fit it again, or install these versions.",
            ModelVersionWarning,
        )


@contextmanager
def _loading(path, card):
    """Raise any error of skops as one that names the file and the way out."""
    try:
        yield
    except Exception as error:
        raise ValueError(
            f"The model in {_shown(path)} cannot be loaded ({type(error).__name__}: "
            f"{error}). Fit it again, or install the versions that wrote it: "
            f"{card['versions']}."
        ) from error


def _shown(path):
    return repr(os.fspath(path))
