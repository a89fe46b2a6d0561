"""Photos in a folder, and the files that inexact names refer to."""

import os
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path, PurePath
from typing import NamedTuple

from ..images import PHOTO_SUFFIXES, REFUSED_SUFFIXES

_OF_SYSTEMS = {"desktop.ini", "thumbs.db"}


class FolderOfPhotos(NamedTuple):
    """Files in a folder and its subfolders, without hidden ones."""

    photos: list[str]  # sorted paths
    refused: dict[str, list[str]]  # names of what is not read, by the reason
    others: Counter  # number of other files by extension, without tables


def photos_below(folder) -> FolderOfPhotos:
    """Find the photos in a folder and its subfolders."""
    found = FolderOfPhotos(photos=[], refused={}, others=Counter())
    linked: list[str] = []
    for path in sorted(_files_below(folder, linked), key=str):
        end = path.suffix.lower()
        if end in PHOTO_SUFFIXES:
            found.photos.append(str(path))
        elif end in REFUSED_SUFFIXES:
            found.refused.setdefault(REFUSED_SUFFIXES[end], []).append(path.name)
        elif end != ".csv" and path.name.lower() not in _OF_SYSTEMS:
            found.others[end] += 1
    if linked:
        found.refused["a linked folder; name it to include its photos"] = sorted(linked)
    return found


def _files_below(folder, linked):
    """Files, and names of links to folders, which are not followed: there are loops."""
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        linked += [name for name in folders if Path(root, name).is_symlink()]
        yield from (Path(root, name) for name in files if not name.startswith("."))


class Meant:
    """Find the file that an inexact name refers to.

    Tables from other systems have names with backslashes, in other upper or lower case
    or other forms of Unicode, with blanks around them, or without extensions.
    """

    def __init__(self):
        self._folders = {}

    def file(self, path) -> str | None:
        """The file that is meant by a path that does not exist, or None.

        If it may be several files, this is an error.
        """
        parts = Path(path.replace("\\", "/")).parts
        found = Path(parts[0])
        for i, part in enumerate(parts[1:], start=2):
            if not (found / part).exists():
                names = self._names_in(found).get(_key(part), [])
                if not names and i == len(parts):
                    names = self._names_in(found).get(_key(f"{part}.*"), [])
                if len(names) > 1:
                    raise ValueError(f"may be {' or '.join(map(repr, names))}")
                if not names:
                    return None
                part = names[0]
            found = found / part
        return str(found) if found.is_file() else None

    def _names_in(self, folder):
        """Files of a folder by their keys, photos also by keys without extension."""
        if folder not in self._folders:
            names = defaultdict(list)
            files = sorted(folder.iterdir()) if folder.is_dir() else []
            for name in (file.name for file in files):
                names[_key(name)].append(name)
                if PurePath(name).suffix.lower() in PHOTO_SUFFIXES:
                    names[_key(f"{PurePath(name).stem}.*")].append(name)
            self._folders[folder] = names
        return self._folders[folder]


def _key(name):
    return unicodedata.normalize("NFC", name.strip()).casefold()
