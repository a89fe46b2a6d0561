"""Perceptrons with branches: the torch module as oracle, weights, groups, bad input."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sklearn_popularity import (
    KClassAggregatingClassifier,
    MultiBranchMLPClassifier,
    MultiBranchMLPRegressor,
    save_model,
)

torch = pytest.importorskip("torch", reason="Networks need torch.")
pytest.importorskip("skorch", reason="Networks need skorch.")

from sklearn_popularity.models.networks import _multi_branch_mlp  # noqa: E402
from sklearn_popularity.models.networks._batches import RowBatches, Rows  # noqa: E402
from sklearn_popularity.models.networks._checkpoints import Checkpoint  # noqa: E402
from sklearn_popularity.models.networks._inputs import mean_and_scale  # noqa: E402
from sklearn_popularity.models.networks._mlp_module import (  # noqa: E402
    Shape,
    build_module,
    fit_to_width,
    forward,
)
from sklearn_popularity.models.networks._schedule import Schedule  # noqa: E402
from sklearn_popularity.models.networks._training import train  # noqa: E402

BRANCHES = {"cnn": slice(0, 5), "caption": [5, 6, 7]}
SMALL = {
    "branch_layers": (12,),
    "joint_layers": (6,),
    "dropout": 0.0,
    "learning_rate": 0.01,
    "max_epochs": 5,
    "random_state": 0,
}


@pytest.fixture
def data():
    X = np.random.default_rng(0).normal(size=(80, 8))
    X.flags.writeable = False  # as in worker processes
    return X, 3 + X[:, 0] + np.abs(X[:, 6])


@pytest.fixture
def model():
    return MultiBranchMLPRegressor(branches=BRANCHES, **SMALL)


def assert_same_weights(model, other):
    assert list(model.weights_) == list(other.weights_)
    for name, values in model.weights_.items():
        assert_array_equal(values, other.weights_[name])


# --- the network


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("layers", [((), ()), ((4,), (7, 3)), ((2, 5), ())], ids=str)
@pytest.mark.parametrize("joint_layers", [(), (6, 4)], ids=str)
def test_forward_equals_torch_module(activation, layers, joint_layers):
    module = build_module(Shape((3, 2), layers, joint_layers, 2, activation, 0.5))
    module = module.double().eval()
    weights = {name: t.numpy() for name, t in module.state_dict().items()}
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=(9, 3)), rng.normal(size=(9, 2))]
    with torch.no_grad():
        expected = module(tuple(torch.from_numpy(values) for values in inputs))
    assert_allclose(forward(weights, inputs, activation), expected, rtol=1e-12)


def test_one_branch_equals_plain_mlp(data):
    X, y = data
    settings = {**SMALL, "learning_rate": 0.05}
    settings.update(batch_size=100, optimizer="sgd", alpha=0.0)
    model = MultiBranchMLPRegressor(**settings).fit(X, y)
    torch.manual_seed(0)
    plain = torch.nn.Sequential(
        torch.nn.Linear(8, 12),
        torch.nn.ReLU(),
        torch.nn.Linear(12, 6),
        torch.nn.ReLU(),
        torch.nn.Linear(6, 1),
    )
    first = clone(model).set_params(learning_rate=1e-300).fit(X, y)
    for p, values in zip(plain.parameters(), first.weights_.values(), strict=True):
        p.data = torch.from_numpy(values.copy())
    inputs = torch.from_numpy((X - X.mean(axis=0)) / X.std(axis=0))
    target = torch.from_numpy((y - y.mean()) / y.std())
    steps = torch.optim.SGD(plain.parameters(), lr=0.05, momentum=0.9, nesterov=True)
    for _ in range(5):
        steps.zero_grad()
        ((plain(inputs)[:, 0] - target) ** 2).mean().backward()
        steps.step()
    expected = plain(inputs)[:, 0].detach().numpy() * y.std() + y.mean()
    assert_allclose(model.predict(X), expected, rtol=1e-9)


def test_width_is_that_of_narrowest(data):
    X, y = data
    model = MultiBranchMLPRegressor(
        branches=BRANCHES, branch_width="narrowest", **{**SMALL, "max_epochs": 1}
    )
    weights = model.fit(X, y).weights_
    assert weights["branches.0.0.weight"].shape == (3, 5)
    assert weights["branches.1.0.weight"].shape == (3, 3)
    assert weights["joint.0.weight"].shape == (6, 6)
    weights = model.set_params(branch_layers=()).fit(X, y).weights_
    assert weights["branches.0.0.weight"].shape == (3, 5)
    assert "branches.1.0.weight" not in weights


@pytest.mark.parametrize(
    ("layers", "width", "expected"),
    [((8, 4), None, (8, 4)), ((8, 4), 3, (8, 3)), ((), 3, (3,)), ((), 5, ())],
)
def test_layers_end_in_width(layers, width, expected):
    assert fit_to_width(layers, 5, width) == expected


def test_layers_of_each_branch(data):
    X, y = data
    layers = {"caption": (), "cnn": [7, 2]}
    model = MultiBranchMLPRegressor(
        branches=BRANCHES, **{**SMALL, "branch_layers": layers}
    )
    weights = model.fit(X, y).weights_
    assert weights["branches.0.1.weight"].shape == (2, 7)
    assert weights["joint.0.weight"].shape == (6, 2 + 3)


def test_search_chooses_a_width_for_each_branch(data, model):
    X, y = data
    grid = [{"cnn": (a,), "caption": (b,)} for a, b in ((4, 6), (12, 2))]
    search = GridSearchCV(model, {"branch_layers": grid}, cv=2).fit(X, y)
    weights = search.best_estimator_.weights_
    assert np.ptp(search.cv_results_["mean_test_score"]) > 0
    for i, name in enumerate(BRANCHES):
        n_units = search.best_params_["branch_layers"][name][0]
        assert weights[f"branches.{i}.0.weight"].shape[0] == n_units


def test_branch_sees_its_columns_only(data, model):
    X, y = data
    model.set_params(branches={"cnn": slice(0, 5), "caption": [5, 6]})
    model.fit(X, y)
    expected = model.predict(X)
    changed = X.copy()
    changed[:, 7] += 9  # in no branch
    assert_array_equal(model.predict(changed), expected)
    changed[:, :5] += 9
    assert np.abs(model.predict(changed) - expected).max() > 0.01
    # The joint layer deaf to the first branch, whose columns then say nothing.
    model.weights_["joint.0.weight"][:, :12] = 0
    assert_array_equal(model.predict(changed), model.predict(X))


# --- learning


@pytest.mark.parametrize(
    ("optimizer", "learning_rate"), [("adam", 0.01), ("rmsprop", 0.01), ("sgd", 0.05)]
)
def test_loss_falls_and_beats_constant(data, model, optimizer, learning_rate):
    X, y = data
    model.set_params(optimizer=optimizer, max_epochs=40, learning_rate=learning_rate)
    model.fit(X[:60], y[:60])
    assert len(model.loss_curve_) == model.n_epochs_ == 40
    assert model.loss_curve_[-1] < model.loss_curve_[0] / 2
    assert model.score(X[60:], y[60:]) > 0.1


def test_seed_decides(data, model):
    X, y = data
    model.set_params(dropout=0.3, early_stopping=True)
    before = torch.random.get_rng_state()
    first, second = clone(model).fit(X, y), clone(model).fit(X, y)
    assert_same_weights(first, second)
    assert torch.equal(torch.random.get_rng_state(), before)
    other = clone(model).set_params(random_state=1).fit(X, y)
    assert np.abs(first.predict(X) - other.predict(X)).max() > 1e-3


def test_threads_leave_result_alone(data, model):
    X, y = data
    before = torch.get_num_threads()
    fitted = []
    try:
        for n_threads in (1, 3):
            torch.set_num_threads(n_threads)
            fitted.append(clone(model).fit(X, y))
            assert torch.get_num_threads() == n_threads
    finally:
        torch.set_num_threads(before)
    assert_same_weights(*fitted)


def test_fits_in_threads_do_not_share_random_numbers(data):
    X, y = data
    model = MultiBranchMLPRegressor(branches=BRANCHES, **{**SMALL, "dropout": 0.5})
    models = [clone(model).set_params(random_state=seed) for seed in range(3)]
    with ThreadPoolExecutor(3) as pool:
        fitted = list(pool.map(lambda each: clone(each).fit(X, y), models))
    for each, expected in zip(fitted, models, strict=True):
        assert_same_weights(each, expected.fit(X, y))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_have_precision_of_X(data, model, dtype):
    X, y = data
    model.fit(X.astype(dtype), y)
    assert {values.dtype for values in model.weights_.values()} == {np.dtype(dtype)}
    assert model.predict(X.astype(dtype)).dtype == np.float64


def test_huge_steps_raise(data):
    X, y = data
    settings = {**SMALL, "learning_rate": 1e30, "optimizer": "sgd"}
    with pytest.raises(ValueError, match=r"learning_rate=1e\+30, with which the loss"):
        MultiBranchMLPRegressor(**settings).fit(X, y)


# --- weights


def test_scale_of_weights_does_not_matter(data, model):
    X, y = data
    weight = np.random.default_rng(1).integers(0, 4, size=80)
    weighted = clone(model).fit(X, y, sample_weight=weight)
    scaled = clone(model).fit(X, y, sample_weight=weight * 7.0)
    assert_allclose(scaled.predict(X), weighted.predict(X), rtol=1e-8)


def test_scales_equal_repetitions():
    values = np.random.default_rng(0).normal(size=(20, 3))
    values[:, 2] = 0.1
    weight = np.arange(20)
    mean, scale = mean_and_scale(values, weight)
    repeated = values.repeat(weight, axis=0)
    assert_allclose(mean, repeated.mean(axis=0))
    assert_allclose(scale, [*repeated[:, :2].std(axis=0), 1])


def test_class_weight_equals_row_weight(data):
    X, y = data
    y = np.array(["dull", "liked"])[(y > 5).astype(int)]
    model = MultiBranchMLPClassifier(**SMALL)
    weight = np.where(y == "liked", 5.0, 1.0)
    by_rows = clone(model).fit(X, y, sample_weight=weight)
    model.set_params(class_weight={"liked": 5})
    assert_allclose(model.fit(X, y).predict_proba(X), by_rows.predict_proba(X))
    weight = len(y) / (2 * np.where(y == "liked", *(y == [["liked"], ["dull"]]).sum(1)))
    by_rows.fit(X, y, sample_weight=weight)
    model.set_params(class_weight="balanced").fit(X, y)
    assert_allclose(model.predict_proba(X), by_rows.predict_proba(X), rtol=1e-6)


# --- early stopping


@pytest.mark.parametrize("seed", range(3))
def test_classes_are_held_out_by_their_shares(data, seed):
    X, _ = data
    y = np.random.default_rng(seed).permutation(np.repeat([0, 1, 2], [8, 24, 48]))
    model = MultiBranchMLPClassifier(**SMALL | {"max_epochs": 1, "random_state": seed})
    model.set_params(early_stopping=True, validation_fraction=0.25).fit(X, y)
    assert_array_equal(np.bincount(y[model.validation_rows_]), [2, 6, 12])


def test_groups_are_held_out_together(data, model):
    X, y = data
    groups = np.arange(80) % 9
    model.set_params(early_stopping=True, validation_fraction=0.3)
    by_array = clone(model).fit(X, y, groups=groups)
    held_out = by_array.validation_rows_
    assert len(np.unique(groups[held_out])) == 3
    others = np.delete(groups, held_out)
    assert not np.intersect1d(groups[held_out], others).size
    frame = pd.DataFrame(X, columns=list("abcdefgh")).assign(theme=groups.astype(str))
    by_name = clone(model).set_params(groups="theme").fit(frame, y)
    assert_array_equal(by_name.validation_rows_, held_out)
    by_call = clone(model).set_params(groups=lambda X: groups).fit(X, y)
    assert_same_weights(by_call, by_array)


@pytest.mark.parametrize("missing", [None, np.nan])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_missing_group_is_named(data, model, missing, early_stopping):
    X, y = data
    model.set_params(early_stopping=early_stopping)
    for groups in (["a"] * 79 + [missing], pd.Series([1.0] * 79 + [missing])):
        with pytest.raises(ValueError, match="in row 79 of groups"):
            model.fit(X, y, groups=groups)


@pytest.mark.parametrize("groups", ["theme", 8, -1])
def test_column_of_groups_is_no_feature(data, groups):
    X, y = data
    model = MultiBranchMLPRegressor(**SMALL)
    expected = clone(model).fit(X, y)
    frame = pd.DataFrame(X, columns=list("abcdefgh")).assign(theme="one")
    model.set_params(groups=groups).fit(frame, y)
    assert_same_weights(model, expected)
    assert_array_equal(model.predict(frame), expected.predict(X))


def test_best_epoch_is_kept(data):
    X, _ = data
    noise = np.random.default_rng(3).normal(size=80)
    model = MultiBranchMLPRegressor(**SMALL).set_params(
        early_stopping=True, max_epochs=300, n_iter_no_change=5, validation_fraction=0.3
    )
    model.fit(X, noise)
    best = np.argmax(model.validation_scores_)
    assert len(model.validation_scores_) == model.n_epochs_ < 300
    assert best < model.n_epochs_ - 1
    rows = model.validation_rows_
    errors = (model.predict(X[rows]) - noise[rows]) / model.target_scale_
    assert_allclose(np.mean(errors**2), -model.validation_scores_[best], rtol=1e-9)


def test_held_out_rows_set_no_scale(data):
    X, y = data
    model = MultiBranchMLPRegressor(**SMALL).set_params(early_stopping=True).fit(X, y)
    train = np.delete(np.arange(80), model.validation_rows_)
    assert_allclose(model.input_means_[0], X[train].mean(axis=0))
    assert_allclose(model.target_scale_, y[train].std())


# --- interruptions


def interrupt_after(monkeypatch, n_epochs):
    """Stop in the pass after some."""
    batches = RowBatches.__call__

    def run(self, epoch):
        if epoch == n_epochs:
            raise KeyboardInterrupt
        return batches(self, epoch)

    monkeypatch.setattr(RowBatches, "__call__", run)


def test_interrupt_is_no_end_of_training(monkeypatch, data, model):
    X, y = data
    interrupt_after(monkeypatch, 2)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert not hasattr(model, "weights_")


@pytest.mark.parametrize(
    ("optimizer", "n_epochs"), [("adam", 1), ("rmsprop", 4), ("sgd", 4)]
)
def test_training_goes_on_from_checkpoint(monkeypatch, optimizer, n_epochs, tmp_path):
    """Torch draws the order and the dropout here, in all passes from one generator."""
    rng = np.random.default_rng(0)
    rows, held_out = (
        Rows([rng.normal(size=(n, 3))], rng.normal(size=n), np.ones(n))
        for n in (40, 20)
    )
    shape = Shape((3,), ((8,),), (), 1, "relu", 0.5)
    schedule = Schedule(
        loss="squared_error",
        optimizer=optimizer,
        learning_rate=0.03,
        alpha=0.0,
        step_epochs=3,
        max_epochs=30,
        n_iter_no_change=4,
        device="cpu",
        seed=0,
        verbose=False,
    )

    def run(path):
        return train(
            lambda: build_module(shape, np.float64),
            RowBatches(rows, "cpu", 8),
            schedule,
            held_out=RowBatches(held_out, "cpu"),
            checkpoint=None if path is None else Checkpoint(path, "any"),
        )

    expected = run(None)
    assert n_epochs < len(expected.losses) < 30
    with monkeypatch.context() as patch:
        interrupt_after(patch, n_epochs)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "state")
    resumed = run(tmp_path / "state")
    assert resumed[1:] == expected[1:]
    for name, values in expected.weights.items():
        assert_array_equal(resumed.weights[name], values)


# --- partial_fit


@pytest.mark.parametrize("kind", [MultiBranchMLPRegressor, MultiBranchMLPClassifier])
def test_partial_fit_goes_on(kind, data):
    X, y = data
    model, classes = kind(**SMALL), {}
    if kind is MultiBranchMLPClassifier:
        y, classes = y > 4, {"classes": [False, True]}
    model.partial_fit(X, y, **classes)
    assert_same_weights(model, clone(model).set_params(max_epochs=1).fit(X, y))
    for _ in range(15):
        model.partial_fit(X, y)
    assert model.n_epochs_ == len(model.loss_curve_) == 16
    assert model.loss_curve_[-1] < model.loss_curve_[0] / 2


def test_partial_fit_draws_new_batches(monkeypatch, data, model):
    seeds = []

    def watch(build, batches, schedule, **others):
        seeds.append(schedule.seed)
        return train(build, batches, schedule, **others)

    monkeypatch.setattr(_multi_branch_mlp, "train", watch)
    for _ in range(3):
        model.partial_fit(*data)
    assert len(set(seeds)) == 3


def test_partial_fit_rejects_another_activation(data, model):
    X, y = data
    model.fit(X, y).set_params(activation="tanh")
    expected = model.predict(X)
    with pytest.raises(ValueError, match=r"activation='tanh', but .* with 'relu'"):
        model.partial_fit(X, y)
    assert_array_equal(model.predict(X), expected)


def test_partial_fit_rejects_other_layers(data):
    X, y = data
    model = MultiBranchMLPRegressor(**SMALL).fit(X, y).set_params(joint_layers=(7,))
    with pytest.raises(ValueError, match="other layers than have been learned"):
        model.partial_fit(X, y)


def test_partial_fit_needs_classes(data):
    X, y = data
    model = MultiBranchMLPClassifier(**SMALL)
    with pytest.raises(ValueError, match=r"classes=None in the first call"):
        model.partial_fit(X, y > 4)
    model.partial_fit(X, np.zeros(80), classes=[0, 1])
    assert model.predict_proba(X).shape == (80, 2)
    with pytest.raises(ValueError, match=r"Got the label .*2.* in y"):
        model.partial_fit(X, np.full(80, 2))
    with pytest.raises(ValueError, match=r"Got classes=\[0, 2\], but the first call"):
        model.partial_fit(X, np.zeros(80), classes=[0, 2])
    with pytest.raises(ValueError, match="class_weight='balanced'"):
        model.set_params(class_weight="balanced").partial_fit(X, np.zeros(80))


def test_partial_fit_holds_nothing_out(data, model):
    with pytest.raises(ValueError, match="early_stopping=True, but partial_fit"):
        model.set_params(early_stopping=True).partial_fit(*data)


# --- as others use it


def test_classes_are_aggregated_to_score(data):
    X, y = data
    network = MultiBranchMLPClassifier(branches=BRANCHES, **SMALL)
    network.set_params(max_epochs=30)
    model = KClassAggregatingClassifier(network, aggregation="mean").fit(X, y)
    assert model.score(X, y) > 0.5
    assert list(model.estimator_.classes_) == [0, 1, 2, 3]


def test_layers_are_those_of_fit(data, model):
    X, y = data
    model.fit(X, y)
    expected = model.predict(X)
    model.set_params(activation="tanh", branch_layers=(3,))
    assert_array_equal(model.predict(X), expected)


def test_loading_and_prediction_import_no_torch(data, model, tmp_path):
    X, y = data
    save_model(model.fit(X, y), tmp_path / "0.skops")
    save_model(MultiBranchMLPClassifier(**SMALL).fit(X, y > 4), tmp_path / "1.skops")
    code = (
        "import sys, numpy as np\n"
        "from sklearn_popularity import load_model\n"
        "for path in ('0.skops', '1.skops'):\n"
        "    load_model(path).predict(np.zeros((2, 8)))\n"
        "assert not {'torch', 'skorch'} & set(sys.modules)"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    subprocess.run(command, cwd=tmp_path, check=True)


def test_verbose_shows_progress(data, model, capsys):
    X, y = data
    model.fit(X, y)
    assert capsys.readouterr() == ("", "")
    model.set_params(verbose=True).fit(X, y)
    out, err = capsys.readouterr()
    assert out == "" and "5/5" in err and "epoch" in err


def test_frame_equals_array(data, model):
    X, y = data
    frame = pd.DataFrame(X, columns=list("abcdefgh"))
    names = {"cnn": list("abcde"), "caption": lambda X: list(X.columns[5:])}
    expected = clone(model).fit(X, y)
    model.set_params(branches=names).fit(frame, y)
    assert_array_equal(model.predict(frame), expected.predict(X))
    assert model.branches_[1] == ("caption", list("fgh"))


# --- errors


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"branches": {}}, r"Got branches=\{\}, but at least one"),
        ({"branches": {"cnn": ["a"]}}, r"\['a'\] of the branch 'cnn' cannot be taken"),
        ({"branches": {"cnn": [0, 99]}}, r"branch 'cnn' cannot be taken from X"),
        (
            {"branches": {"cnn": []}},
            r"\[\] of the branch 'cnn' cannot be used: .*0 fea",
        ),
        ({"branch_layers": (8, 0)}, r"Got 0 in branch_layers, but positive numbers"),
        ({"joint_layers": (2.5,)}, r"Got 2\.5 in joint_layers"),
        ({"branch_layers": {"cnn": (2,)}}, r"for \['cnn'\], but the branches are \["),
        ({"groups": 99}, r"parameter groups cannot be taken from X"),
        ({"device": "foo"}, r"Got device='foo', which cannot be used"),
    ],
    ids=str,
)
def test_bad_setting_raises(data, model, settings, message):
    X, y = data
    with pytest.raises(ValueError, match=message):
        model.set_params(**settings).fit(X, y)


def test_nan_names_its_branch(data, model):
    X, y = data[0].copy(), data[1]
    X[3, 6] = np.nan
    with pytest.raises(ValueError, match=r"branch 'caption' cannot be used: .*NaN"):
        model.fit(X, y)
