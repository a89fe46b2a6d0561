"""Datasets: your own folders, data sets of the papers, and made-up data."""

# Names imported as themselves are for other rooms, not for users.
from ._folder import PHOTO_COLUMNS as PHOTO_COLUMNS
from ._folder import load_folder
from ._folder import read_folder as read_folder
from ._known_columns import KNOWN_COLUMNS, YFCC100M_FIELDS
from ._lamem import fetch_lamem, load_lamem
from ._photo_files import photos_below as photos_below
from ._posts import MissingPhotosWarning
from ._posts import check_columns as check_columns
from ._posts import first_row as first_row
from ._smpd import load_smpd
from ._tables import read_table as read_table
from ._tables import read_text as read_text
from ._tables import with_numbers as with_numbers
from ._top_tags import filter_top_tags
from ._tpic2017 import load_tpic2017
from .made_up import make_popularity, make_themes

__all__ = [
    "KNOWN_COLUMNS",
    "YFCC100M_FIELDS",
    "MissingPhotosWarning",
    "fetch_lamem",
    "filter_top_tags",
    "load_folder",
    "load_lamem",
    "load_smpd",
    "load_tpic2017",
    "make_popularity",
    "make_themes",
]
