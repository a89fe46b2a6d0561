"""How the site is built: ``sphinx-build -W -b html docs docs/_build/html``."""

import importlib
import inspect
import sys
from pathlib import Path

from docutils import nodes
from sphinx.pycode import ModuleAnalyzer

import sklearn_popularity

HERE = Path(__file__).parent
PACKAGE = "sklearn_popularity"

project = "sklearn-popularity"
author = "the sklearn-popularity developers"
copyright = f"2026, {author}"
version = release = sklearn_popularity.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "examples", "gallery/**/*.ipynb", "gallery/**/*.py"]
templates_path = ["_templates"]
smartquotes = False
default_role = "literal"
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(joblib|numpy|pandas|skops)\..*")]
toc_object_entries_show_parents = "hide"

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
autodoc_typehints = "none"
autosummary_generate = True
autosummary_context = {"own_methods": {}}
numpydoc_show_class_members = False

html_theme = "pydata_sphinx_theme"
html_title = project
pages = [*HERE.glob("*.md"), *HERE.glob("questions/*.md")]
html_sidebars = {str(p.relative_to(HERE).with_suffix("")): [] for p in pages}
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "header_links_before_dropdown": 5,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "subsection_order": ["examples/features", "examples/papers", "examples/inspection"],
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "min_reported_time": 1,
    "reference_url": {PACKAGE: None},
    "doc_module": (PACKAGE,),
    "backreferences_dir": "gallery/backreferences",
}

ROOMS = [
    "images",
    "networks",
    "features",
    "context",
    "models",
    "metrics",
    "evaluation",
    "inspection",
    "datasets",
    "papers",
]
API_PAGE = """\
{title}
{rule}

.. module:: {module}

{text}

.. currentmodule:: {package}

.. autosummary::
   :toctree: generated
   :nosignatures:

{names}
"""
# Names that the site links to without asking another site for its inventory.
ELSEWHERE = {
    "sklearn": "https://scikit-learn.org/stable/modules/generated/{}.html",
    "scipy": "https://docs.scipy.org/doc/scipy/reference/generated/{}.html",
}
public_names = {}


def setup(app):
    write_api_pages(HERE / "api")
    app.connect("autodoc-process-docstring", describe_data)
    app.connect("missing-reference", link_to_room)
    app.connect("missing-reference", link_elsewhere)


def write_api_pages(folder):
    """Write a list of public names per room, of which autosummary makes the pages."""
    folder.mkdir(exist_ok=True)
    rooms = "".join(f"   {room}\n" for room in ROOMS)
    index = f"API\n===\n\n.. toctree::\n\n{rooms}"
    (folder / "index.rst").write_text(index, encoding="utf-8")
    for room in ROOMS:
        (folder / f"{room}.rst").write_text(api_page(room), encoding="utf-8")


def api_page(room):
    module = importlib.import_module(f"{PACKAGE}.{room}")
    for name in module.__all__:
        at_top = name in sklearn_popularity.__all__
        public_names[name] = name if at_top else f"{room}.{name}"
        note_methods(public_names[name], getattr(module, name))
    return API_PAGE.format(
        title=room.capitalize(),
        rule="=" * len(room),
        module=module.__name__,
        text=inspect.getdoc(module),
        package=PACKAGE,
        names="\n".join(f"   {public_names[name]}" for name in module.__all__),
    )


def note_methods(name, public):
    """Note the public methods that a class has from this package."""
    if inspect.isclass(public):
        autosummary_context["own_methods"][f"{PACKAGE}.{name}"] = [
            method
            for method, value in inspect.getmembers(public, inspect.isfunction)
            if not method.startswith("_") and value.__module__.startswith(PACKAGE)
        ]


def describe_data(app, what, name, value, options, lines):
    """Take the text about data from the comment above them."""
    if what != "data":
        return
    short = name.rpartition(".")[2]
    for module_name in [each for each in sys.modules if each.startswith(PACKAGE)]:
        if getattr(sys.modules[module_name], short, None) is value:
            comments = ModuleAnalyzer.for_module(module_name).find_attr_docs()
            lines[:] = comments.get(("", short), lines)


def link_to_room(app, env, node, content):
    """Find a public name that is written without its room."""
    short = node.get("reftarget", "").rpartition(".")[2]
    if node.get("refdomain") != "py" or short not in public_names:
        return None
    target = f"{PACKAGE}.{public_names[short]}"
    source = node.get("refdoc", env.docname)
    domain = env.get_domain("py")
    return domain.resolve_xref(env, source, app.builder, "obj", target, node, content)


def link_elsewhere(app, env, node, content):
    """Link names of scikit-learn and SciPy to the pages of their sites."""
    target = node.get("reftarget", "")
    address = ELSEWHERE.get(target.split(".")[0])
    if address is None:
        return None
    link = nodes.reference("", "", internal=False, refuri=address.format(target))
    link += content
    return link
