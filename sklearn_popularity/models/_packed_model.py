"""A model as a skops archive, which holds only types that are trusted."""

import importlib
import sys
from functools import cache
from zipfile import ZIP_STORED

import numpy as np

from .._messages import quote
from ._saved_parts import Packing, Unpacking, UnsavedPart
from ._saved_types import is_approved, name_of

# Modules of scikit-learn that import other array libraries.
_OF_OTHERS = [
    f"sklearn.externals.array_api_compat.{name}" for name in ("cupy", "dask", "torch")
]


def pack_model(model, known) -> bytes:
    """A skops archive, loaded once to be sure that it can be."""
    packing = Packing()
    try:
        packed = packing.visit(model)
        data, found = _dump(packed)
        refused = refused_types(found, known)
        if refused:
            raise UnsavedPart("; ".join(_places_of(refused, packing.places)))
        unpack_model(data, found)
    except Exception as error:
        raise ValueError(
            f"The model cannot be saved, since load_model could not read it: {error}. "
            "Replace lambdas by functions of a module, and pass the names of types and "
            "functions of your own code or of other packages as trusted=, here and to "
            "load_model."
        ) from error
    return data


def types_in(data) -> list[str]:
    """Types and functions in an archive that skops does not trust."""
    return _skops_io().get_untrusted_types(data=data)


def unpack_model(data, found):
    """The model of an archive, which may contain the types `found`."""
    return Unpacking().visit(_skops_io().loads(data, trusted=found))


def trusted_names(trusted) -> set[str]:
    """Names of the types and functions that the user trusts."""
    several = np.iterable(trusted) and not isinstance(trusted, str)
    given = list(trusted) if several else [None]
    if not all(isinstance(t, str) or hasattr(t, "__qualname__") for t in given):
        raise ValueError(
            f"Got trusted={quote(trusted)}, but a list of types and functions, or of "
            "their names, was expected."
        )
    return {t if isinstance(t, str) else name_of(t) for t in given}


def refused_types(found, known) -> list[str]:
    """Names of types that neither we nor the user trust."""
    return [name for name in found if name not in known and not is_approved(name)]


def _dump(part):
    """What skops writes for a part, and the types in it that skops does not trust."""
    data = _skops_io().dumps(part, compression=ZIP_STORED)
    return data, types_in(data)


def _places_of(refused, places):
    """Places of types in a model, such as "features__pca__callback: a lambda"."""
    for name in refused:
        holders = (place for place, part in places if name in _dump(part)[1])
        what = "a lambda" if name.endswith(".<lambda>") else name
        yield f"{next(holders, 'the model')}: {what}"


@cache
def _skops_io():
    """Import skops.io on first use, without torch and dask.

    skops imports all of scikit-learn to list its estimators; the modules that are
    hidden meanwhile define none.
    """
    hidden = [name for name in _OF_OTHERS if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        return importlib.import_module("skops.io")
    finally:
        for name in hidden:
            del sys.modules[name]
