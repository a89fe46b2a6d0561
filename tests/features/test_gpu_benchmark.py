"""What benchmarks/gpu.py measures, with small networks and without a GPU."""

import warnings
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from sklearn_popularity.networks import LayerReader

torch = pytest.importorskip("torch", reason="Networks need torch.")
pytest.importorskip("torchvision", reason="Networks need torchvision.")
pytest.importorskip("timm", reason="Some networks need timm.")


@pytest.fixture(scope="module")
def gpu(load_script):
    return load_script("gpu")


@pytest.mark.filterwarnings("ignore:In CPU autocast:UserWarning")
def test_tables_are_whole(gpu, capsys, monkeypatch):
    one = replace(gpu.TINY, backbones=gpu.TINY.backbones[:1])
    monkeypatch.setattr(gpu, "TINY", one)
    gpu.main(["--tiny", "--n-jobs", "1"])
    out = capsys.readouterr().out
    tables = [part.split("\n\n")[1] for part in out.split("\n## ")[1:]]
    n_rows = [len(each.splitlines()) - 2 for each in tables]
    assert n_rows == [3, 3, 1, 2, 1, 4, 1]
    for each in tables:
        assert len({line.count("|") for line in each.splitlines()}) == 1
    # A difference of 1e-4 is small beside those between photos.
    assert float(tables[3].splitlines()[2].split("|")[-3]) > 1e-3
    # Without a GPU only features and predictions are judged.
    assert out.count("holds") == 6
    assert "FALLS SHORT" not in out
    assert "out of time" not in out


def test_bare_network_gives_what_the_classifier_sees(gpu):
    with torch.inference_mode():
        assert gpu.bare_network("resnet18")(torch.zeros(1, 3, 32, 32)).shape == (1, 512)


@pytest.mark.parametrize("n_fit", [1, 2, 4])
def test_shortage_of_memory_is_seen(gpu, monkeypatch, n_fit):
    """A device that is too small for a batch, of which torch is told as of a GPU."""
    fractions, forward = [], LayerReader._forward
    gib = 2**30

    def short(self, batch):
        if fractions == [pytest.approx(1.4 / 10)] and len(batch) > n_fit:
            raise torch.OutOfMemoryError("full")
        return forward(self, batch)

    properties = SimpleNamespace(total_memory=10 * gib)
    fakes = {
        "memory_reserved": lambda: gib,
        "get_device_properties": lambda device: properties,
        "set_per_process_memory_fraction": fractions.append,
    }
    for name, fake in fakes.items():
        monkeypatch.setattr(torch.cuda, name, fake)
    monkeypatch.setattr(gpu, "peak_memory", lambda run: "1024")
    monkeypatch.setattr(LayerReader, "_forward", short)
    row = gpu.halved(gpu.TINY.backbones[0], gpu.TINY)
    assert row[1:3] == ("1024", "410")
    expected = {1: "2 holds", 2: "1 holds", 4: "0 FALLS SHORT"}
    assert row[3] == expected[n_fit]
    assert row[4].endswith("holds")
    assert fractions[1:] == [1.0]


def test_waits_for_the_device_are_counted(gpu, monkeypatch):
    modes = []
    monkeypatch.setattr(gpu, "DEVICE", "cuda")
    monkeypatch.setattr(torch.cuda, "set_sync_debug_mode", modes.append)

    def run():
        for text in ("called a synchronizing CUDA operation", "something else"):
            for _ in range(6):
                warnings.warn(text, stacklevel=1)

    assert gpu.count_waits(run) == 6
    assert gpu.per_batch(6, 4) == "1.5"
    assert modes == ["warn", "default"]


def test_correlation_leaves_out_dead_features(gpu):
    expected = np.random.default_rng(0).normal(size=(20, 5))
    expected[:, 2] = 0
    assert gpu.rho_of_columns(expected, np.exp(expected)) == pytest.approx(1)
    assert gpu.judged_rho(expected, -expected).endswith("FALLS SHORT")
    assert gpu.judged_difference(expected, expected + 1).endswith("FALLS SHORT")
