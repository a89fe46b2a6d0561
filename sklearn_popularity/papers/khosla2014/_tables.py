"""Tables 1, 2 and 3 and figure 3, published and reproduced, and the paper's claims.

There are ten random halves: five partitions, of which both halves are tested. C of each
linear SVR is chosen in five inner folds, by rows as in the paper.
"""

from functools import partial
from typing import Any

import pandas as pd

from ...features import ColorStatistics
from ...inspection import cue_correlations
from .._claims import OURS, Claim, Evidence
from .._lines import Figure, lines_of
from .._posts import NotTestableError
from .._trial import PAIRED, figure_of
from ._settings import CUES, MEAN_VIEWS, SETTINGS, setting_of
from ._trials import MEASURES, best_kind, best_of, mean_views, trials_of

_TITLES = {
    "gist": "Gist",
    "color_histogram": "Color histogram",
    "texture": "Texture",
    "color_patches": "Color patches",
    "gradient": "Gradient",
    "deep": "Deep learning",
    "objects": "Objects",
    "combined": "Combined",
}


def _by_setting(columns, *rows):
    """Figures by setting and column."""
    figures = [dict(zip(columns, row, strict=True)) for row in rows]
    return dict(zip(SETTINGS, figures, strict=True))


_TABLE_1 = _by_setting(
    _TITLES.values(),
    (0.07, 0.12, 0.20, 0.23, 0.26, 0.28, 0.23, 0.31),
    (0.13, 0.15, 0.22, 0.29, 0.32, 0.33, 0.30, 0.36),
    (0.16, 0.23, 0.32, 0.36, 0.34, 0.26, 0.33, 0.40),
)
_TABLE_2 = _by_setting(
    [*CUES, "All"],
    (0.75, 0.07, 0.46, 0.27, 0.27, -0.08, 0.22, 0.52, 0.21, 0.45, 0.77),
    (0.62, -0.05, 0.26, 0.24, 0.06, -0.01, 0.07, 0.40, 0.29, 0.35, 0.66),
    (*[None] * 7, 0.19, 0.16, 0.19, 0.21),
)
_TABLE_3 = _by_setting(
    ["Content", "Social", "Both"],
    (0.31, 0.77, 0.81),
    (0.36, 0.66, 0.72),
    (0.40, 0.21, 0.48),
)
#: Figures by table, setting and column.
PUBLISHED: dict[str, Any] = {
    "Table 1": _TABLE_1,
    "Table 2": _TABLE_2,
    "Table 3": _TABLE_3,
    "Figure 3": {"mean_saturation": "0.05 (absolute, the largest)"},
}


def figure_3(experiments) -> pd.DataFrame:
    """Correlations of simple image features with the score, over all posts.

    Parameters
    ----------
    experiments : Experiments
        Posts and models, as for the other tables.

    Returns
    -------
    lines : DataFrame
        A row per figure: table, row, column, published, reproduced, low, high (95 %
        interval), pearson and note.
    """
    names = ColorStatistics().get_feature_names_out()
    found, note = {}, ""
    try:
        simple = ColorStatistics().set_params(**experiments.settings)
        values = simple.fit_transform(experiments.photos())
        table = cue_correlations(
            pd.DataFrame(values, columns=names),
            experiments.data.y,
            groups=experiments.data.clusters,
        )
        found = {
            row.cue: Figure(row.spearman, row.low, row.high, row.pearson)
            for row in table.itertuples()
        }
    except NotTestableError as error:
        note = f"not testable: {error}"
    published = PUBLISHED["Figure 3"]
    return lines_of(
        "Figure 3: simple image features",
        [
            (name, "correlation", published.get(name), found.get(name), note)
            for name in names
        ],
    )


def table_1(experiments) -> pd.DataFrame:
    """Image content: each kind of feature alone, and their late fusion.

    Parameters
    ----------
    experiments : Experiments
        As in :func:`figure_3`.

    Returns
    -------
    lines : DataFrame
        As in :func:`figure_3`.
    """
    titles = dict(_TITLES)
    if experiments.data.content:
        titles[MEASURES] = "Columns given"

    def rows(setting):
        for key, title in titles.items():
            figure = partial(_score, experiments, setting, key)
            published = PUBLISHED["Table 1"][setting].get(title)
            yield title, setting, published, figure, _note(experiments, setting)
        gain = partial(_gain_over_best, experiments, setting)
        yield "gain over best", setting, None, gain, PAIRED

    return lines_of("Table 1: image content", _in_all(rows))


def table_2(experiments) -> pd.DataFrame:
    """Social cues: each alone, and a linear SVR of all.

    Parameters
    ----------
    experiments : Experiments
        As in :func:`figure_3`.

    Returns
    -------
    lines : DataFrame
        As in :func:`figure_3`.
    """

    def rows(setting):
        for name, published in PUBLISHED["Table 2"][setting].items():
            if name == "All" or published is not None:
                figure = partial(_cue, experiments, setting, name)
                yield name, setting, published, figure, _note(experiments, setting)

    return lines_of("Table 2: social cues", _in_all(rows))


