"""`sklearn-popularity extract`: features of many photos to a file."""

import sys
from pathlib import Path

from sklearn.base import clone

from .._optional import import_optional
from ..evaluation import FEATURES
from ..features import extract
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
        type=Path,
        required=True,
        metavar="PATH",
        help="file to write: .npy, or .parquet with named columns",
    )
    command.add_argument(
        "--cache",
        type=Path,
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
    add_n_jobs(command)
    command.set_defaults(run=_extract)


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
    index = extract(transformer, paths, options.output, verbose=sys.stderr.isatty())
    n_features = len(transformer.get_feature_names_out())
    print(f"{options.output}: {len(paths):,} rows of {n_features:,} numbers")
    print(f"{index}: their paths")
