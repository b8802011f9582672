#!/bin/sh
# Serves the versions in this file's folder with an installed
# tensorflow_model_server.
set -eu
folder=$$(cd "$$(dirname "$$0")" && pwd)
exec tensorflow_model_server \
    --port=$grpc_port \
    --rest_api_port=$rest_port \
    --model_name=$name \
    "--model_base_path=$$folder" \
    $script_arguments
