"""The smallest form of each sub-command of benchmarks/ runs and prints its tables."""

import numpy as np
import pandas as pd
import pytest

from sklearn_popularity import CNNEmbedder, Preprocessing, make_popularity
from sklearn_popularity.papers import recommended

N = 27


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Folders like those of real posts, of made-up photos and scores that are noise."""
    folder, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    made, _ = make_popularity(
        N, folder=folder / "made", image_size=(48, 64), random_state=0
    )
    groups = np.arange(N) * 2 // 3
    posts = pd.DataFrame({"path": made["photo"], "theme": groups, "user": groups})
    posts["source"] = rng.choice(["a", "b"], N)
    for label in ("beauty", "valence", "arousal"):
        posts[label] = rng.normal(size=N)
    times = pd.date_range("2020-01-01", periods=N, freq="9D", tz="UTC")
    posts["time"], posts["title"] = times.strftime("%Y-%m-%dT%H:%M:%SZ"), made["title"]
    posts["ups"] = rng.integers(1, 99, N)
    for name in ("oasis", "memes"):
        (folder / name).mkdir()
        posts.to_csv(folder / name / "labels.csv", index=False)
    network = rng.normal(size=(N, 8)).astype(np.float16)
    np.save(folder / "oasis" / "features_mobilenetv2_1280_f16.npy", network)
    memes = posts[["title"]].assign(
        post_id=[f"a{i}" for i in range(N)],
        author=posts["user"],
        template=rng.integers(0, 5, N),
        views=posts["ups"],
        votes=rng.integers(0, 9, N),
    )
    (folder / "tabular").mkdir()
    memes.to_csv(folder / "tabular" / "imgflip_memes_sample.csv", index=False)
    return folder


#: Sub-commands with options that make them small.
ARRAYS = [
    "oasis models {data}/oasis --only RidgeCV --repeats 1",
    "oasis pairs {data}/oasis --runs 1",
    "oasis marks {data}/oasis",
    "planted within --runs 2",
    "planted neighbors --runs 2",
    "planted shortcuts --runs 2 --rows 60",
    "planted fusion --runs 2 --sizes 60",
    "posts history {data} --repeats 1",
    "posts repeated {data}",
    "simulations held-out --biases 2 --runs 2 --studies 2",
    "simulations variance-shares --runs 2",
    "simulations intervals --runs 2",
    "simulations votes --runs 2",
    "timing features --rounds 1 --max-size 60",
    "timing stages --rounds 1",
]
#: Those that describe photos by the network of the recommended model, all the same.
NETWORK = [
    "posts neighbors {data} --keep {data}/rows.cache",
    "posts recommended {data} --repeats 1 --keep {data}/rows.cache",
    "posts shortcuts {data} --keep {data}/rows.cache",
    "posts within {data} --keep {data}/rows.cache",
]
#: Those that take several seconds at their smallest, and are tried by hand.
BY_HAND = {
    "oasis": {"edits", "fine-tuning"},
    "planted": {"causes"},
    "posts": {"intervals", "votes"},
    "scale": {"memory", "photos"},
    "timing": {"cache", "embedder", "ranker"},
}


def try_section(load_script, line, capsys):
    """What the first rows of a section are printed as."""
    script, *arguments = line.split()
    module = load_script(script)
    module.run(module.__doc__, *module.COMMANDS, arguments=["--first", "1", *arguments])
    return capsys.readouterr().out


@pytest.mark.parametrize("line", ARRAYS)
def test_section_prints_a_table(line, load_script, data, capsys):
    assert "|---|" in try_section(load_script, line.format(data=data), capsys)


@pytest.mark.parametrize("line", NETWORK)
def test_section_of_a_small_network_prints(
    line, load_script, data, monkeypatch, capsys
):
    pytest.importorskip("torch")
    network = CNNEmbedder(
        backbone="squeezenet1_0",
        weights="random",
        preprocessing=Preprocessing(size=64),
    )

    def with_small_network(posts, photo="photo", **settings):
        networks = [] if photo is None else [network]
        return recommended(posts, photo=photo, networks=networks, **settings)

    load_script(line.split()[0])
    monkeypatch.setattr("_tables.recommended", with_small_network)
    assert try_section(load_script, line.format(data=data), capsys)


@pytest.mark.parametrize(
    "script", ["oasis", "planted", "posts", "scale", "simulations", "timing"]
)
def test_each_section_is_tried_or_named(script, load_script):
    tried = {each.split()[1] for each in ARRAYS + NETWORK if each.startswith(script)}
    named = BY_HAND.get(script, set())
    commands = {each.__name__ for each in load_script(script).COMMANDS}
    assert not tried & named
    assert tried | named == {name.replace("_", "-") for name in commands}
