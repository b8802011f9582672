"""A network written by gocor-export, and what it answers."""

import os
import pathlib
import subprocess
import sys

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf

from gocor_tf import models
from gocor_tf.export import saved_model

# Runs as if neither gocor_tf nor Keras were installed. That they are merely
# not imported cannot be had: TensorFlow imports the Keras it finds.
SERVE = """
import sys
for name in ("gocor_tf", "keras", "tf_keras"):
    sys.modules[name] = None
import numpy as np
import tensorflow as tf

folder, requests, answers = sys.argv[1:]
served = tf.saved_model.load(folder)
requests = dict(np.load(requests, allow_pickle=False))
results = {}
for name in ("serving_default", "serving_uint8"):
    dtype = name.removeprefix("serving_").replace("default", "float32")
    answer = served.signatures[name](
        reference=tf.constant(requests["reference"].astype(dtype)),
        query=tf.constant(requests["query"].astype(dtype)),
    )
    results |= {f"{name}/{key}": value for key, value in answer.items()}
np.savez(answers, **results)
"""


@keras.saving.register_keras_serializable(package="gocor_tf_tests")
class ConstantShift(keras.Model):
    """Matches each pixel with the one `shift` px away."""

    def build(self, pair_shape=None):
        self.shift = self.add_weight(shape=(2,), name="shift")

    def call(self, pair, training=None):
        flow = keras.ops.zeros_like(pair["reference"][..., :2])
        return {"flow": flow + self.shift}


@keras.saving.register_keras_serializable(package="gocor_tf_tests")
class SureShift(ConstantShift):
    """Is sure of its matches, and of nothing else."""

    def call(self, pair, training=None):
        outputs = super().call(pair)
        confidence = keras.ops.ones_like(outputs["flow"][..., 0])
        return {**outputs, "confidence": confidence, "doubts": -confidence}


@pytest.fixture(scope="module")
def network():
    model = ConstantShift()
    model.build()
    model.shift.assign([2.0, 0.0])
    return model


