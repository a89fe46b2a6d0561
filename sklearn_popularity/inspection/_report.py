"""HTML report about how well a model ranks photos, and why."""

from dataclasses import dataclass, field
from numbers import Integral
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length

from .._columns import resolve_columns
from .._files import check_destination
from .._notebook import paragraph
from .._optional import import_optional
from .._sklearn_compat import HasMethods, Interval, validate_params
from ..evaluation import FittedModel, HeldOutPredictions
from ..metrics import SpearmanInterval
from ._report_data import read_data
from ._report_evidence import gather_evidence
from ._report_held_out import HeldOut
from ._report_html import write_page
from ._report_page import report_page
from ._sections import write_sections


@dataclass(frozen=True)
class PopularityReport:
    """Result of :func:`popularity_report`.

    Parameters
    ----------
    path : Path
        Path of the HTML file.
    score : SpearmanInterval
        Spearman's correlation of held-out predictions, with its confidence interval.
    predictions : ndarray of shape (n_posts,)
        Held-out predictions in the unit of y; NaN for posts that were left out.
    shares : ndarray of shape (n_posts,)
        Share of the fold's training photos with lower predictions, 0 to 1, which is
        comparable across folds and shown on the page; NaN for posts that were left out.
    tables : dict of str to DataFrame
        Numbers of each section, by name of the section.
    left_out : dict of str to str
        Reason for each section that was left out, by name of the section.
    """

    path: Path
    score: SpearmanInterval
    predictions: np.ndarray = field(repr=False)
    shares: np.ndarray = field(repr=False)
    tables: dict[str, pd.DataFrame] = field(repr=False)
    left_out: dict[str, str]

    def _repr_html_(self):
        # The page itself would add a megabyte to the notebook.
        score, low, high = self.score
        found = (
            f"Spearman {score:.3f} (95 % interval {low:.3f} to {high:.3f}) on held-out "
            "photos"
        )
        doubt = [] if low > 0 else ["This may be no better than chance."]
        place = f"The page: {self.path}"
        return "".join(map(paragraph, [found, *doubt, place]))


