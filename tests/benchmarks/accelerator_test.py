"""Pairs per second, until memory is used up."""

import keras
import pytest

from benchmarks import accelerator, backend, networks


def time_throughput(monkeypatch, message):
    """Times a network that raises an error for batches above two."""

    def network(pair):
        if len(pair["reference"]) > 2:
            raise RuntimeError(message)
        return pair["query"]

    policies = []

    def load_model(preset, weights):
        policies.append(keras.config.dtype_policy().name)

    monkeypatch.setattr(accelerator.gocor_tf, "load_model", load_model)
    monkeypatch.setattr(backend, "compile_network", lambda model: network)
    monkeypatch.setattr(networks, "SIZE", (8, 9))
    found = accelerator.time_throughput("net", "bfloat16", [1, 2, 4, 8], 0)
    groups = list(found)
    assert policies == ["mixed_bfloat16"]
    assert keras.config.dtype_policy().name == "float32"
    return [figure for group in groups for figure in group]


def test_stops_where_memory_is_used_up(monkeypatch, capsys):
    found = time_throughput(monkeypatch, "RESOURCE_EXHAUSTED: Out of memory")
    assert [figure.size for figure in found] == ["1x8x9", "2x8x9"]
    assert {figure.way for figure in found} == {"bfloat16"}
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("net in bfloat16: left out from batch 4 on")


def test_other_errors_are_not_hidden(monkeypatch):
    with pytest.raises(RuntimeError, match="something else"):
        time_throughput(monkeypatch, "something else")
