"""CPU time of the whole way on the command line, from a folder to an explained photo.

Run ``python benchmarks/journey.py FOLDER --label COLUMN``. The folder holds photos and
labels.csv, of which the first photos are taken. Commands run as processes of their own
that share a cache made for the run; CPU time is that of a command and its workers. What
is not installed is simulated by ``--without torch``.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

_BLOCK = """
import sys

class _Without:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, _Without)
"""


def copy_photos(source, target, n_photos):
    """A folder of the first photos of another one."""
    table = pd.read_csv(source / "labels.csv").head(n_photos)
    table["path"] = [str((source / path).resolve()) for path in table["path"]]
    target.mkdir()
    table.to_csv(target / "labels.csv", index=False)
    return table["path"].tolist()


def commands_of(options, folder, photos, scratch):
    """What is run, by what it is called."""
    model, table = str(scratch / "model.skops"), str(scratch / "ranked.csv")
    (scratch / "photos.txt").write_text("\n".join(photos))
    learned = [str(folder), "--label", options.label]
    if options.group is not None:
        learned += ["--group", options.group]
    page = ["-o", str(scratch / "page.html")]
    report = [str(folder), "--model", model] if options.from_model else learned
    commands = {
        "evaluate": ["evaluate", *learned],
        "fit": ["fit", *learned, "-o", model],
        "report": ["report", *report, *page],
        "rank": ["rank", model, str(scratch / "photos.txt"), "-o", table],
        "explain": ["explain", model, photos[0], *page],
        "--help": ["--help"],
        "--version": ["--version"],
    }
    workers = ["--n-jobs", str(options.n_jobs)]
    for name in ("evaluate", "fit", "report", "rank"):
        commands[name] += workers
    return commands


def cpu_seconds(command, environment):
    """CPU and wall time of a command and of its children."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    argv = [sys.executable, "-m", "sklearn_popularity.cli", *command]
    ended = subprocess.run(argv, env=environment, capture_output=True, text=True)
    if ended.returncode:
        raise SystemExit(f"{' '.join(command)}\n{ended.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.monotonic() - start, ended.stdout


def environment_of(scratch, without):
    """Variables that make the cache a fresh one, and hide what is not installed."""
    (scratch / "sitecustomize.py").write_text(_BLOCK.format(names=without))
    paths = [str(scratch), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(paths),
        "XDG_CACHE_HOME": str(scratch / "cache"),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--label", required=True)
    parser.add_argument("--group")
    parser.add_argument("--n-photos", type=int, default=200)
    parser.add_argument("--n-jobs", type=int, default=1)
    parser.add_argument("--without", nargs="*", default=[], metavar="MODULE")
    parser.add_argument(
        "--refit", dest="from_model", action="store_false", help="in `report` too"
    )
    parser.add_argument("--show", action="store_true", help="what commands print")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        folder = scratch / "photos"
        photos = copy_photos(options.folder, folder, options.n_photos)
        environment = environment_of(scratch, options.without)
        print(f"{len(photos)} photos, {options.n_jobs} worker(s)\n")
        print("| command | CPU s | wall s |\n|---|---|---|")
        total = 0.0
        for name, command in commands_of(options, folder, photos, scratch).items():
            cpu, wall, printed = cpu_seconds(command, environment)
            total += cpu
            print(f"| {name} | {cpu:.1f} | {wall:.1f} |", flush=True)
            if options.show:
                print(printed, file=sys.stderr, flush=True)
        print(f"| all | {total:.1f} | |")


if __name__ == "__main__":
    main()
