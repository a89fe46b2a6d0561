"""`sklearn-popularity explain`: why a model gives a photo its score."""

from pathlib import Path

from ..inspection._explain_page import explain_figure, explain_page
from ..inspection._report_html import write_page
from ..models import read_model_card
from ._output import check_output
from ._rank import read_fitted


def add(commands):
    command = commands.add_parser(
        "explain",
        help="write why a model gives a photo its score",
        description="Write a page, or a figure, with the heatmap of a photo, its "
        "predicted score and percentile, and the three strongest reasons for and "
        "against it, in units of the score. Needs the extra `report`.",
    )
    command.add_argument("model", type=Path, help="file that `fit` wrote (.skops)")
    command.add_argument("photo", type=Path, metavar="PHOTO", help="photo to explain")
    command.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="PATH",
        help="file to write: .html, or .png",
    )
    command.set_defaults(run=_explain)


def _explain(options):
    check_output(options.output, [".html", ".png"])
    quantiles, model = read_fitted(options.model)
    training = read_model_card(options.model)["training"]
    told = (model, str(options.photo), quantiles, training["label"])
    if options.output.suffix == ".html":
        write_page(options.output, explain_page(*told))
    else:
        explain_figure(*told, options.output)
    print(f"{options.output}: why {options.photo.name} has its score")
