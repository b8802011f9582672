"""Checks that every layer of the project has to pass."""

import os
import tempfile
import unittest

import keras
import numpy as np
from keras import ops, tree


class TestCase(unittest.TestCase):
    """Seeds every test, compares tensors, and runs the checks of a layer."""

    def setUp(self):
        keras.utils.set_random_seed(0)

    def assert_close(self, actual, expected, rtol=1e-5, atol=1e-5):
        """Compares tensors, or the leaves of two structures."""
        for left, right in zip(
            tree.flatten(actual), tree.flatten(expected), strict=True
        ):
            np.testing.assert_allclose(
                _numpy(left), _numpy(right), rtol=rtol, atol=atol
            )

    def run_layer_test(
        self,
        layer_class,
        init_kwargs,
        inputs,
        num_weights=None,
        tolerance=1e-4,
        mixed_tolerance=2e-2,
    ):
        """Runs a layer in every way that users run layers.

        Args:
            layer_class: the class.
            init_kwargs: its constructor arguments, JSON-serializable.
            inputs: dict of arrays, the arguments of its call by name, in the
                order of its call; channels last.
            num_weights: expected number of weights, if given.
            tolerance: absolute and relative, between ways in float32.
            mixed_tolerance: absolute and relative, of 16-bit computation.
        """
        self._inputs = {k: np.asarray(v) for k, v in inputs.items()}
        self._tolerance = {"rtol": tolerance, "atol": tolerance}
        layer = layer_class(**init_kwargs)
        expected = self._check_build(layer, num_weights)
        self._check_config(layer, expected)
        self._check_mixed_precision(layer, expected, mixed_tolerance)
        model = self._check_unknown_sizes(layer, expected)
        self._check_saving(model, expected)
        if keras.backend.backend() == "tensorflow":
            self._check_function(layer, expected)
            self._check_gradients(layer)
            self._check_export(model, expected)

    def _check_build(self, layer, num_weights):
        output = self._checked_output(layer)
        if num_weights is not None:
            self.assertEqual(len(layer.weights), num_weights)
        return output

    def _checked_output(self, layer):
        """Calls a layer whose output must be what it has announced."""
        output = layer(**self._tensors())
        spec = layer.compute_output_spec(
            **{
                name: keras.KerasTensor(value.shape, value.dtype)
                for name, value in self._inputs.items()
            }
        )
        tree.map_structure(self._check_spec, spec, output)
        return output

    def _check_spec(self, spec, output):
        self.assertEqual(tuple(spec.shape), tuple(output.shape))
        self.assertEqual(
            spec.dtype, keras.backend.standardize_dtype(output.dtype)
        )
        self.assertTrue(np.all(np.isfinite(_numpy(output))))

    def _check_config(self, layer, expected):
        config = keras.saving.serialize_keras_object(layer)
        copy = keras.saving.deserialize_keras_object(config)
        self.assertEqual(copy.get_config(), layer.get_config())
        copy(**self._tensors())
        copy.set_weights(layer.get_weights())
        self.assert_close(copy(**self._tensors()), expected, **self._tolerance)

    def _check_mixed_precision(self, layer, expected, tolerance):
        config = {**layer.get_config(), "dtype": "mixed_bfloat16"}
        copy = type(layer).from_config(config)
        copy(**self._tensors())
        copy.set_weights(layer.get_weights())
        output = self._checked_output(copy)
        self.assert_close(output, expected, rtol=tolerance, atol=tolerance)

    def _check_unknown_sizes(self, layer, expected):
        arguments = {
            name: keras.Input(
                (*[None] * (value.ndim - 2), value.shape[-1]), name=name
            )
            for name, value in self._inputs.items()
        }
        model = keras.Model(arguments, layer(**arguments))
        self.assert_close(model(self._tensors()), expected, **self._tolerance)
        return model

    def _check_saving(self, model, expected):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.keras")
            model.save(path)
            copy = keras.models.load_model(path)
        self.assert_close(copy(self._tensors()), expected, **self._tolerance)

    def _check_function(self, layer, expected):
        """Traces the layer with unknown sizes, and compiles it with XLA."""
        import tensorflow as tf

        signature = {
            name: tf.TensorSpec([None] * (value.ndim - 1) + [value.shape[-1]])
            for name, value in self._inputs.items()
        }
        traced = tf.function(
            lambda arguments: layer(**arguments), input_signature=[signature]
        )
        compiled = tf.function(
            lambda arguments: layer(**arguments), jit_compile=True
        )
        for function in traced, compiled:
            self.assert_close(
                function(self._tensors()), expected, **self._tolerance
            )

    def _check_gradients(self, layer):
        """Every input and every trainable weight has a finite gradient."""
        import tensorflow as tf

        arguments = {k: tf.constant(v) for k, v in self._inputs.items()}
        weights = [weight.value for weight in layer.trainable_weights]
        with tf.GradientTape() as tape:
            tape.watch(arguments)
            loss = sum(
                ops.sum(ops.square(output))
                for output in tree.flatten(layer(**arguments))
            )
        gradients = tape.gradient(loss, [*arguments.values(), *weights])
        for gradient in gradients:
            self.assertIsNotNone(gradient)
            self.assertTrue(np.all(np.isfinite(_numpy(gradient))))

    def _check_export(self, model, expected):
        import tensorflow as tf

        with tempfile.TemporaryDirectory() as folder:
            model.export(folder, verbose=False)
            loaded = tf.saved_model.load(folder)
            self.assert_close(
                loaded.serve(self._tensors()), expected, **self._tolerance
            )

    def _tensors(self):
        return {k: ops.convert_to_tensor(v) for k, v in self._inputs.items()}


def _numpy(tensor):
    return ops.convert_to_numpy(ops.cast(tensor, "float64"))
