"""`sklearn-popularity fit`: fit a model on a folder of photos."""

from ._fitted import fit_posts, write_fitted
from ._model import add_context, columns_of, compose, texts_of
from ._options import add_folder, add_output, add_work, describe
from ._output import check_output, open_cache
from ._posts import read_posts, warn_of_groups
from ._steps import comparing, describing, shown
from ._tables import (
    describe_run,
    format_found,
    format_size,
    print_chance,
    print_reasons,
    warn_of_model,
)


def add(command):
    describe(
        command,
        _fit,
        "Fit the model that `evaluate` shows last before the constant, and write it to "
        "a file for `rank`, `compare`, `explain` and `report`. Prints its "
        "cross-validated rank correlation (Spearman), with a confidence interval for "
        "models trained on other photos.",
        example="sklearn-popularity fit my/photos --label score --group user "
        "-o model.skops",
    )
    add_folder(command)
    add_context(command)
    add_output(command, "file to write (.skops)", required=True)
    add_work(command)


def _fit(options):
    check_output(options.output, [".skops"])
    posts, groups = read_posts(options, columns_of(options), texts_of(options))
    asked = compose(options, posts, open_cache(options.cache))
    with shown([*describing(asked.whole), *comparing(1, options.repeats)]):
        fitted = fit_posts(asked, options, posts, groups)
    try:
        write_fitted(options, posts, groups, fitted)
    finally:
        kept = posts.iloc[fitted.whole.kept]
        print(f"{describe_run(options, kept)}\n{format_found(*fitted.found)}")
        branches = getattr(fitted.whole.model, "branch_scores_", {})
        print_chance([name for name, one in branches.items() if one.at_chance])
        print_reasons(asked.reasons)
    print(f"{options.output}: {format_size(options.output.stat().st_size)}")
    warn_of_model(fitted.found.low, fitted.constant)
    warn_of_groups(options, posts)
