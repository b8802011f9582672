"""Networks whose answers are known, for the tests of the export."""

import keras


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


def create(network, shift=(2.0, 0.0)):
    """Returns a built `ConstantShift` or `SureShift`."""
    model = network()
    model.build()
    model.shift.assign(shift)
    return model
