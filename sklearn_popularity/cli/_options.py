"""Options that several commands take."""

import argparse


def add_n_jobs(command):
    command.add_argument(
        "--n-jobs",
        type=int,
        default=-1,
        metavar="N",
        help="worker processes (default: -1, all cores)",
    )


def integer(low):
    """Type of an option that is a whole number, not too low."""

    def convert(text):
        if not text.isdecimal() or int(text) < low:
            raise argparse.ArgumentTypeError(
                f"got {text!r}, but a whole number of at least {low} was expected"
            )
        return int(text)

    return convert


def names(text):
    return [name.strip() for name in text.split(",") if name.strip()]