@pytest.fixture(scope="module")
def served(network, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shift")
    version = saved_model.write_version(network, folder, "shift")
    return tf.saved_model.load(str(version))


@pytest.fixture
def signatures(served):
    return served.signatures


def images(batch, height, width, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (batch, height, width, 3), np.uint8)


def png_files(pictures):
    return tf.constant(
        [cv2.imencode(".png", picture)[1].tobytes() for picture in pictures]
    )


def run_command(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "gocor_tf.export.saved_model", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=600,
    )


def test_command_writes_what_is_served_without_keras(tmp_path):
    keras.utils.set_random_seed(1)
    model = models.load_model("default", weights=None)
    model.save_weights(tmp_path / "random.weights.h5")
    version = tmp_path / "exported" / "default" / "1"
    result = run_command(
        f"--weights={tmp_path}/random.weights.h5",
        f"--output_dir={tmp_path}/exported",
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == str(version)

    pair = {"reference": images(2, 40, 56), "query": images(2, 64, 33, seed=1)}
    np.savez(tmp_path / "requests.npz", **pair)
    subprocess.run(
        [sys.executable, "-c", SERVE, version]
        + [tmp_path / "requests.npz", tmp_path / "answers.npz"],
        cwd=tmp_path,
        check=True,
        timeout=600,
    )
    answers = np.load(tmp_path / "answers.npz")
    flow = model(pair)["flow"]
    for name in ("serving_default", "serving_uint8"):
        # px. The optimised graph rounds in another order.
        np.testing.assert_allclose(answers[f"{name}/flow"], flow, atol=1e-3)
        confidence = answers[f"{name}/confidence"]
        assert confidence.shape == (2, 40, 56)
        assert 0 <= confidence.min() < confidence.max() <= 1


@pytest.mark.parametrize(
    "name", ["serving_default", "serving_uint8", "serving_bytes"]
)
def test_signature_names_and_unknown_sizes(signatures, name):
    signature = signatures[name]
    _, inputs = signature.structured_input_signature
    assert set(inputs) == {"reference", "query"}
    dims = [None] if name == "serving_bytes" else [None, None, None, 3]
    assert inputs["reference"].shape.as_list() == dims
    assert set(signature.structured_outputs) == {"flow", "confidence"}


def test_confidence_is_that_of_the_way_there_and_back(signatures):
    answer = signatures["serving_uint8"](
        reference=images(1, 8, 10), query=images(1, 8, 10)
    )
    # There and back end 4 px to the right of the start, in 10 px of width:
    # 102.4 of 256. The last two columns match nothing.
    assert answer["confidence"].shape == (1, 8, 10)
    np.testing.assert_allclose(
        answer["confidence"][0, :, :8], 1 / (1 + 102.4), rtol=1e-5
    )
    np.testing.assert_array_equal(answer["confidence"][0, :, 8:], 0)


def test_confidence_is_the_networks_own_where_it_gives_one(tmp_path):
    network = SureShift()
    network.build()
    version = saved_model.write_version(network, tmp_path, "sure")
    match = tf.saved_model.load(str(version)).signatures["serving_uint8"]
    answer = match(reference=images(1, 8, 10), query=images(1, 9, 7))
    assert answer.keys() == {"flow", "confidence"}
    np.testing.assert_array_equal(answer["confidence"], np.ones((1, 8, 10)))


@pytest.mark.slow
def test_pdcnet_answers_with_its_probability(tmp_path):
    keras.utils.set_random_seed(0)
    network = models.PDCNet(backbone="compact", width=0.125)
    network.build()
    version = saved_model.write_version(network, tmp_path, "pdcnet")
    match = tf.saved_model.load(str(version)).signatures["serving_uint8"]
    pair = {"reference": images(1, 40, 56), "query": images(1, 30, 60, 1)}
    np.testing.assert_allclose(
        match(**pair)["confidence"], network(pair)["confidence"], atol=1e-4
    )


def test_files_give_what_their_pixels_give(signatures):
    reference, query = images(3, 8, 10), images(3, 12, 9, seed=1)
    by_file = signatures["serving_bytes"](
        reference=png_files(reference), query=png_files(query)
    )
    by_pixel = signatures["serving_uint8"](reference=reference, query=query)
    for name, value in by_pixel.items():
        np.testing.assert_array_equal(by_file[name], value)


def test_jpeg_pixels_are_those_of_opencv():
    from gocor_tf.export import signatures

    smooth = cv2.GaussianBlur(images(1, 24, 32)[0], (0, 0), 3)
    file = cv2.imencode(".jpg", smooth)[1]
    decoded = signatures.decode_files(tf.constant([file.tobytes()]), "query")
    np.testing.assert_allclose(
        decoded[0], cv2.imdecode(file, cv2.IMREAD_COLOR)[..., ::-1], atol=1
    )


def test_pictures_of_unequal_size_are_refused(signatures):
    files = [*png_files(images(1, 8, 10)), *png_files(images(1, 8, 11))]
    with pytest.raises(
        tf.errors.InvalidArgumentError,
        match="pictures of `query` must share one size",
    ):
        signatures["serving_bytes"](
            reference=png_files(images(2, 8, 10)), query=tf.stack(files)
        )


@pytest.mark.parametrize("keep", [0, 40])
def test_broken_file_is_refused(signatures, keep):
    file = cv2.imencode(".jpg", images(1, 8, 10)[0])[1].tobytes()[:keep]
    with pytest.raises(tf.errors.InvalidArgumentError):
        signatures["serving_bytes"](
            reference=png_files(images(1, 8, 10)), query=tf.constant([file])
        )


def test_unequal_batches_are_refused(signatures):
    with pytest.raises(
        tf.errors.InvalidArgumentError, match="same number of pictures"
    ):
        signatures["serving_uint8"](
            reference=images(1, 8, 10), query=images(2, 8, 10)
        )


def test_values_that_are_not_finite_are_refused(signatures):
    query = np.full((1, 8, 10, 3), np.nan, np.float32)
    with pytest.raises(
        tf.errors.InvalidArgumentError, match="`query` must be finite"
    ):
        signatures["serving_default"](
            reference=np.zeros_like(query), query=query
        )


def test_version_is_the_next_free_integer(network, tmp_path):
    first = saved_model.write_version(network, tmp_path, "shift")
    assert first == tmp_path / "shift" / "1"
    (first.parent / "9").mkdir()
    (first.parent / "notes").mkdir()
    assert saved_model.write_version(network, tmp_path, "shift").name == "10"
    assert sorted(p.name for p in first.parent.iterdir()) == [
        "1",
        "10",
        "9",
        "notes",
    ]


def test_failed_export_leaves_nothing(network, tmp_path, monkeypatch):
    def fail(path, target):
        assert (path / "saved_model.pb").is_file()
        raise OSError("disk full")

    monkeypatch.setattr(pathlib.Path, "rename", fail)
    with pytest.raises(OSError, match="disk full"):
        saved_model.write_version(network, tmp_path, "shift")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_no_folder_is_wrong_usage():
    result = run_command()
    assert result.returncode == 2
    assert "`--output_dir` must be given" in result.stderr.splitlines()[-1]


def test_other_backends_are_wrong_usage():
    pytest.importorskip("jax")
    result = run_command("--output_dir=y", KERAS_BACKEND="jax")
    assert result.returncode == 2
    assert "must be tensorflow" in result.stderr.splitlines()[-1]


def test_folder_that_cannot_be_used_is_status_1(tmp_path):
    (tmp_path / "file").write_text("")
    result = run_command("--weights=random", f"--output_dir={tmp_path}/file")
    assert result.returncode == 1
    assert "`--output_dir` must be a folder" in result.stderr.splitlines()[-1]
