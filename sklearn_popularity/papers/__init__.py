"""The papers, a subpackage each: models, splits, tables and claims."""

from . import cappallo2015, dufour2015, khosla2014, lafin, memorability2018
from ._experiments import Experiments

# Names imported as themselves are for other subpackages, not for users.
from ._photo_models import Block as Block
from ._photo_models import describe_block as describe_block
from ._photo_models import network_named as network_named
from ._photo_models import networks_at_hand as networks_at_hand
from ._posts import ROLES as ROLES
from ._posts import PaperPosts, make_paper_posts
from ._recommended import Recommendation, recommended
from ._reproduce import PAPERS as PAPERS
from ._reproduce import Reproduction, reproduce

__all__ = [
    "Experiments",
    "PaperPosts",
    "Recommendation",
    "Reproduction",
    "cappallo2015",
    "dufour2015",
    "khosla2014",
    "lafin",
    "make_paper_posts",
    "memorability2018",
    "recommended",
    "reproduce",
]
