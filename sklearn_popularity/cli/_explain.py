"""`sklearn-popularity explain`: why a model gives a photo its score."""

import gc
import os

from .._optional import import_optional
from .._paths import expand_home
from ..inspection import explain_figure, explain_page, write_page
from ._fitted import read_fitted
from ._options import add_model, add_output, describe, option
from ._output import check_output, say
from ._tables import warn_of_chance


def add(command):
    describe(
        command,
        _explain,
        "Write a page, or a figure, with the heatmap of a photo, its predicted score "
        "and percentile, and the three strongest reasons for and against it, in units "
        "of the score. Needs the extra `report`.",
        example="sklearn-popularity explain model.skops photo.jpg -o why.html",
    )
    add_model(command)
    option(command, "photo", "PHOTO", "photo to explain", type=expand_home)
    add_output(command, "file to write: .html, or .png", required=True)


def _explain(options):
    check_output(options.output, [".html", ".png"], options.photo)
    if options.output.suffix == ".html":
        import_optional("jinja2", "A page")
    else:
        import_optional("matplotlib", "A figure")
    if not options.photo.exists():
        raise FileNotFoundError(f"There is no {options.photo}.")
    # What imports have made is no garbage: to look through it took a tenth of the time.
    gc.freeze()
    # For the few photos of a map, threads of a network that spin while they wait take
    # many times the work, where others use the cores too. Read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    model, _, training = read_fitted(options.model)
    told = (model, str(options.photo), training)
    say("Looking at the regions of the photo ...")
    if options.output.suffix == ".html":
        write_page(options.output, explain_page(*told))
    else:
        explain_figure(*told, options.output)
    print(f"{options.output}: why {options.photo.name} has its score")
    warn_of_chance(training["interval"][0])
