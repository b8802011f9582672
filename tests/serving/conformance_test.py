"""What the conformance server loads, by the rules of the stock one."""

import subprocess

import pytest
from google.protobuf import text_format
from tensorflow_serving.apis import model_pb2
from tensorflow_serving.config import model_server_config_pb2

from tests.serving import c_api, exports, servers
from tests.serving.conformance.models import Models


def load(folder, policy=""):
    config = f'config {{ name: "shift" base_path: "{folder}" {policy} }}'
    return Models(
        text_format.Parse(
            f"model_config_list {{ {config} }}",
            model_server_config_pb2.ModelServerConfig(),
        )
    )


@pytest.mark.parametrize(
    ("policy", "versions"),
    [
        ("", [10]),
        ("model_version_policy { latest { num_versions: 2 } }", [10, 2]),
        ("model_version_policy { all {} }", [10, 2]),
        ("model_version_policy { specific { versions: 2 } }", [2]),
    ],
)
def test_versions_by_policy(shift_folder, policy, versions):
    models = load(shift_folder, policy)
    statuses = models.statuses(model_pb2.ModelSpec(name="shift"))
    found = [status.version for status in statuses.model_version_status]
    assert found == versions


def test_a_folder_without_versions(tmp_path):
    (tmp_path / "notes").mkdir()
    with pytest.raises(ValueError, match="no version of shift"):
        load(tmp_path)


def test_a_warm_up_that_fails_is_a_failed_start(shift_folder, tmp_path):
    version = exports.copy_version(shift_folder / "10", tmp_path / "1")
    exports.write_warm_up(version, "serving_text")
    with pytest.raises(c_api.StatusError, match='key "serving_text" not found'):
        load(tmp_path)


@pytest.mark.slow
def test_a_start_that_fails_is_status_1(tmp_path):
    result = subprocess.run(
        [*servers.CONFORMANCE, f"--model_base_path={tmp_path}"],
        cwd=servers.ROOT,
        capture_output=True,
        text=True,
        timeout=servers.START_SECONDS,
    )
    assert result.returncode == 1
    assert "Failed to start server. Error: no version" in result.stderr
