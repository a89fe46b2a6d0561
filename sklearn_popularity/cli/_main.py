"""The door: which command, and how it ends."""

import argparse
import multiprocessing
import os
import signal
import sys
import warnings

from .. import __version__
from . import _cache, _demo, _evaluate, _explain, _extract, _fit, _rank, _report

_COMMANDS = [_demo, _evaluate, _report, _fit, _rank, _explain, _extract, _cache]
_INTERRUPTED, _BROKEN_PIPE = 130, 141


def run():
    """Run the command line as a process of its own."""
    status = main()
    if status == _INTERRUPTED:
        # Python waits for the workers, which a second Ctrl-C would make hang.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for worker in multiprocessing.active_children():
            worker.terminate()
    if status == _BROKEN_PIPE:
        os._exit(status)  # Python would try to flush what nobody reads
    sys.exit(status)


def main(argv=None):
    """Run the command line.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments; None takes those of the process.

    Returns
    -------
    status : int
        0 on success, 2 on a wrong option, file or column or a missing package, 130 when
        interrupted, 141 when nobody reads what is printed.
    """
    if hasattr(sys.stdout, "reconfigure"):
        # A console that lacks a letter of a column's name still gets the table.
        sys.stdout.reconfigure(errors="replace")
    options = _parser().parse_args(argv)
    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = _print_warning
        try:
            options.run(options)
        except KeyboardInterrupt:
            print("interrupted; nothing was written", file=sys.stderr)
            return _INTERRUPTED
        except BrokenPipeError:
            # Who reads the table has seen enough, and nobody reads a complaint.
            return _BROKEN_PIPE
        except (ValueError, OSError, ImportError) as error:
            print(f"sklearn-popularity: error: {error}", file=sys.stderr)
            return 2
    return 0


def _parser():
    parser = argparse.ArgumentParser(
        prog="sklearn-popularity",
        description="Predict how people react to photos, and test it honestly.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for each in _COMMANDS:
        each.add(commands)
    return parser


def _print_warning(message, category, filename, lineno, file=None, line=None):
    print(f"warning: {message}", file=sys.stderr)
