"""The posts that have one of the most frequent tags."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from sklearn_popularity.datasets import filter_top_tags


def keep_slowly(texts, n_tags, separator=None):
    tags = [set(text.split(separator)) - {""} for text in texts]
    counts = Counter(tag for row in tags for tag in row)
    top = sorted(counts, key=lambda tag: (-counts[tag], tag))[:n_tags]
    return [i for i, row in enumerate(tags) if row & set(top)]


@pytest.mark.parametrize("n_tags", [1, 2, 5, 100])
@pytest.mark.parametrize("separator", [None, ","])
def test_kept_posts_match_slow_count(n_tags, separator):
    rng = np.random.default_rng(n_tags)
    glue = separator or " "
    texts = [
        glue.join(rng.choice(list("abcdefgh"), rng.integers(4))) for _ in range(30)
    ]
    posts = pd.DataFrame({"tags": texts, "row": range(30)}, index=[5] * 30)
    kept = filter_top_tags(posts, n_tags=n_tags, separator=separator)
    assert kept["row"].tolist() == keep_slowly(texts, n_tags, separator)
    assert kept.index.tolist() == list(range(len(kept)))


def test_posts_without_tags_are_left_out():
    posts = pd.DataFrame({"words": ["a", None, np.nan, "", "  "]})
    assert filter_top_tags(posts, column="words")["words"].tolist() == ["a"]


@pytest.mark.parametrize("tags", [[np.nan, np.nan], [None], []])
def test_column_without_any_tags_keeps_nothing(tags):
    assert len(filter_top_tags(pd.DataFrame({"tags": tags}))) == 0


@pytest.mark.parametrize(
    ("posts", "kwargs", "message"),
    [
        ({"tags": ["a"]}, {"column": "tag"}, "no column 'tag'.*Did you mean 'tags'"),
        ({"tags": ["a", 3]}, {}, "not text"),
        ({"tags": [1, 2]}, {}, "not text"),
        ({"tags": ["a"]}, {"n_tags": 0}, "The 'n_tags' parameter"),
    ],
)
def test_bad_input_is_one_clear_error(posts, kwargs, message):
    with pytest.raises(ValueError, match=message):
        filter_top_tags(pd.DataFrame(posts), **kwargs)
