"""`sklearn-popularity explain`: why a model gives a photo its score."""

from .._optional import import_optional
from .._paths import expand_home
from ..inspection import explain_figure, explain_page, write_page
from ._output import check_output, say
from ._rank import add_model, read_fitted
from ._tables import warn_of_chance


def add(commands):
    command = commands.add_parser(
        "explain",
        help="write why a model gives a photo its score",
        description="Write a page, or a figure, with the heatmap of a photo, its "
        "predicted score and percentile, and the three strongest reasons for and "
        "against it, in units of the score. Needs the extra `report`.",
    )
    add_model(command)
    command.add_argument(
        "photo", type=expand_home, metavar="PHOTO", help="photo to explain"
    )
    command.add_argument(
        "-o",
        "--output",
        type=expand_home,
        required=True,
        metavar="PATH",
        help="file to write: .html, or .png",
    )
    command.set_defaults(run=_explain)


def _explain(options):
    check_output(options.output, [".html", ".png"], options.photo)
    if options.output.suffix == ".html":
        import_optional("jinja2", "A page")
    else:
        import_optional("matplotlib", "A figure")
    if not options.photo.exists():
        raise FileNotFoundError(f"There is no {options.photo}.")
    training, model = read_fitted(options.model)
    told = (model, str(options.photo), training)
    say("Looking at the regions of the photo ...")
    if options.output.suffix == ".html":
        write_page(options.output, explain_page(*told))
    else:
        explain_figure(*told, options.output)
    print(f"{options.output}: why {options.photo.name} has its score")
    warn_of_chance(training["interval"][0])
