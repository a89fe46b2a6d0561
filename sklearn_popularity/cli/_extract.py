"""`sklearn-popularity extract`: features of many photos to a file."""

import argparse
import re
import sys

from sklearn.base import clone

from .._optional import import_optional
from .._paths import expand_home
from ..evaluation import FEATURES
from ..features import extract, join_parts
from ._options import add_n_jobs, add_photos, integer
from ._output import check_cache, check_output
from ._posts import find_photos


def add(commands):
    command = commands.add_parser(
        "extract",
        help="write the features of many photos to a file",
        description="Write a row of numbers per photo to a file, and its path to a "
        "table beside it. Run again after an interruption, it goes on where it was. "
        "The words of codebook features are learned from the photos first.",
    )
    command.add_argument(
        "feature",
        choices=list(FEATURES),
        help=f"one of {', '.join(FEATURES)}",
        metavar="FEATURE",
    )
    add_photos(command)
    command.add_argument(
        "-o",
        "--output",
        type=expand_home,
        required=True,
        metavar="PATH",
        help="file to write: .npy, or .parquet with named columns",
    )
    command.add_argument(
        "--cache",
        type=expand_home,
        metavar="PATH",
        help="file that keeps rows, which may be shared by runs (default: the name of "
        "the output with .cache at the end)",
    )
    command.add_argument(
        "--batch-size",
        type=integer(1),
        default=32,
        metavar="N",
        help="photos that a worker takes at a time (default: 32)",
    )
    command.add_argument(
        "--part",
        type=_part,
        metavar="I/N",
        help="describe the I-th of N parts alone, counted from 0, for a job of an "
        "array; `join` puts them together",
    )
    add_n_jobs(command)
    command.set_defaults(run=_extract)
    _add_join(commands)


def _add_join(commands):
    command = commands.add_parser(
        "join",
        help="join the files that jobs of `extract --part` have written",
        description="Join the parts to the file that a single run of `extract` would "
        "have written.",
    )
    command.add_argument(
        "output", type=expand_home, metavar="PATH", help="as --output of all jobs"
    )
    command.add_argument(
        "n_parts", type=integer(1), metavar="N", help="number of parts"
    )
    command.set_defaults(run=_join)


def _join(options):
    index = join_parts(options.output, options.n_parts)
    print(f"{options.output}: {options.n_parts} parts joined")
    print(f"{index}: their paths")


def _part(text):
    """Type of an option such as 0/10."""
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if match is None or int(match[1]) >= int(match[2]):
        raise argparse.ArgumentTypeError(
            f"got {text!r}, but I/N with I from 0 to N - 1 was expected, such as 0/10"
        )
    return int(match[1]), int(match[2])


def _extract(options):
    check_output(options.output, [".npy", ".parquet"])
    if options.output.suffix == ".parquet":
        import_optional("pyarrow", "extract to .parquet")
    paths = find_photos(options.photos)
    cache = options.cache or options.output.with_name(f"{options.output.name}.cache")
    check_cache(cache)
    transformer = clone(FEATURES[options.feature].transformer).set_params(
        n_jobs=options.n_jobs,
        batch_size=options.batch_size,
        cache=str(cache),
        on_error="nan",
    )
    transformer.fit(paths)
    index = extract(
        transformer,
        paths,
        options.output,
        part=options.part,
        verbose=sys.stderr.isatty(),
    )
    written = index.with_name(index.name.removesuffix(".index.csv"))
    n_features = len(transformer.get_feature_names_out())
    if options.part is None:
        print(f"{written}: {len(paths):,} rows of {n_features:,} numbers")
    else:
        print(f"{written}: a part of {len(paths):,} rows of {n_features:,} numbers")
    print(f"{index}: their paths")
