"""`sklearn-popularity extract`: features of many photos to a file."""

import argparse
import re
import sys

from sklearn.base import clone

from ..evaluation import FEATURES
from ..features import extract
from ._options import (
    add_n_jobs,
    add_output,
    add_photos,
    describe,
    home_text,
    integer,
    option,
)
from ._output import check_output, open_cache
from ._posts import find_photos


def add(command):
    describe(
        command,
        _extract,
        "Write a row of numbers per photo to a file, and its path to a table beside "
        "it. Run again after an interruption, it goes on where it was. The words of "
        "codebook features are learned from the photos first.",
        example="sklearn-popularity extract gist my/photos -o gist.npy",
    )
    text = f"one of {', '.join(FEATURES)}"
    option(command, "feature", "FEATURE", text, choices=list(FEATURES))
    add_photos(command)
    text = "file to write: .npy, or .parquet with named columns"
    add_output(command, text, required=True)
    text = (
        "file that keeps rows, which may be shared by runs (default: the name of the "
        "output with .cache at the end)"
    )
    option(command, "--cache", "PATH", text, type=home_text)
    text = "photos that a worker takes at a time (default: 32)"
    option(command, "--batch-size", "N", text, type=integer(1), default=32)
    text = (
        "describe the I-th of N parts alone, counted from 0, for a job of an array; "
        "`join` puts them together"
    )
    option(command, "--part", "I/N", text, type=_part)
    add_n_jobs(command)


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
    paths = find_photos(options.photos)
    beside = options.output.with_name(f"{options.output.name}.cache")
    cache = open_cache(options.cache or str(beside))
    transformer = clone(FEATURES[options.feature].transformer).set_params(
        n_jobs=options.n_jobs,
        batch_size=options.batch_size,
        cache=cache,
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
