"""Text for terminals; without NumPy, which takes long to import."""

import re

# Control characters, ends of lines, and marks of the direction of writing.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def escape(text, kept="") -> str:
    """Escape what changes how a terminal shows a text, except for `kept`.

    File names may hold control characters, and marks that reverse the letters after
    them.
    """
    return _UNSEEN.sub(
        lambda found: found[0] if found[0] in kept else ascii(found[0])[1:-1], text
    )
