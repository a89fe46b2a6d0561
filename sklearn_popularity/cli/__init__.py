"""Command line: a demonstration on made-up photos, an evaluation of your own."""

from ._main import main, run

__all__ = ["main", "run"]
