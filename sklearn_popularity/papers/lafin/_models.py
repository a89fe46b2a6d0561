"""The compositions of the paper."""

from typing import NamedTuple

from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline

from ...context import TagEmbedder, ZeroShotTagger
from ...models import MultiBranchMLPClassifier
from .. import memorability2018
from .._parts import choose, input_branches

#: Rows of table 1, in its order.
TABLE_1 = [
    ("cnn",),
    ("caption",),
    ("tags",),
    ("generated_tags",),
    ("cnn", "caption"),
    ("cnn", "generated_tags"),
    ("cnn", "tags"),
    ("cnn", "caption", "tags"),
]
#: What the inputs are made of: VGG16 before its classes and CLIP, and columns of text.
INPUTS = ("cnn", "caption", "tags", "titles", "generated_tags")
_UNITS = 256


def interestingness(
    inputs=("cnn", "caption", "tags"),
    *,
    balanced=True,
    vectors=None,
    vocabulary=None,
    photo="photo",
    tags="tags",
    title="title",
    separator=",",
    networks=None,
    random_state=0,
    **settings,
):
    """A row of table 1: branches for the inputs, and the probability of interest.

    Parameters
    ----------
    inputs : sequence of {"cnn", "caption", "tags", "titles", "generated_tags"}, \
            default=("cnn", "caption", "tags")
        What the perceptron reads, a branch each; `TABLE_1` lists the paper's. "titles"
        were tried, and were worse than tags (section IV).
    balanced : bool, default=True
        Whether branches have layers, the last as wide as the narrowest input. False is
        the plain concatenation, which did worse (section III-B).
    vectors : dict, path or callable, default=None
        Vectors of words for "tags", "titles" and "generated_tags", as `TagEmbedder`
        takes them; word2vec, 300 numbers, in the paper.
    vocabulary : dict or path, default=None
        Words and their embeddings in the space of "caption", for "generated_tags", as
        `ZeroShotTagger` takes them.
    photo, tags, title : str, default="photo", "tags", "title"
        Columns of posts.
    separator : str or None, default=","
        What separates tags that are given as text; None takes words.
    networks : dict of str to transformer, default=None
        Other transformers of photos for "cnn" and "caption".
    random_state : int, default=0
        Seed of the perceptron.
    **settings
        Parameters of the transformers of photos, such as `n_jobs` and `cache`.

    Returns
    -------
    model : Pipeline
        Not fitted; a classifier of posts. RMSprop with steps of 1e-4, batches of 512,
        ReLU, dropout of 0.5, and a fifth of the training rows to stop by: 64, 16 and
        20 % of all. The units of the joint layers, not told, are 256.

    Raises
    ------
    ValueError
        If an input is unknown, or needs `vectors` or `vocabulary`.
    """
    chosen = memorability2018.INPUTS | (networks or {})
    sources = _Sources(chosen, settings, vectors, vocabulary, separator)
    columns = {"tags": tags, "titles": title}
    described = ColumnTransformer(
        [(name, sources.describe(name), columns.get(name, photo)) for name in inputs]
    )
    return make_pipeline(
        described.set_output(transform="pandas"),
        _perceptron(inputs, balanced, random_state),
    )


class _Sources(NamedTuple):
    """What turns photos and text into numbers, by the name of the input."""

    networks: dict
    settings: dict
    vectors: object
    vocabulary: object
    separator: str | None

    def describe(self, name):
        choose(dict.fromkeys(INPUTS), name, "input")
        if name == "tags":
            # They may refer to Explore, the page of interesting photos.
            vectors = self._given("vectors", name)
            return _mean_vector(vectors, separator=self.separator, exclude="explor")
        if name == "titles":
            return _mean_vector(self._given("vectors", name), separator=None)
        if name == "generated_tags":
            tagger = ZeroShotTagger(self._given("vocabulary", name), n_words=10)
            embedder = _mean_vector(self._given("vectors", name))
            return make_pipeline(self._network("caption"), tagger, embedder)
        return self._network(name)

    def _network(self, name):
        return clone(self.networks[name]).set_params(**self.settings)

    def _given(self, parameter, name):
        value = getattr(self, parameter)
        if value is None:
            raise ValueError(
                f"Got {parameter}=None, but the input {name!r} needs them. Pass a dict "
                "of word to vector, or the path of a file of them."
            )
        return value


def _mean_vector(vectors, **settings):
    """The paper's average alone: 300 numbers of word2vec, the narrowest input.

    A caption without a vector of its own has the average of its words.
    """
    return TagEmbedder(vectors, phrases="words", report_unknown=False, **settings)


def _perceptron(inputs, balanced, random_state):
    return MultiBranchMLPClassifier(
        branches=input_branches(inputs),
        branch_layers=(_UNITS,) if balanced else (),
        branch_width="narrowest" if balanced else None,
        joint_layers=(_UNITS, _UNITS),
        activation="relu",
        dropout=0.5,
        optimizer="rmsprop",
        alpha=0,
        learning_rate=1e-4,
        batch_size=512,
        max_epochs=200,
        early_stopping=True,
        validation_fraction=0.2,
        random_state=random_state,
    )
