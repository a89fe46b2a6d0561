"""`sklearn-popularity demo`: cross-validate on synthetic photos with known causes."""

import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from .._paths import expand_home
from ..datasets import load_folder, make_popularity
from ..evaluation import FEATURES, FUSION, compare_features, follow_causes, late_fusion
from ..inspection import popularity_report
from ..metrics import spearman_score
from ._options import add_n_jobs, add_output, describe, integer, option
from ._output import check_output
from ._steps import comparing, describing, shown
from ._tables import format_scores, format_table

_REPORT = "popularity-demo.html"
_IMAGE_CAUSES = ["saturation", "object", "theme"]


def add(command):
    describe(
        command,
        _demo,
        "Generate photos and views from known causes, predict the views from the "
        "photos, and list the causes that the predictions follow.",
        example="sklearn-popularity demo --keep made-up",
    )
    settings = {"type": integer(40), "default": 300}
    option(command, "--n-photos", "N", "number of photos (default: 300)", **settings)
    text = "random seed (default: 0)"
    option(command, "--seed", "N", text, type=integer(0), default=0)
    text = "new folder to keep the photos and labels.csv in (default: keep nothing)"
    option(command, "--keep", "FOLDER", text, type=expand_home)
    add_output(
        command,
        "HTML page to write (default: report.html in the folder of --keep, or else "
        f"{_REPORT}); needs the extra `report`",
    )
    add_n_jobs(command)


def _demo(options):
    output = options.output or Path(_REPORT)
    if options.output is not None or (options.keep is None and _can_report()):
        check_output(output, [".html"])
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch) / "made-up"
        if options.output is None and options.keep is not None:
            output = folder / "report.html"
        print(f"Generating {options.n_photos} photos with known causes of popularity.")
        _, truth = make_popularity(
            options.n_photos, folder=folder, random_state=options.seed
        )
        posts = load_folder(folder, required=["score", "user"])
        cache = str(Path(scratch) / "features.cache")
        steps = describing(late_fusion(FEATURES))
        with shown([*steps, *comparing(len(FEATURES) + 2)]):
            comparison = compare_features(
                posts["photo"],
                posts["score"],
                features=list(FEATURES),
                groups=posts["user"],
                n_repeats=1,
                n_jobs=options.n_jobs,
                cache=cache,
            )
        print(f"\nScore: log2(views per day + 1), {len(posts)} photos, folds by user\n")
        print(format_scores(comparison.scores))
        _print_causes(posts, truth, comparison)
        command = f"sklearn-popularity demo --n-photos {options.n_photos}"
        command += f" --seed {options.seed}"
        _write_report(posts, output, cache, options.n_jobs, command)


def _can_report():
    return find_spec("jinja2") is not None


def _write_report(posts, output, cache, n_jobs, command):
    if not _can_report():
        print(
            "\nFor a page with heatmaps, colours and a gallery, install an extra: "
            'pip install ".[report]" in the folder of the source code'
        )
        return
    print("\nWriting the report ...", flush=True)
    popularity_report(
        late_fusion(FEATURES, n_jobs=n_jobs, cache=cache),
        posts,
        posts["score"],
        output,
        groups="user",
        by="theme",
        title="title",
        label="log2(views per day + 1)",
        heading="What makes synthetic photos popular?",
        notes=["The photos and their views are synthetic, with known causes."],
        command=command,
        n_heatmaps=1,
        n_jobs=n_jobs,
    )
    print(f"Report: {output.resolve()} (open it in a browser)")


def _print_causes(posts, truth, comparison):
    predicted = comparison.held_out[FUSION].shares
    causes = follow_causes(truth.effects, predicted, groups=posts["user"])
    in_pixels = truth.effects[_IMAGE_CAUSES].sum(axis=1)
    ceiling = spearman_score(posts["score"], in_pixels)
    print(
        f"\nA model that knew the causes in the pixels would reach {ceiling:.3f}.\n\n"
        "Correlation of the late fusion's predictions with each planted cause:\n"
    )
    print(_format_causes(causes))
    found = causes.loc[causes["found"] & causes["cause"].isin(_IMAGE_CAUSES), "cause"]
    print(
        f"\nFound {len(found)} of the {len(_IMAGE_CAUSES)} causes in the pixels: "
        f"{', '.join(found) or 'none'}."
    )


def _format_causes(causes):
    verdicts = np.where(causes["found"], "found", "not found")
    known = causes["cause"].isin(_IMAGE_CAUSES)
    causes = causes.assign(verdict=np.where(known, verdicts, "not in the pixels"))
    columns = {
        "planted cause": "{cause}",
        "Spearman": "{spearman:.3f}",
        "95 % interval": "{low:.3f} to {high:.3f}",
        "verdict": "{verdict}",
    }
    return format_table(causes.to_dict("records"), columns)
