"""The command gocor-client."""

import os
import sys

import pytest
from absl import app

from gocor_tf.data import flow_io
from gocor_tf.serving import ServingError
from gocor_tf.trainers import client
from tests.serving import servers
from tests.trainers.match_test import FILES, image

__all__ = ["image"]


@pytest.fixture
def run(run_command):
    return lambda *arguments: run_command(
        client.match, client.define_flags, *arguments
    )


@pytest.mark.parametrize("transport", ["grpc", "rest"])
def test_saves_what_gocor_match_saves(
    run, own_server, image, tmp_path, transport
):
    folder = tmp_path / "out"
    address = getattr(own_server, f"{transport}_address")
    rest = ["--rest"] if transport == "rest" else []
    output = run(
        *(image, image, "--server", address, "--model=shift_all"),
        *("--model_version=2", "--output_dir", folder, *rest),
    )
    assert sorted(os.listdir(folder)) == FILES
    flow = flow_io.read_flo(folder / "flow.flo")
    assert flow.shape == (20, 30, 2) and (flow[..., 0] == 2.0).all()
    assert "20 x 30" in output and f"written to  {folder}" in output


def test_a_server_that_is_not_there(run, image, tmp_path):
    address = servers.free_address()
    with pytest.raises(ServingError, match=f"{address}: UNAVAILABLE"):
        run(
            *(image, image, "--server", address, "--retries=0"),
            *("--output_dir", tmp_path / "out"),
        )
    assert os.listdir(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a", "--server=h:1"], "usage: gocor-client --server=.*1 image"),
        (["a", "b"], "`--server` must be given"),
        (["a", "b", "--server=h"], "`address` must be HOST:PORT"),
        (["a", "b", "--server=h:1", "--model=a/b"], "`model` must be a name"),
    ],
)
def test_wrong_usage(run, arguments, message):
    with pytest.raises(app.UsageError, match=message):
        run(*arguments)


@pytest.mark.parametrize(
    ("arguments", "module"),
    [(["--rest"], "requests"), ([], "tensorflow_serving.apis")],
)
def test_a_missing_extra(run, monkeypatch, arguments, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(app.UsageError, match=r"pip install 'gocor_tf\[serve\]"):
        run("a", "b", "--server=h:1", *arguments)
