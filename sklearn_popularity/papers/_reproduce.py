"""Reproduce all tables and claims of a paper on given posts."""

import warnings
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from .._files import whole_file
from .._notebook import paragraph, table
from ..models import DeadSensesWarning
from . import cappallo2015, dufour2015, khosla2014, lafin, memorability2018
from ._claims import claims_as_markdown, judge
from ._lines import as_markdown, lines_of
from ._parts import choose

PAPERS = {
    "khosla2014": khosla2014,
    "cappallo2015": cappallo2015,
    "memorability2018": memorability2018,
    "lafin": lafin,
    "dufour2015": dufour2015,
}


@dataclass(frozen=True)
class Reproduction:
    """Tables and verdicts of a paper, see :func:`reproduce`.

    Parameters
    ----------
    paper : str
        Name of the paper.
    title : str
        Authors, year and title.
    posts : str
        Name of the posts and of their score.
    tables : DataFrame
        A row per figure, with the columns table, row, column, published, reproduced,
        low, high (95 % interval), pearson and note.
    claims : DataFrame
        A row per claim, with the columns claim, where, verdict, effect, low, high,
        p_value, n and note.
    stand_ins : dict of str to str
        Networks that replaced others, by name of the replaced network.
    """

    paper: str
    title: str
    posts: str
    tables: pd.DataFrame = field(repr=False)
    claims: pd.DataFrame = field(repr=False)
    stand_ins: dict[str, str] = field(default_factory=dict)

    def to_markdown(self) -> str:
        """The tables and the verdicts as Markdown."""
        told = [f"{new} for {old}" for old, new in self.stand_ins.items()]
        note = f"\n\nStand-ins: {', '.join(told)}." if told else ""
        return (
            f"## {self.title}\n\n{self.posts}.{note}\n\n"
            f"{as_markdown(self.tables)}\n### Claims\n\n"
            f"{claims_as_markdown(self.claims)}"
        )

    def write(self, folder):
        """Write `<paper>.md`, `<paper>_tables.csv` and `<paper>_claims.csv`.

        Parameters
        ----------
        folder : path
            Folder, which is created if it does not exist.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        texts = {
            f"{self.paper}.md": self.to_markdown(),
            f"{self.paper}_tables.csv": self.tables.to_csv(index=False),
            f"{self.paper}_claims.csv": self.claims.to_csv(index=False),
        }
        for name, text in texts.items():
            with whole_file(folder / name) as unfinished:
                unfinished.write_text(text, encoding="utf-8")

    def _repr_html_(self):
        return (
            paragraph(f"{self.title}. {self.posts}")
            + table(self.tables, "Tables")
            + table(self.claims, "Claims")
        )


def reproduce(paper, experiments) -> Reproduction:
    """Compute all tables of a paper and judge its claims, on given posts.

    Parameters
    ----------
    paper : {"khosla2014", "cappallo2015", "memorability2018", "lafin", "dufour2015"}
        Name of the paper.
    experiments : Experiments
        Posts and models. Papers that share one describe the photos once.

    Returns
    -------
    reproduction : Reproduction
        Its `tables` and `claims`. A figure that cannot be computed is NaN, and its note
        says why.

    Raises
    ------
    ValueError
        If there is no such paper.

    See Also
    --------
    PaperPosts : The posts, and the roles of their columns.

    Notes
    -----
    The posts are not the paper's: compare the ranking of the rows, not the absolute
    values. Splits have the paper's shares, as five partitions into folds (two for the
    networks of Dufour), each of which is tested. Intervals are for models trained anew
    (:func:`~sklearn_popularity.spearman_interval`) on other groups or, without groups,
    on other users. A claim is judged by a paired difference, tested against 0 (against
    0.02 if the claim is that something adds nothing), with p-values adjusted over all
    claims of the paper.

    Examples
    --------
    >>> from sklearn_popularity.papers import Experiments, make_paper_posts, reproduce
    >>> posts = make_paper_posts(60, image_size=(48, 64))
    >>> found = reproduce("dufour2015", Experiments(posts, quick=True))
    >>> found.tables["table"].unique().tolist()[:2]
    ['Table 1: popularity metrics', 'Table 2: correlations of metrics']
    """
    room = choose(PAPERS, paper, "paper")
    experiments.paper = paper
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        # Searches try strong penalties, which leave few of ten senses.
        warnings.simplefilter("ignore", DeadSensesWarning)
        tables = [_make(each, experiments) for each in room.TABLES]
        verdicts = judge(room.claims(experiments))
    return Reproduction(
        paper,
        room.TITLE,
        f"Posts: {experiments.data.name}. Score: {experiments.data.label}",
        pd.concat(tables, ignore_index=True),
        verdicts,
        dict(experiments.stand_ins),
    )


def _make(table_of, experiments):
    """A table, or a line that says why there is none, so that others are computed."""
    try:
        return table_of(experiments)
    except ValueError as error:
        told = f"not testable: {str(error).splitlines()[0]}"
        return lines_of(table_of.__name__, [("all", "", None, None, told)])