def table_3(experiments) -> pd.DataFrame:
    """Content, social cues, and late fusion of both.

    Parameters
    ----------
    experiments : Experiments
        As in :func:`figure_3`.

    Returns
    -------
    lines : DataFrame
        As in :func:`figure_3`.
    """
    keys = {"Content": "combined", "Social": "social", "Both": "both"}

    def rows(setting):
        for name, published in PUBLISHED["Table 3"][setting].items():
            figure = partial(_score, experiments, setting, keys[name])
            yield name, setting, published, figure, _note(experiments, setting)
        for name in ("Content", "Social"):
            gain = partial(_gain, experiments, setting, "both", keys[name])
            yield f"gain over {name.lower()}", setting, None, gain, PAIRED

    return lines_of("Table 3: content and social", _in_all(rows))


def _in_all(rows):
    return [row for setting in SETTINGS for row in rows(setting)]


def _note(experiments, setting):
    try:
        return setting_of(experiments, setting).note
    except NotTestableError:
        return ""


def _score(experiments, setting, key):
    setting = setting_of(experiments, setting)
    return setting.figure(trials_of(setting, key))


def _cue(experiments, setting, name):
    setting = setting_of(experiments, setting)
    if name == "All":
        return setting.figure(trials_of(setting, "social"))
    if name not in setting.cues:
        raise NotTestableError(f"no column of {CUES[name]}")
    if name == MEAN_VIEWS:
        return setting.figure(mean_views(setting))
    return setting.cue(name)


def _gain(experiments, setting, key, other):
    setting = setting_of(experiments, setting)
    trials = [trials_of(setting, each) for each in (key, other)]
    return figure_of(setting.gain(*trials))


def _gain_over_best(experiments, setting):
    setting = setting_of(experiments, setting)
    combined = trials_of(setting, "combined")
    return figure_of(setting.gain(combined, best_kind(setting)[1]))


def claims(experiments) -> list[Claim]:
    """Claims of the paper, to be judged on the given posts.

    Parameters
    ----------
    experiments : Experiments
        Posts and models.

    Returns
    -------
    claims : list of Claim
        For `judge`; nothing is computed yet.
    """
    made = []
    for setting in SETTINGS:
        add = partial(_claim, experiments, setting)
        made += [
            add(
                "kinds of features combined beat the best one",
                "Table 1",
                _combining,
                is_best_of=True,
            ),
            add(
                "content with social cues beats the better of both",
                "6.1",
                _fusing,
                is_best_of=True,
            ),
        ]
        statement, sign = "social cues beat content", 1
        if setting == "user-specific":
            statement, sign = "content beats social cues", -1
        made.append(add(statement, "5", partial(_social_against, sign)))
    for setting in SETTINGS[:2]:
        statement = "all cues together beat mean views alone"
        made.append(_claim(experiments, setting, statement, OURS, _beyond_history))
    return made


def _claim(experiments, setting, statement, where, measure, *, is_best_of=False):
    def evidence():
        return measure(setting_of(experiments, setting))

    statement = f"{statement}, {setting}"
    return Claim(statement, where, evidence, is_best_of=is_best_of)


def _combining(setting):
    combined = trials_of(setting, "combined")
    name, best = best_kind(setting)
    title = _TITLES.get(name, "the columns given")
    return _evidence(setting, ("combined", combined), (title, best))


def _fusing(setting):
    both = trials_of(setting, "both")
    name, best = best_of(setting, ("combined", "social"))
    named = {"combined": "content", "social": "social cues"}[name]
    return _evidence(setting, ("both", both), (named, best))


def _social_against(sign, setting):
    pair = [
        ("social cues", trials_of(setting, "social")),
        ("content", trials_of(setting, "combined")),
    ]
    return _evidence(setting, *pair[::sign])


def _beyond_history(setting):
    if MEAN_VIEWS not in setting.cues:
        raise NotTestableError(f"no column of {CUES[MEAN_VIEWS]}")
    pair = ("all", trials_of(setting, "social")), (MEAN_VIEWS, mean_views(setting))
    return _evidence(setting, *pair)


def _evidence(setting, one, other):
    """The difference of two scores, and both."""
    told = [
        f"{name} {setting.figure(trials).value:.3f}" for name, trials in (one, other)
    ]
    effect = setting.gain(one[1], other[1])
    return Evidence(effect, setting.n, " against ".join(told))


#: Functions of the tables, in the paper's order.
TABLES = (figure_3, table_1, table_2, table_3)
TITLE = "Khosla, Das Sarma and Hamid 2014: what makes an image popular?"
