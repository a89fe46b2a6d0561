"""`sklearn-popularity explain`: why a model gives a photo its score."""

import gc

from .._terminal import escape
from ..inspection import explain_figure, explain_page, write_page
from ._fitted import read_fitted
from ._options import add_model, add_output, describe, option, photo_path
from ._output import check_output, say
from ._posts import post_like
from ._tables import warn_of_model


def add(command):
    describe(
        command,
        _explain,
        "Write an HTML page, or a figure, with the heatmap of a photo, its predicted "
        "score and percentile, and the three strongest reasons for and against it, in "
        "units of the score. Needs the extra `report`.",
        example="sklearn-popularity explain model.skops photo.jpg -o why.html",
    )
    add_model(command)
    option(command, "photo", "PHOTO", "photo to explain", type=photo_path)
    add_output(command, "file to write: .html, or .png", required=True)


def _explain(options):
    check_output(options.output, [".html", ".png"], options.photo)
    if options.photo.is_dir():
        raise ValueError(
            f"Got the folder {str(options.photo)!r}, but one photo was expected."
        )
    if not options.photo.exists():
        raise FileNotFoundError(f"There is no {options.photo}.")
    # Garbage collection of what imports have created took a tenth of the time.
    gc.freeze()
    model, learned, training = read_fitted(options.model)
    learned.photo = options.photo_column or learned.photo
    told = (model, post_like(learned, options.photo), training)
    say("Looking at the regions of the photo ...")
    if options.output.suffix == ".html":
        write_page(options.output, explain_page(*told, learned.constant))
    else:
        explain_figure(*told, options.output, learned.constant)
    name = escape(options.photo.name)
    print(f"{options.output}: explanation of the score of {name}")
    warn_of_model(training["interval"][0], learned.constant)
