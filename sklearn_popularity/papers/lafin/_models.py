"""The model of the paper."""

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
#: Inputs: embeddings of VGG16 and CLIP, and vectors of text.
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
    """A classifier of interesting posts with a branch per input: a row of table 1.

    Parameters
    ----------
    inputs : sequence of {"cnn", "caption", "tags", "titles", "generated_tags"}, \
            default=("cnn", "caption", "tags")
        Inputs of the perceptron, each with its own branch; `TABLE_1` lists the paper's.
        The paper also tried "titles", which were worse than tags (section IV).
    balanced : bool, default=True
        Whether branches have layers, the last as wide as the narrowest input. False
        concatenates the inputs, which did worse (section III-B).
    vectors : dict, path or callable, default=None
        Word vectors for "tags", "titles" and "generated_tags", as `TagEmbedder` takes
        them; word2vec with 300 dimensions in the paper.
    vocabulary : dict or path, default=None
        Words and their embeddings in the space of "caption", for "generated_tags", as
        `ZeroShotTagger` takes them.
    photo, tags, title : str, default="photo", "tags", "title"
        Columns of posts.
    separator : str or None, default=","
        Separator of tags in text; None splits text into words.
    networks : dict of str to transformer, default=None
        Other image transformers for "cnn" and "caption".
    random_state : int, default=0
        Seed of the perceptron.
    **settings
        Parameters of the image transformers, such as `n_jobs` and `cache`.

    Returns
    -------
    model : Pipeline
        Not fitted; a classifier of posts. It has RMSprop with a learning rate of 1e-4,
        batches of 512, ReLU, dropout of 0.5, and early stopping on a fifth of the
        training rows, which are 16 % of all. Joint layers have 256 units, as the paper
        does not state their width.

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
    """Transformers of photos and text, by the name of the input."""

    networks: dict
    settings: dict
    vectors: object
    vocabulary: object
    separator: str | None

    def describe(self, name):
        choose(dict.fromkeys(INPUTS), name, "input")
        if name == "tags":
            # Tags may name Explore, the page of interesting photos, and so the class.
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
                f"Got {parameter}=None, but the input {name!r} needs it. Pass a dict "
                "from words to vectors, or the path of a file of them."
            )
        return value


def _mean_vector(vectors, **settings):
    """The paper's average of word vectors; with 300 dimensions, the narrowest input.

    A caption that is not in `vectors` itself gets the average of its words.
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
