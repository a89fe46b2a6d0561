"""SMPD: the data set of the Social Media Prediction Challenge."""

import json
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from .._messages import quote
from .._sklearn_compat import StrOptions, validate_params
from ._posts import (
    check_columns,
    check_folder,
    check_unique,
    drop_missing,
    first_file,
    join_paths,
    read_lines,
    read_needed,
    read_numbers,
    records_of,
)

KEYS = ["Uid", "Pid"]
MISSING = ("", "None", "null")


class _Source(NamedTuple):
    """Endings that a file has had over the years, and our names of its fields."""

    endings: tuple[str, ...]
    columns: dict[str, str]


FOLDERS = ("{}_allmetadata_json", "{}_all_json", "{}", ".")
LABELS = ("label.txt",)
PHOTOS = ("img_filepath.txt", "img_path.txt", "img.txt", "imgfile.txt")
SOURCES = (
    _Source(
        ("category.json",),
        {"Category": "category", "Subcategory": "subcategory", "Concept": "concept"},
    ),
    _Source(("text.json", "tags.json"), {"Title": "title", "Alltags": "tags"}),
    _Source(
        ("temporalspatial_information.json", "temporalspatial.json"),
        {"Postdate": "uploaded", "Longitude": "longitude", "Latitude": "latitude"},
    ),
)
USER = _Source(
    ("user_data.json", "userdata.json"),
    {
        "photo_count": "user_photos",
        "ispro": "user_is_pro",
        "photo_firstdate": "user_first_upload",
        "photo_firstdatetaken": "user_first_taken",
    },
)
TIMES = ("uploaded", "user_first_upload", "user_first_taken")
NUMBERS = ("longitude", "latitude", "user_photos", "user_is_pro")


@validate_params(
    {
        "folder": [str, PathLike],
        "subset": [StrOptions({"train", "test"})],
        "images": [str, PathLike, None],
    },
    prefer_skip_nested_validation=True,
)
def load_smpd(folder, *, subset="train", images=None):
    """Read SMPD: Flickr photos with metadata and popularity.

    Parameters
    ----------
    folder : path
        Folder of the metadata, or its parent if the folder is called
        ``train_allmetadata_json``, ``train_all_json`` or ``train`` (``test...`` alike).
    subset : {"train", "test"}, default="train"
        Part of the data.
    images : path, default=None
        Folder with a subfolder of photos per user. If None, the subfolder of `folder`
        called `subset`.

    Returns
    -------
    posts : DataFrame
        One row per photo in the order of the list of photos: ``photo`` (path),
        ``user``, ``post`` (number in the data set), ``score`` (popularity as published;
        only if ``<subset>_label.txt`` exists), ``category``, ``subcategory``,
        ``concept``, ``title``, ``tags`` (separated by blanks), ``uploaded`` (UTC),
        ``longitude``, ``latitude``, and about the user ``user_photos``,
        ``user_is_pro``, ``user_first_upload`` and ``user_first_taken``, which the test
        part may lack. Rows with a missing photo are dropped with one warning and listed
        in ``posts.attrs["missing"]``.

    Raises
    ------
    FileNotFoundError
        If the folder, a file (including the labels of "train") or all photos are
        missing.
    ValueError
        If a file is not UTF-8, not JSON of this layout, or lacks a field or a post, a
        post is listed twice, a path is outside the folder, or a number is expected and
        not found.

    Notes
    -----
    The score is already on a logarithmic scale ("log-views" in the challenge's texts):
    use it as it is. The layout was taken from public code for the challenge:
    ``build_dataset.py`` of https://github.com/cactus8603/smp-challenge and, with older
    file names and addresses instead of paths, ``get_data_feature.py`` of
    https://github.com/runnerxin/HyFea.

    ``train_img_filepath.txt`` lists photos as ``train/<Uid>/<Pid>.jpg``, and
    ``train_label.txt`` has the scores of the same lines. ``train_category.json``,
    ``train_text.json`` and ``train_temporalspatial_information.json`` are lists of
    records with the keys ``Uid`` and ``Pid``; ``train_user_data.json`` has an object
    per field that maps line numbers to values. The additional information, time zones
    and users' descriptions (text or embeddings, by year) are not read.

    References
    ----------
    .. [1] Wu, Cheng, Liu, Liu, Zeng and Luo, "SMP Challenge: an overview of Social
       Media Prediction Challenge 2019", ACM Multimedia 2019,
       http://smp-challenge.com.
    """
    folder = check_folder(folder)
    files = _Files(_metadata_folder(folder, subset), subset)
    images = folder / subset if images is None else check_folder(images)
    table = files.find(PHOTOS)
    names = _read_names(table)
    check_unique(names, table)
    posts = pd.DataFrame({"photo": join_paths(images, names, table)})
    posts[["user", "post"]] = [name.removesuffix(".jpg").split("/") for name in names]
    posts = _add_score(posts, files)
    for source in SOURCES:
        posts = _add_fields(posts, source, files.find(source.endings))
    if subset == "train" or files.has(USER.endings):
        posts = _add_fields(posts, USER, files.find(USER.endings))
    posts = drop_missing(posts, names, table)
    return _convert(posts, table.parent).reset_index(drop=True)


