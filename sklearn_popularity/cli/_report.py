"""`sklearn-popularity report`: write an HTML page about a model and its photos."""

import shlex

from .._paths import expand_home
from ..inspection import popularity_report
from ._fitted import fit_posts, read_fitted, read_held_out
from ._model import MODEL, add_context, columns_of, compose, texts_of
from ._options import NONE, add_folder, add_output, add_work, describe, option
from ._output import check_output, open_cache
from ._posts import read_posts, warn_of_groups
from ._steps import Step, comparing, describing, shown
from ._tables import format_found, format_size, print_chance, warn_of_model


def add(command):
    describe(
        command,
        _report,
        "Write one HTML file about a model of a folder of photos: its score on "
        "held-out photos, what each kind of feature adds, right and wrong predictions, "
        "heatmaps, colours, what it over- and underrates, and problems of the data. "
        "With --model nothing is fitted: held-out predictions are read from the file. "
        "Needs the extra `report`.",
        example="sklearn-popularity report my/photos --model model.skops "
        "-o report.html",
    )
    add_folder(command, needs_label=False)
    text = "file that `fit` wrote for this folder, instead of --label and other options"
    option(command, "--model", "MODEL", text, type=expand_home)
    add_context(command)
    text = "groups of photos to check for over- and underrating (default: --group)"
    option(command, "--by", "COLUMN", text)
    text = "names of photos on the page (default: file names)"
    option(command, "--title", "COLUMN", text)
    add_output(command, "page to write (.html)", required=True)
    add_work(command)


def _report(options):
    check_output(options.output, [".html"])
    named = ["model", *MODEL, "by", "title", "output"]
    command = _command(options, "report", named)
    if options.label is None and options.model is None:
        raise ValueError("the following arguments are required: --label or --model.")
    model = None if options.model is None else _read(options)
    named = [each for each in (options.by, options.title) if each is not None]
    columns = [*columns_of(options), *named]
    kinds = [] if options.by is None else [options.by]
    posts, groups = read_posts(options, columns, texts_of(options), kinds)
    tried = _command(options, "evaluate", MODEL)
    command = f"{command}\n# To compare features:\n{tried}"
    steps = [Step("heatmaps", "drawing heatmaps", 30)]
    if model is None:
        asked = compose(options, posts, open_cache(options.cache))
        steps = [*describing(asked.whole), *comparing(1, options.repeats), *steps]
    with shown(steps):
        if model is None:
            model, held_out = fit_posts(asked, options, posts, groups).whole, None
        else:
            held_out = read_held_out(options.model, options, posts)
        report = popularity_report(
            model,
            posts,
            posts[options.label],
            options.output,
            groups=options.group,
            by=options.by,
            time=options.time,
            title=options.title,
            label=posts.attrs["target"],
            heading=f"Popularity report: {options.folder.resolve().name}",
            notes=_notes(posts),
            command=command,
            cv=options.cv,
            held_out=held_out,
            n_jobs=options.n_jobs,
        )
    _print_report(report)
    warn_of_groups(options, posts)


def _read(options):
    """Read the model of --model, and replace the options by those of its fit."""
    for name in MODEL:
        if getattr(options, name) != options.default_of(name):
            option = "--" + name.replace("_", "-")
            raise ValueError(
                f"Got {option} beside --model, but the options of `fit` are read from "
                f"the model file. Leave out {option}, or --model to fit a new model."
            )
    model, learned, _ = read_fitted(options.model)
    vars(options).update(vars(learned))
    return model


def _print_report(report):
    """Print the score and the path of the page."""
    print(format_found(*report.score))
    if "branches" in report.tables:
        branches = report.tables["branches"]
        print_chance(branches.loc[branches["at_chance"], "branch"].tolist())
    print(
        f"Report: {report.path.resolve()} "
        f"({format_size(report.path.stat().st_size)}; open it in a browser)"
    )
    warn_of_model(report.score.low)


def _notes(posts):
    """Notes for the page about rows that were skipped."""
    counts = {"had no photo": len(posts.attrs.get("missing", []))}
    left_out = posts.attrs.get("left_out", {})
    counts |= {f"had no {column!r}": n for column, n in left_out.items()}
    return [f"{n} rows {lack} and were skipped." for lack, n in counts.items() if n]


def _command(options, command, named):
    """The command line of a command with the options that were given."""
    parts = ["sklearn-popularity", command, str(options.folder)]
    for name in named:
        value, option = getattr(options, name), "--" + name.replace("_", "-")
        if value == options.default_of(name):
            continue
        text = (",".join(value) or NONE) if isinstance(value, list) else str(value)
        parts += [option] if value is True else [option, text]
    return shlex.join(parts)
