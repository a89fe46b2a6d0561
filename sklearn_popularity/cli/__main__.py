"""`python -m sklearn_popularity.cli`."""

from ._main import run

run()
