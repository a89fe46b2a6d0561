"""`sklearn-popularity extract`: features of many photos to a file."""

import argparse
import re

import pandas as pd
from sklearn.base import clone

from ..evaluation import FEATURES, SEEN
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
from ._steps import Step, shown


def add(command):
    describe(
        command,
        _extract,
        "Write a row of features per photo to a file, and the paths of the photos to a "
        "table next to it. Run it again to resume after an interruption. Codebooks are "
        "learned from the photos first.",
        example="sklearn-popularity extract gist my/photos -o gist.npy",
    )
    text = f"one of {', '.join(FEATURES)}"
    option(command, "feature", "FEATURE", text, choices=list(FEATURES))
    add_photos(command)
    text = "file to write: .npy, or .parquet with named columns"
    add_output(command, text, required=True)
    text = (
        "cache file, which runs may share (default: the name of the output with .cache "
        "appended)"
    )
    option(command, "--cache", "PATH", text, type=home_text)
    text = "photos per batch of a worker (default: 32)"
    option(command, "--batch-size", "N", text, type=integer(1), default=32)
    text = (
        "extract only part I of N, counted from 0, such as in a job array; `join` "
        "combines the parts"
    )
    option(command, "--part", "I/N", text, type=_part)
    add_n_jobs(command)


def _part(text):
    """Argparse type of a part such as 0/10."""
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
    step = Step("extract", f"describing {SEEN[options.feature]}", 1)
    with shown([step]):
        index = extract(transformer, paths, options.output, part=options.part)
    written = index.with_name(index.name.removesuffix(".index.csv"))
    n_features = len(transformer.get_feature_names_out())
    if options.part is None:
        print(f"{written}: {len(paths):,} rows of {n_features:,} features")
    else:
        print(f"{written}: a part of {len(paths):,} rows of {n_features:,} features")
    print(f"{index}: paths of the photos")
    if pd.read_csv(index)["reason"].notna().all():
        raise ValueError(f"None of the photos could be read. {str(index)!r} says why.")
