"""Files of photos: which of a folder are photos, and which of them a name means."""

import os
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path, PurePath
from typing import NamedTuple

from ..images import PHOTO_SUFFIXES, REFUSED_SUFFIXES

_OF_SYSTEMS = {"desktop.ini", "thumbs.db"}


class FolderOfPhotos(NamedTuple):
    """What is in a folder and below, without hidden files and folders.

    Parameters
    ----------
    photos : list of str
        Paths of photos, by name.
    refused : dict of str to list of str
        Reasons why photos are not read, and the names of these photos.
    others : Counter
        How many other files there are, by the ends of their names; tables, which may
        be about the photos, are not counted.
    """

    photos: list[str]
    refused: dict[str, list[str]]
    others: Counter


def photos_below(folder) -> FolderOfPhotos:
    """Look through a folder and the folders below.

    Parameters
    ----------
    folder : path
        Folder that is there.

    Returns
    -------
    found : FolderOfPhotos
    """
    found = FolderOfPhotos(photos=[], refused={}, others=Counter())
    for path in sorted(_files_below(folder), key=str):
        end = path.suffix.lower()
        if end in PHOTO_SUFFIXES:
            found.photos.append(str(path))
        elif end in REFUSED_SUFFIXES:
            found.refused.setdefault(REFUSED_SUFFIXES[end], []).append(path.name)
        elif end != ".csv" and path.name.lower() not in _OF_SYSTEMS:
            found.others[end] += 1
    return found


def _files_below(folder):
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(root, name) for name in files if not name.startswith("."))


class Meant:
    """Finds the one file that a name means, where none is called exactly so.

    Tables come from other systems than photos do: with backslashes, other upper and
    lower case or forms of Unicode, blanks around names, or without their ends.
    """

    def __init__(self):
        self._folders = {}

    def file(self, path) -> str | None:
        """Path of the file, or None.

        Parameters
        ----------
        path : str
            Path that is not there.

        Raises
        ------
        ValueError
            If several files are meant.
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
        """Files of a folder by their keys, and photos by those without their ends."""
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
