"""The conformance server's process, with the stock server's flags.

    python -m tests.serving.conformance.server --port=8500 \
        --rest_api_port=8501 --model_config_file=models.config

As the stock server does, it listens once all models are loaded and warm, and
ends with status 1 if one cannot be.
"""

import argparse
import concurrent.futures
import pathlib
import re
import signal
import sys
import threading

import grpc
from tensorflow_serving.config import model_server_config_pb2

from tests.serving.conformance import grpc_services, rest_service
from tests.serving.conformance.metrics import Metrics
from tests.serving.conformance.models import Models, read_config

_MESSAGES = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # Two servers on one port would share the clients between them.
    ("grpc.so_reuseport", 0),
]


def parse_flags(argv):
    """Returns the values of the flags."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=8500)
    parser.add_argument("--rest_api_port", type=int, default=8501)
    parser.add_argument("--model_config_file")
    parser.add_argument("--model_name", default="default")
    parser.add_argument("--model_base_path")
    parser.add_argument("--monitoring_config_file")
    return parser.parse_args(argv)


def serve(arguments):
    """Loads the models and answers until the process is told to end."""
    metrics = Metrics()
    models = Models(_model_config(arguments))
    pool = concurrent.futures.ThreadPoolExecutor(max_workers=16)
    server = grpc.server(pool, options=_MESSAGES)
    grpc_services.add_services(server, models, metrics)
    server.add_insecure_port(f"127.0.0.1:{arguments.port}")
    rest = rest_service.create_server(
        arguments.rest_api_port,
        rest_service.RestService(models, metrics, _monitoring_path(arguments)),
    )
    server.start()
    threading.Thread(target=rest.serve_forever, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: server.stop(grace=5))
    print("ready", flush=True)
    server.wait_for_termination()
    rest.shutdown()


def _model_config(arguments):
    if arguments.model_config_file:
        return read_config(arguments.model_config_file)
    config = model_server_config_pb2.ModelServerConfig()
    config.model_config_list.config.add(
        name=arguments.model_name, base_path=arguments.model_base_path
    )
    return config


def _monitoring_path(arguments):
    """Returns where the monitoring page is wished, or None."""
    if not arguments.monitoring_config_file:
        return None
    # The message, MonitoringConfig, is in no published package.
    text = pathlib.Path(arguments.monitoring_config_file).read_text()
    if not re.search(r"enable:\s*true", text):
        return None
    return re.search(r"path:\s*[\"']([^\"']+)", text)[1]


if __name__ == "__main__":
    try:
        serve(parse_flags(sys.argv[1:]))
    except Exception as error:
        sys.exit(f"Failed to start server. Error: {error}")
