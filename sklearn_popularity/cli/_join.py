"""`sklearn-popularity join`: combine the parts that jobs of `extract` have written."""

from .._paths import expand_home
from ..features import join_parts
from ._options import describe, integer, option


def add(command):
    describe(
        command,
        _join,
        "Join the parts into the file that a single run of `extract` would write.",
        example="sklearn-popularity join gist.npy 10",
    )
    option(command, "output", "PATH", "the --output of all jobs", type=expand_home)
    option(command, "n_parts", "N", "number of parts", type=integer(1))


def _join(options):
    index = join_parts(options.output, options.n_parts)
    print(f"{options.output}: {options.n_parts} parts joined")
    print(f"{index}: paths of the photos")
