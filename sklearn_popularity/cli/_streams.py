"""Standard output: errors name it, and a table that is written there stands alone."""

import sys
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from .._files import naming

NAME = "standard output"
PIPE = Path("-")  # of --output, which writes a table to standard output


class NamedOutput:
    """Standard output, which errors of a full disk name."""

    def __init__(self, file):
        self._file = file

    def __getattr__(self, name):
        return getattr(self._file, name)

    def write(self, text):
        with naming(NAME):
            return self._file.write(text)

    def flush(self):
        with naming(NAME):
            self._file.flush()


@contextmanager
def left_to_table(options):
    """Within the context, print to standard error if a table goes to standard output.

    `options` gets standard output as `stdout`.
    """
    options.stdout = sys.stdout
    alone = hasattr(options, "may_pipe") and options.output == PIPE
    with redirect_stdout(sys.stderr if alone else sys.stdout):
        yield