@validate_params(
    {
        "model": [HasMethods(["fit", "predict"]), FittedModel],
        "posts": [pd.DataFrame],
        "y": ["array-like"],
        "path": [str, PathLike],
        "photo": [str],
        "groups": [str, "array-like", None],
        "by": [str, "array-like", None],
        "time": [str, "array-like", None],
        "title": [str, None],
        "words": [str, None],
        "objects": [pd.DataFrame, None],
        "label": [str],
        "heading": [str],
        "notes": ["array-like"],
        "command": [str, None],
        "cv": ["cv_object"],
        "held_out": [HeldOut, HeldOutPredictions, None],
        "n_photos": [Interval(Integral, 1, None, closed="left")],
        "n_heatmaps": [Interval(Integral, 0, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def popularity_report(
    model,
    posts,
    y,
    path,
    *,
    photo="photo",
    groups=None,
    by=None,
    time=None,
    title=None,
    words=None,
    objects=None,
    label="score",
    heading="Popularity report",
    notes=(),
    command=None,
    cv=5,
    held_out=None,
    n_photos=24,
    n_heatmaps=3,
    n_jobs=None,
    random_state=0,
):
    """Cross-validate a model, and write an HTML report about it.

    The report is one file that contains the photos and needs no internet access.

    Parameters
    ----------
    model : estimator, or FittedModel
        Model to evaluate. An estimator is cloned, and each post is scored by a clone
        that was fitted on other posts. A pipeline that begins with image transformers
        gets the photos, any other model the DataFrame. A
        :class:`~sklearn_popularity.evaluation.FittedModel` of these posts is not
        fitted again.
    posts : DataFrame
        A row per post. Posts whose photo cannot be read, and those without a score,
        are left out and listed on the page.
    y : array-like of shape (n_posts,)
        Scores; NaN if unknown.
    path : path
        File to write (.html); an existing file is replaced when the page is complete.
    photo : str, default="photo"
        Column of photos: paths, arrays, PIL images or encoded bytes.
    groups : str or array-like of shape (n_posts,), default=None
        Column, or labels, of users, themes or near-duplicates that stay together in
        all folds and in the intervals; None treats posts as independent.
    by : str or array-like of shape (n_posts,), default=None
        Column, or labels, of groups to check for over- and underrating; None is
        `groups`.
    time : str or array-like of shape (n_posts,), default=None
        Column of posting times, or times. The page then shows score and bias per
        period, and the score of the last fifth of the posts by a model of the earlier
        ones. None leaves this section out.
    title : str, default=None
        Column with names of posts for the page; None takes the file names.
    words : str, default=None
        Column of labels, tags or titles whose words describe latent senses; or None.
    objects : DataFrame of shape (n_posts, n_objects), default=None
        Probability of each object, with a named column per object, as for
        :func:`object_importance`; None leaves this section out.
    label : str, default="score"
        Name of `y` on the page.
    heading : str, default="Popularity report"
        Title of the page.
    notes : sequence of str, default=()
        Sentences about the data that the page shows.
    command : str, default=None
        Command that reproduces the page; None describes the call.
    cv : int or cross-validation splitter, default=5
        Number of folds, or a splitter. With an int, posts are shuffled, or groups are
        kept together by :class:`~sklearn.model_selection.GroupKFold`.
    held_out : HeldOutPredictions, default=None
        Held-out predictions for the posts, such as those of a model file. If given,
        nothing is fitted, and `model` is the fitted model that they belong to.
    n_photos : int, default=24
        Number of photos per quadrant of the gallery, the clearest. The gallery also
        shows the photos with the highest and lowest true and predicted scores, and
        those with the largest errors.
    n_heatmaps : int, default=3
        Number of heatmaps of the highest predictions, and of the lowest.
    n_jobs : int, default=None
        Number of worker processes: None is one, -1 one per core.
    random_state : int, RandomState instance or None, default=0
        Seed of the permutations.

    Returns
    -------
    report : PopularityReport

    Raises
    ------
    ValueError
        If `path` does not end in .html, a column is missing, fewer than two photos
        can be read, or there are too few rows or groups for the folds.
    OSError
        If the file cannot be written.
    ImportError
        If jinja2 is missing (extra ``report``).

    Warns
    -----
    UnreadablePhotosWarning
        If photos cannot be read.

    See Also
    --------
    compare_features : Scores of several kinds of features.
    sklearn_popularity.inspection.explain_photo : Explanation of one photo.

    Notes
    -----
    Image transformers at the start of a pipeline, or of the branches of a late fusion,
    do not use scores and are fitted once, on all photos; everything else is fitted
    within training folds. Heatmaps and senses are from a model fitted on all posts; no
    score is. Pass a `cache` to image transformers elsewhere in the model, which are
    fitted in each fold.

    The importance of a branch is the fall of the correlation when its outputs are
    permuted within each test fold, which keeps differences between folds.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn.linear_model import RidgeCV
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_popularity import ColorHistogram, make_popularity
    >>> from sklearn_popularity import popularity_report
    >>> posts, truth = make_popularity(60, image_size=(48, 64), random_state=0)
    >>> model = make_pipeline(ColorHistogram(), RidgeCV())
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "report.html"
    ...     report = popularity_report(model, posts, posts["score"], path)
    ...     print(path.read_text(encoding="utf-8")[:15], "senses" in report.left_out)
    <!DOCTYPE html> True
    """
    path = Path(path)
    check_destination(path, [".html"], f"path={str(path)!r}")
    import_optional("jinja2", "A report")
    _check_columns(posts, [photo, title, words], objects)
    by = groups if by is None else by
    data = read_data(
        posts, y, photo, groups=groups, by=by, time=time, title=title, n_jobs=n_jobs
    )
    evidence = gather_evidence(
        model,
        data,
        cv=cv,
        held_out=held_out,
        words=words,
        objects=None if objects is None else objects.iloc[data.kept],
        n_photos=n_photos,
        n_heatmaps=n_heatmaps,
        n_jobs=n_jobs,
        random_state=random_state,
    )
    sections, left_out = write_sections(evidence)
    page = report_page(
        data,
        sections,
        left_out,
        model,
        heading=heading,
        label=label,
        notes=list(notes),
        grouped_by=_called(groups, "groups"),
        kinds=_called(by, "group"),
        command=command,
        random_state=repr(random_state),
    )
    write_page(path, page)
    predictions, shares = np.full((2, len(posts)), np.nan)
    predictions[data.kept] = evidence.held_out.model.raw[:, 0]
    shares[data.kept] = evidence.predicted
    tables = {name: section.table for name, section in sections.items()}
    return PopularityReport(path, evidence.score, predictions, shares, tables, left_out)


def _check_columns(posts, columns, objects):
    for column in columns:
        if column is not None:
            resolve_columns(posts, column, "report")
    check_consistent_length(posts, objects)
    if objects is not None and not objects.columns.is_unique:
        twice = objects.columns[objects.columns.duplicated()][0]
        raise ValueError(
            f"Got objects with several columns {twice!r}, but unique names were "
            "expected."
        )


def _called(labels, otherwise):
    return labels if isinstance(labels, str) else otherwise
