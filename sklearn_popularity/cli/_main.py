"""Entry point: parse the command, run it, and turn errors into exit codes."""

import argparse
import multiprocessing
import os
import signal
import sys
import textwrap
import threading
import warnings
from contextlib import redirect_stdout
from importlib import import_module

from .. import __version__
from .._files import FULL
from .._terminal import escape
from ._streams import NAME, NamedOutput, left_to_table

# Each command is a module, which is imported when the command is called.
_COMMANDS = {
    "demo": "predict scores of synthetic photos with known causes of popularity",
    "evaluate": "cross-validate each kind of feature on a folder of photos",
    "report": "write an HTML page about a model and a folder of photos",
    "fit": "fit a model on a folder of photos and write it to a file",
    "rank": "sort photos by predicted score",
    "compare": "predict which of several photos scores higher",
    "explain": "explain the score of a photo",
    "paper": "reproduce a paper's tables and test its claims",
    "extract": "write the features of many photos to a file",
    "join": "join the files that jobs of `extract --part` have written",
    "cache": "inspect, verify or shrink a cache of features",
}
_FAILED, _WRONG, _INTERRUPTED, _BROKEN_PIPE = 1, 2, 130, 141


def run():
    """Run the command line and exit."""
    # Job schedulers send SIGTERM, closed terminals SIGHUP: clean up as after Ctrl-C.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        stop = getattr(signal, name, None)
        # `nohup` ignores SIGHUP.
        if stop is not None and signal.getsignal(stop) != signal.SIG_IGN:
            signal.signal(stop, _interrupt)
    # Spinning threads of a network slow it down many times if other processes use the
    # cores. Torch reads this when it is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    status = main()
    if status == _INTERRUPTED:
        # Python waits for the workers; a second Ctrl-C would make them hang.
        for stop in (signal.SIGINT, signal.SIGTERM):
            signal.signal(stop, signal.SIG_IGN)
        for worker in multiprocessing.active_children():
            worker.terminate()
    if status == _BROKEN_PIPE:
        os._exit(status)  # a normal exit would flush to the broken pipe
    try:
        sys.stdout.flush()
    except OSError:  # a full disk, which was told
        os._exit(status)
    sys.exit(status)


def _interrupt(number, frame):
    # A thread of the workers' manager complains of workers that are gone.
    threading.excepthook = lambda error: None
    raise KeyboardInterrupt


def main(argv=None):
    """Run the command line.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments; None takes those of the process.

    Returns
    -------
    status : int
        0 on success, 1 when memory, a worker or a library fails, 2 on a wrong option,
        file or column, a full disk or a missing package, 130 when interrupted, 141 when
        the reader of the output has closed the pipe.
    """
    if hasattr(sys.stdout, "reconfigure"):
        # Consoles whose encoding lacks a letter still print the table.
        sys.stdout.reconfigure(errors="replace")
    with warnings.catch_warnings(), redirect_stdout(NamedOutput(sys.stdout)):
        warnings.simplefilter("always", UserWarning)
        warnings.simplefilter("ignore", RuntimeWarning)  # numerics, for developers
        # A worker that imports torch grows so much that joblib replaces it; no task is
        # lost.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs")
        warnings.showwarning = _warn_once()
        try:
            options = _parser().parse_args(argv)
            with left_to_table(options):
                options.run(options)
            print(end="", flush=True)  # raises BrokenPipeError here, not at exit
        except KeyboardInterrupt:
            print(
                "interrupted; no file is half written, and what is in a cache is not "
                "computed again",
                file=sys.stderr,
            )
            return _INTERRUPTED
        except BrokenPipeError:
            # The reader, such as `head`, has enough lines.
            return _BROKEN_PIPE
        except (ValueError, OSError, ImportError) as error:
            return _complain(_told(error), _WRONG)
        except (MemoryError, RuntimeError) as error:
            return _complain(f"{type(error).__name__}: {error}", _FAILED)
    return 0


def _told(error):
    if not (isinstance(error, OSError) and error.strerror and error.filename):
        return str(error)
    way_out = ". Free some space or write to another disk, and run it again"
    name = os.fsdecode(error.filename)
    name = name if name == NAME else repr(name)
    return f"{error.strerror}: {name}{way_out * (error.errno in FULL)}"


def _complain(message, status):
    line = escape(" ".join(message.split("\n")).strip())
    print(f"sklearn-popularity: error: {line}", file=sys.stderr)
    return status


class _Help(argparse.RawDescriptionHelpFormatter):
    """Wrap paragraphs but not tables, and do not break names at hyphens."""

    def _fill_text(self, text, width, indent):
        if "\n" in text:
            return super()._fill_text(text, width, indent)
        return textwrap.indent("\n".join(self._split_lines(text, width)), indent)

    def _split_lines(self, text, width):
        return textwrap.wrap(text, width, break_on_hyphens=False)


class _Parser(argparse.ArgumentParser):
    """Parser with one-line errors, which imports a command only when it is called."""

    def __init__(self, *, module=None, **settings):
        super().__init__(formatter_class=_Help, **settings)
        self._module = module

    def parse_known_args(self, args=None, namespace=None):
        if self._module is not None:
            module, self._module = self._module, None
            import_module(module, __package__).add(self)
        return super().parse_known_args(args, namespace)

    def error(self, message):
        raise ValueError(f"{message}. See `{self.prog} --help`.")


def _parser():
    parser = _Parser(
        prog="sklearn-popularity",
        description="Predict how people react to photos, and evaluate the predictions.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, text in _COMMANDS.items():
        commands.add_parser(name, help=text, module=f"._{name}")
    return parser


def _warn_once():
    """A `showwarning` that prints each message once."""
    said = set()

    def show(message, category, filename, lineno, file=None, line=None):
        if str(message) not in said:
            said.add(str(message))
            print("warning:", escape(str(message), kept="\n"), file=sys.stderr)

    return show
