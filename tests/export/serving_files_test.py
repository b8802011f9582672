"""Files beside the versions, parsed by what reads them."""

import subprocess

import pytest
import yaml
from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    text_format,
)

from gocor_tf.export import request_checks, serving_files, signatures

PLAIN = signatures.Options()
STRETCHED = signatures.Options(
    size=(480, 640), limits=request_checks.Limits(max_batch_size=8)
)


# The messages that the protos on PyPI lack: fields by number.
MESSAGES = {
    "MonitoringConfig": {1: ("prometheus_config", "PrometheusConfig")},
    "PrometheusConfig": {1: ("enable", "bool"), 2: ("path", "string")},
    "BatchingParameters": {
        1: ("max_batch_size", "Int64Value"),
        2: ("batch_timeout_micros", "Int64Value"),
        3: ("max_enqueued_batches", "Int64Value"),
        4: ("num_batch_threads", "Int64Value"),
    },
    "Int64Value": {1: ("value", "int64")},
}
TYPES = {"bool": 8, "string": 9, "int64": 3}


def message(name):
    """Returns an empty message of `MESSAGES`."""
    file = descriptor_pb2.FileDescriptorProto(name="serving.proto")
    for message_name, fields in MESSAGES.items():
        described = file.message_type.add(name=message_name)
        for number, (field, kind) in fields.items():
            described.field.add(
                name=field,
                number=number,
                label=1,
                type=TYPES.get(kind, 11),
                type_name=None if kind in TYPES else f".{kind}",
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    descriptor = pool.FindMessageTypeByName(name)
    return message_factory.GetMessageClass(descriptor)()


def test_models_config_names_the_model_and_its_folder():
    text = serving_files.contents("glunet_gocor", PLAIN)["models.config"]
    protos = pytest.importorskip(
        "tensorflow_serving.config.model_server_config_pb2"
    )
    config = text_format.Parse(text, protos.ModelServerConfig())
    (model,) = config.model_config_list.config
    assert model.name == "glunet_gocor"
    assert model.base_path == "/models/glunet_gocor"
    assert model.model_platform == "tensorflow"


def test_monitoring_config_has_a_path():
    text = serving_files.contents("default", PLAIN)["monitoring.config"]
    config = text_format.Parse(text, message("MonitoringConfig"))
    assert config.prometheus_config.enable
    assert config.prometheus_config.path.startswith("/monitoring/")


def test_batching_config_allows_what_the_graph_does():
    text = serving_files.contents("default", STRETCHED)["batching.config"]
    parameters = text_format.Parse(text, message("BatchingParameters"))
    assert parameters.max_batch_size.value == 8
    for name in ("max_enqueued_batches", "num_batch_threads"):
        assert getattr(parameters, name).value > 0


def arguments_of(files):
    compose = yaml.safe_load(files["docker-compose.yml"])
    deployment, _ = yaml.safe_load_all(files["kubernetes.yaml"])
    (service,) = compose["services"].values()
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return service["command"], container["args"]


@pytest.mark.parametrize("options", [PLAIN, STRETCHED])
def test_platforms_start_the_server_in_the_same_way(options):
    files = serving_files.contents("default", options)
    compose, kubernetes = arguments_of(files)
    assert compose == kubernetes
    flags = dict(
        argument.removeprefix("--").split("=", 1) for argument in compose
    )
    folder = "/models/default"
    assert flags["model_config_file"] == f"{folder}/models.config"
    assert flags["monitoring_config_file"] == f"{folder}/monitoring.config"
    # Pictures of other sizes cannot share a batch.
    assert ("enable_batching" in flags) == (options is STRETCHED)
    assert ("batching_parameters_file" in flags) == (options is STRETCHED)


def test_largest_answer_fits_into_a_message():
    # float32 flow and confidence.
    assert serving_files.max_message_length(PLAIN) > 12 * 2**24
    assert serving_files.max_message_length(STRETCHED) > 12 * 8 * 480 * 640
    huge = signatures.Options(limits=request_checks.Limits(max_pixels=2**30))
    assert serving_files.max_message_length(huge) == 2**31 - 1
    compose, _ = arguments_of(serving_files.contents("default", huge))
    message = "grpc.max_send_message_length=2147483647"
    assert f"--grpc_channel_arguments={message}" in compose


def test_kubernetes_sends_requests_to_loaded_models_only():
    text = serving_files.contents("glunet_gocor", PLAIN)["kubernetes.yaml"]
    deployment, service = yaml.safe_load_all(text)
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    probe = container["readinessProbe"]["httpGet"]
    assert probe["path"] == "/v1/models/glunet_gocor/metadata"
    ports = {port["name"]: port for port in container["ports"]}
    assert ports[probe["port"]]["containerPort"] == 8501
    assert container["resources"]["limits"].keys() == {"cpu", "memory"}
    assert service["spec"]["selector"] == {"app": "glunet-gocor"}
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert labels == service["spec"]["selector"]


def test_script_starts_the_server_on_its_own_folder(tmp_path):
    models = tmp_path / "my models"
    models.mkdir()
    serving_files.write(models, make_model(models, "default"), STRETCHED)
    server = tmp_path / "bin" / "tensorflow_model_server"
    server.parent.mkdir()
    server.write_text('#!/bin/sh\nfor a in "$@"; do echo "$a"; done\n')
    server.chmod(0o755)
    folder = models / "default"
    result = subprocess.run(
        ["sh", folder / "serve.sh"],
        env={"PATH": f"{server.parent}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    lines = result.stdout.splitlines()
    assert f"--model_base_path={folder}" in lines
    assert f"--batching_parameters_file={folder}/batching.config" in lines
    assert all(line.startswith("--") for line in lines)


def test_files_that_exist_are_left_as_they_are(tmp_path):
    name = make_model(tmp_path, "default")
    mine = tmp_path / "default" / "models.config"
    mine.write_text("# mine")
    written = serving_files.write(tmp_path, name, PLAIN)
    assert mine.read_text() == "# mine"
    assert {path.name for path in written} == {
        "batching.config",
        "docker-compose.yml",
        "kubernetes.yaml",
        "monitoring.config",
        "serve.sh",
    }
    assert serving_files.write(tmp_path, name, PLAIN) == []


def make_model(folder, name):
    (folder / name).mkdir()
    return name
