"""Effects of objects, with confidence intervals."""

import numpy as np

from .._effects import both_ends, effects_of_columns
from .._report_evidence import Section

TITLE = "Objects"
_LIKELY = 0.5  # probability above which a photo shows an object
_FEWEST = 5  # photos that show an object


def write(evidence) -> Section | str:
    """Effects of objects in a linear model of objects alone."""
    if evidence.objects is None:
        return "No probabilities of objects in the photos were given."
    shown_in = (evidence.objects > _LIKELY).sum()
    seen = evidence.objects.loc[:, shown_in >= _FEWEST]
    if not seen.shape[1]:
        return (
            f"No object has a probability above {_LIKELY} in {_FEWEST} photos or more."
        )
    table = effects_of_columns(
        seen.to_numpy(np.float64), evidence.y, clusters=evidence.clusters
    )
    table.insert(0, "object", list(seen))
    table["n_photos"] = shown_in[list(seen)].to_numpy()
    table = table.sort_values("effect", ascending=False, ignore_index=True)
    shown = both_ends(table)
    if not shown["raising"] and not shown["lowering"]:
        return (
            f"None of the {len(table)} objects in the photos has an effect whose "
            "interval excludes 0."
        )
    for row in shown["raising"] + shown["lowering"]:
        likely = np.argmax(evidence.objects[row["object"]].to_numpy())
        row["picture"] = evidence.picture(likely)
    return Section(table, shown | {"n_tested": len(table)})
