"""Old names of parameters are refused, and everything else is as before."""

import copy
import inspect
import pickle

import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import ParameterGrid
from sklearn.pipeline import Pipeline

from sklearn_popularity import evaluation
from sklearn_popularity._moved import MovedAttributesMixin, MovedParametersMixin


class Thing(MovedParametersMixin, MovedAttributesMixin, BaseEstimator):
    _moved = {"size": "shape=Shape(size=...)"}  # noqa: RUF012

    _moved_attributes = {"width_": "shape_"}  # noqa: RUF012

    def __init__(self, *, shape=None):
        self.shape = shape


MESSAGE = r"Thing has no parameter 'size' any more. Pass shape=Shape\(size=...\)\."


@pytest.mark.parametrize(
    ("use", "kind"),
    [
        (lambda: Thing(size=3), TypeError),
        (lambda: Thing(shape=1, size=3), TypeError),
        (lambda: Thing().set_params(size=3), ValueError),
        (lambda: Pipeline([("thing", Thing())]).set_params(thing__size=3), ValueError),
    ],
)
def test_old_names_are_refused(use, kind):
    with pytest.raises(kind, match=MESSAGE):
        use()


def test_unknown_names_are_refused_as_ever():
    with pytest.raises(TypeError, match="unexpected keyword argument 'depth'"):
        Thing(depth=3)
    with pytest.raises(ValueError, match="Invalid parameter 'depth'"):
        Thing().set_params(depth=3)


@pytest.mark.parametrize(
    "copied",
    [clone, copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))],
    ids=["clone", "deepcopy", "pickle"],
)
def test_estimators_are_copied_as_ever(copied):
    [params] = ParameterGrid({"shape": [7]})
    assert copied(Thing().set_params(**params)).get_params() == {"shape": 7}
    assert list(inspect.signature(Thing).parameters) == ["shape"]


def test_old_attributes_are_refused():
    thing = Thing()
    assert not hasattr(thing, "width_")
    with pytest.raises(AttributeError, match=r"no attribute .width_. any more\. Use"):
        thing.width_  # noqa: B018
    with pytest.raises(AttributeError, match=r"'Thing' .* no attribute 'depth_'$"):
        thing.depth_  # noqa: B018


@pytest.mark.parametrize("name", ["fit_features", "social_cues", "ContextFeature"])
def test_moved_functions_say_where(name):
    with pytest.raises(ImportError, match=rf"no attribute '{name}' any more\. Use "):
        getattr(evaluation, name)
    assert name not in dir(evaluation)
    with pytest.raises(AttributeError, match=r"no attribute 'nothing'$"):
        evaluation.nothing  # noqa: B018
