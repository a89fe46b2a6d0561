"""Check what the papers claim, not their figures, on the data at hand.

Run ``python benchmarks/claims.py FOLDER`` on a folder with oasis, sophoappeal80 and
tabular, and the weights of SqueezeNet beside it in weights. With ``--keep SCRATCH``
features and predictions are kept there, and an interrupted run goes on.

Each claim is a difference of two held-out predictions. It holds if the 95 % interval
lies above 0, and otherwise does not; intervals are paired and resample themes, users or
rows. A claim that something adds nothing holds if the interval lies below 0.02, one
that it is as good if the interval lies above -0.02. The better of several is chosen by
its test score, which makes it hard to beat.
"""

import argparse
import sys
import time
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

from paper_claims import beyond, cappallo, dufour, khosla, lafin, memorability
from paper_claims._tables import Sources
from sklearn.exceptions import ConvergenceWarning

from sklearn_popularity.models import DeadSensesWarning

PAPERS = {
    "Khosla 2014": khosla,
    "Cappallo 2015": cappallo,
    "memorability 2018": memorability,
    "LaFin": lafin,
    "Dufour 2015": dufour,
    "beyond": beyond,
}
HEADER = [
    "| paper | claim | verdict | effect | 95 % interval | data | n | figures |",
    "|---|---|---|---|---|---|---|---|",
]


def main(arguments=None):
    options = read_options(arguments)
    weights = options.weights or options.folder.resolve().parent / "weights"
    with TemporaryDirectory() as scratch, warnings.catch_warnings():
        keep = options.keep or Path(scratch)
        keep.mkdir(parents=True, exist_ok=True)
        sources = Sources(options.folder, weights, keep)
        warnings.simplefilter("ignore", ConvergenceWarning)
        # Strong penalties, which are tried too, leave few of ten senses.
        warnings.simplefilter("ignore", DeadSensesWarning)
        print("\n".join(HEADER))
        for paper in options.only or PAPERS:
            for claim in PAPERS[paper].CLAIMS:
                check(paper, claim, sources)


def read_options(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", type=Path, help="default: FOLDER/../weights")
    parser.add_argument("--keep", type=Path, help="folder of what was computed")
    parser.add_argument("--only", action="append", choices=PAPERS)
    return parser.parse_args(arguments)


def check(paper, claim, sources):
    """Print a row for each finding about a claim."""
    start, cpu = time.perf_counter(), time.process_time()
    for finding in claim(sources):
        print(as_row(paper, finding), flush=True)
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    name = f"{paper}, {claim.__name__}"
    print(f"{name}: {wall:.0f} s, {cpu:.0f} s of CPU", file=sys.stderr, flush=True)


def as_row(paper, finding):
    """A finding as a row of Markdown."""
    effect = finding.effect
    cells = [paper, finding.claim, finding.verdict]
    if effect is None:
        cells += ["", "", finding.data, ""]
    else:
        interval = f"{effect.low:+.3f} to {effect.high:+.3f}"
        cells += [f"{effect.size:+.3f}", interval, finding.data, f"{effect.n:,}"]
    return f"| {' | '.join([*cells, finding.note])} |"


if __name__ == "__main__":
    main()