class _Files(NamedTuple):
    """Files of one part of the data in a folder."""

    folder: Path
    subset: str

    def find(self, endings) -> Path:
        """First existing file with one of the endings, else the path of the first."""
        return first_file([self.folder / f"{self.subset}_{each}" for each in endings])

    def has(self, endings) -> bool:
        return self.find(endings).is_file()


def _metadata_folder(folder, subset):
    folders = [folder / name.format(subset) for name in FOLDERS]
    return next((f for f in folders if _Files(f, subset).has(PHOTOS)), folder)


def _read_names(table):
    """Names ``<Uid>/<Pid>.jpg``, from paths or addresses with this ending."""
    lines = read_lines(table)
    names = ["/".join(line.split("/")[-2:]).removesuffix(".jpg") for line in lines]
    for number, name in enumerate(names, start=1):
        if not all(name.partition("/")):
            raise ValueError(
                f"Line {number} of {str(table)!r} holds {quote(lines[number - 1])}, "
                "but a path ending in the user and the photo was expected, such as "
                "'train/59@N75/775.jpg'."
            )
    return pd.Series([f"{name}.jpg" for name in names])


def _add_score(posts, files):
    path = files.find(LABELS)
    if files.subset == "test" and not path.is_file():
        return posts
    labels = read_lines(path)
    if len(labels) != len(posts):
        raise ValueError(
            f"{str(path)!r} has {len(labels)} lines, but {len(posts)} were expected, "
            "one per line of the list of photos."
        )
    return posts.assign(score=labels)


def _add_fields(posts, source, path):
    records = _read_records(path, [*KEYS, *source.columns])
    fields = records_of(posts, records, KEYS, path)[[*source.columns]]
    return posts.join(fields.rename(columns=source.columns))


def _read_records(path, fields):
    text = read_needed(path)
    try:
        content = json.loads(text)
        if isinstance(content, dict):
            content = {name: content[name] for name in fields if name in content}
        records = pd.DataFrame(content)
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(
            f"The file {str(path)!r} cannot be read as JSON records: {error}"
        ) from error
    check_columns(records, fields, path)
    return records


def _convert(posts, folder):
    """Convert numbers and times, which may be missing for users and places."""
    posts = posts.copy()
    for name in (*NUMBERS, *TIMES, "score"):
        if name not in posts:
            continue
        there = ~posts[name].isin(MISSING) & posts[name].notna()
        if name in ("score", "uploaded"):
            there[:] = True
        known = read_numbers(posts[name][there], posts["photo"][there], name, folder)
        if name in TIMES:
            known = _read_times(known, name, folder)
        posts[name] = known.reindex(posts.index)
    return posts


def _read_times(seconds, name, folder):
    # Some versions of pandas overflow after the year 2255.
    known = seconds.where(seconds.abs() < 9e9)
    times = pd.to_datetime(known, unit="s", utc=True, errors="coerce")
    if times.isna().any():
        raise ValueError(
            f"The column {name!r} of {str(folder)!r} holds "
            f"{seconds[times.isna()].iloc[0]}, but seconds since 1970 were expected."
        )
    return times
