"""`sklearn-popularity evaluate`: cross-validate kinds of features."""

from pathlib import Path

from .._warnings import warn_caller
from ..evaluation import (
    baseline_models,
    best_of_groups,
    compare_models,
    near_duplicates,
    straddling_pairs,
)
from ._model import MODEL, add_context, columns_of, compose, texts_of
from ._options import (
    add_folder,
    add_table_output,
    add_work,
    describe,
    option,
)
from ._output import TABLES, check_output, open_cache, write_table
from ._posts import read_posts, warn_of_groups
from ._steps import comparing, describing, shown
from ._tables import (
    describe_run,
    format_scores,
    format_table,
    print_chance,
    print_reasons,
)

_MIN_REPEATED = 30  # photos
_COLUMNS = """\
The columns of the table:
  Spearman         rank correlation between the label and the held-out predictions of
                   all folds, mean over partitions; 0 is chance
  95 % interval    confidence interval for models trained on other photos, or groups
  over partitions  lowest and highest correlation of a partition
  within folds     mean of the correlations within each test fold

The rows of the table, beside the kinds of features of the photos:
  known              facts of --social, the length of --titles, and the hour and
                     weekday of --time
  moment             --time as a number of days
  history            scores of the user's other photos (--user)
  cues               known, moment and history in one model
  titles, tags       words of --titles, or of --tags
  beside the photos  all of these together, without the photos
  late-fusion, or all together: the model that `fit` fits
  constant           no features: chance

The second table compares each of them with the model that `fit` fits:
  difference     of the two correlations
  95 % interval  paired confidence interval of this difference alone
  p (Holm)       p-value, adjusted for the number of rows by Holm's method: judge by it
"""


def add(command):
    describe(
        command,
        _evaluate,
        "Print the rank correlation (Spearman) of held-out predictions for each kind "
        "of feature, for all together, and for a constant. Codebooks are learned from "
        "all photos, without their scores.",
        columns=_COLUMNS,
        example="sklearn-popularity evaluate my/photos --label score --group user",
    )
    add_folder(command)
    add_context(command)
    text = (
        "groups of photos, such as bursts: report how often the photo with the highest "
        "prediction is the best of its group"
    )
    option(command, "--pick", "COLUMN", text)
    add_table_output(command, "write the table")
    add_work(command)


def _evaluate(options):
    check_output(options.output, TABLES, options.folder / "labels.csv")
    picks = [] if options.pick is None else [options.pick]
    columns = [*columns_of(options), *picks]
    posts, groups = read_posts(options, columns, texts_of(options), picks)
    asked = compose(options, posts, open_cache(options.cache))
    models = asked.models | baseline_models()
    with shown([*describing(asked.whole), *comparing(len(models), options.repeats)]):
        comparison = compare_models(
            models,
            posts[asked.columns],
            posts[options.label],
            groups=groups,
            reference=asked.name,
            cv=options.cv,
            n_repeats=options.repeats,
            sources=_sources(posts, options),
            n_jobs=options.n_jobs,
        )
    kept = posts.iloc[comparison.kept]
    choices = _choose(kept, comparison, asked, options) if picks else None
    try:
        _write(options, comparison, choices)
    finally:
        print(describe_run(options, kept) + "\n")
        print(format_scores(comparison.scores), flush=True)
        _print_differences(comparison.differences, asked)
        _print_ceilings(comparison.ceilings)
        if choices is not None:
            _print_choices(choices, asked, options)
        _tell_of_chance(comparison.scores)
        print_reasons(asked.reasons)
    warn_of_groups(options, kept)
    if groups is None:
        _warn_of_duplicates(kept["photo"].tolist(), comparison, options.n_jobs)


def _write(options, comparison, choices):
    told = {name: getattr(options, name) for name in MODEL}
    told |= {"folder": str(options.folder), "n_photos": len(comparison.kept)}
    told["differences"] = comparison.differences
    if choices is not None:
        told |= {"pick": options.pick, "choices": choices}
    write_table(options, comparison.scores, "scores", **told)


def _warn_of_duplicates(paths, comparison, n_jobs):
    pairs = near_duplicates(paths, n_jobs=n_jobs)
    pairs = straddling_pairs(pairs, comparison.partitions)
    if len(pairs):
        first, second = (Path(paths[i]).name for i in pairs[0])
        warn_caller(
            f"{len(pairs)} pair(s) of near-duplicate photos are in different folds, "
            f"such as {first} and {second}: the scores are too high. Pass --group with "
            "a column that keeps them together."
        )


def _choose(posts, comparison, asked, options):
    """How often the whole model picks the best photo of a group."""
    picks, clusters = posts[options.pick].astype(str), None
    if options.group is not None:
        clusters = posts[options.group].astype(str)
        if (clusters.groupby(picks).nunique() > 1).any():
            clusters = None
    shares = comparison.held_out[asked.name].shares
    return best_of_groups(posts[options.label], shares, picks, clusters=clusters)


def _print_choices(table, asked, options):
    columns = {
        f"{asked.name}, within {options.pick!r}": "{measure}",
        "rate": "{rate:.3f}",
        "chance": "{chance:.3f}",
        "gain, 95 % interval": "{gain:+.3f} ({low:+.3f} to {high:+.3f})",
        "groups": "{n_groups}",
    }
    print("\n" + format_table(table.to_dict("records"), columns))


def _print_differences(table, asked):
    """Each model instead of the whole one, which is chosen before scores are known."""
    columns = {
        f"instead of {asked.name}": "{model}",
        "difference": "{difference:+.3f}",
        "95 % interval": "{low:+.3f} to {high:+.3f}",
        "p (Holm)": "{p}",
    }
    small = table["p_value"] < 0.001
    table = table.assign(p=table["p_value"].map("{:.3f}".format).mask(small, "<0.001"))
    if len(asked.models) > 1:
        print("\n" + format_table(table.to_dict("records"), columns))


def _sources(posts, options):
    """Photos and users that occur more than once in the table."""
    photos = posts["photo"]
    # Rows repeated by mistake are equal, and a few of them would give a ceiling of 1.
    enough = photos[photos.duplicated()].nunique() >= _MIN_REPEATED
    known = {"photo": photos} if enough else {}
    return known if options.user is None else known | {"user": posts[options.user]}


def _print_ceilings(ceilings):
    """Highest correlation that any model of photos, or of users, can reach."""
    found = [
        f"{row.known} {row.spearman:.3f} ({row.low:.3f} to {row.high:.3f})"
        for row in ([] if ceilings is None else ceilings.itertuples())
        if row.low > 0 or row.high < 1  # else there is too little to tell
    ]
    if found:
        print(f"\nCeilings, by what a model knows: {', '.join(found)}")


def _tell_of_chance(table):
    """Print the kinds of features that are at chance; warn if all are."""
    at_chance = table["low"] <= 0
    if not at_chance.all():
        names = table.loc[at_chance, "model"]
        print_chance([name for name in names if name != "constant"])
        return
    warn_caller(
        "no kind of feature is reliably better than chance: all intervals contain 0, "
        "or lie below it. Use more photos or other features"
    )
