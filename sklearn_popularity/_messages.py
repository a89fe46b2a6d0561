"""Format values for error messages."""

import re
from difflib import get_close_matches
from reprlib import Repr

import numpy as np

MAX_QUOTED = 200


def quote(value) -> str:
    """Format a value as its `repr`, in one line of at most 200 characters."""
    text = re.sub(r"\s*\n\s*", " ", _repr.repr(value))
    return text if len(text) <= MAX_QUOTED else text[: MAX_QUOTED - 3] + "..."


def did_you_mean(name, known, n=1) -> str:
    """A question after an error that names the nearest of the known names, if any."""
    near = get_close_matches(str(name), [str(each) for each in known], n=n)
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""


def number(value) -> str:
    """Format a number as short as possible without changing its value."""
    short = f"{value:g}"
    return short if float(short) == value else str(value)


class _ShortRepr(Repr):
    """Formats only the beginning of a value: a photo may have millions of bytes."""

    def repr_bytes(self, value, level):
        return repr(value[:20]) + ("..." if len(value) > 20 else "")

    repr_bytearray = repr_bytes

    def repr_instance(self, value, level):
        if isinstance(value, np.generic):  # its own repr names its type
            text = isinstance(value, (str, bytes))
            return self.repr1(value.item(), level) if text else str(value)
        return super().repr_instance(value, level)


_repr = _ShortRepr()
_repr.maxlevel = 3
_repr.maxstring = _repr.maxother = MAX_QUOTED
