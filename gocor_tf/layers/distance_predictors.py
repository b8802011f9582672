"""Label, weight and mask of the GOCor objective as functions of distance.

Truong et al., "GOCor: Bringing Globally Optimized Correspondence Volumes into
Your Neural Network", NeurIPS 2020, Section 3.4.

| paper        | here                                     |
|--------------|------------------------------------------|
| `d`          | `distance`                               |
| `v+`         | `spatial_weight_predictor` of the bins   |
| `v-`         | mask times `v+`                          |
| `y`          | label times `v+`                         |
"""

import keras
import numpy as np
from keras import ops

from gocor_tf.ops import distance_map


@keras.saving.register_keras_serializable(package="gocor_tf")
class DistancePredictors(keras.layers.Layer):
    """Predicts label, weight and mask from a distance, piecewise linearly.

    Each of the three is a learned linear combination of `num_dist_bins`
    triangular bins of the distance; the mask then passes `v_minus_act`.
    Computed in float32 at least, under any dtype policy.

    Args:
        num_dist_bins: number of distance bins; the last one is open.
        bin_displacement: spacing of the bins, in feature cells.
        init_gauss_sigma: standard deviation of the initial label, in feature
            cells; 0 starts from a label of 1 in the first bin alone.
        v_minus_act: activation of the mask: "sigmoid", "linear" or
            "softplus". All three start from the same mask.
        v_minus_init_factor: how steeply the initial mask falls off.
        train_label_map: whether the label is trainable.
        **kwargs: arguments of `keras.layers.Layer`.

    Call arguments:
        distance: tensor of any shape, non-negative, in feature cells.

    Returns:
        Three tensors of the shape of `distance`: label, weight and mask.

    Example:
        >>> label, weight, mask = DistancePredictors()(np.zeros((9, 9)))
    """

    def __init__(
        self,
        num_dist_bins=10,
        bin_displacement=0.5,
        init_gauss_sigma=1.0,
        v_minus_act="sigmoid",
        v_minus_init_factor=4.0,
        train_label_map=True,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        _check_options(
            num_dist_bins, bin_displacement, init_gauss_sigma, v_minus_act
        )
        self.num_dist_bins = num_dist_bins
        self.bin_displacement = bin_displacement
        self.init_gauss_sigma = init_gauss_sigma
        self.v_minus_act = v_minus_act
        self.v_minus_init_factor = v_minus_init_factor
        self.train_label_map = train_label_map

    def build(self, distance_shape):
        centres = np.arange(self.num_dist_bins) * self.bin_displacement
        if self.init_gauss_sigma == 0:
            label = (centres == 0).astype("float64")
        else:
            label = np.exp(-0.5 * (centres / self.init_gauss_sigma) ** 2)
        mask = self.v_minus_init_factor * np.tanh(2 - centres)
        if self.v_minus_act != "sigmoid":
            mask = 1 / (1 + np.exp(-mask))
        if self.v_minus_act == "softplus":
            mask = np.log(np.expm1(mask))
        self.label_map_predictor = self._add_predictor(
            "label_map_predictor", label - label.min(), self.train_label_map
        )
        self.spatial_weight_predictor = self._add_predictor(
            "spatial_weight_predictor", np.ones_like(centres)
        )
        self.target_mask_predictor = self._add_predictor(
            "target_mask_predictor", mask
        )

    def call(self, distance):
        dtype = keras.backend.result_type(self.compute_dtype, "float32")
        bins = distance_map.distance_bins(
            ops.cast(distance, dtype), self.num_dist_bins, self.bin_displacement
        )
        label, weight, mask = (
            ops.matmul(bins, ops.cast(predictor, dtype))
            for predictor in (
                self.label_map_predictor,
                self.spatial_weight_predictor,
                self.target_mask_predictor,
            )
        )
        return label, weight, keras.activations.get(self.v_minus_act)(mask)

    def compute_output_spec(self, distance):
        dtype = keras.backend.result_type(self.compute_dtype, "float32")
        return tuple(
            keras.KerasTensor(distance.shape, dtype=dtype) for _ in range(3)
        )

    def compute_output_shape(self, distance_shape):
        return (tuple(distance_shape),) * 3

    def get_config(self):
        return {
            **super().get_config(),
            "num_dist_bins": self.num_dist_bins,
            "bin_displacement": self.bin_displacement,
            "init_gauss_sigma": self.init_gauss_sigma,
            "v_minus_act": self.v_minus_act,
            "v_minus_init_factor": self.v_minus_init_factor,
            "train_label_map": self.train_label_map,
        }

    def _add_predictor(self, name, values, trainable=True):
        return self.add_weight(
            name=name,
            shape=(self.num_dist_bins,),
            initializer=lambda shape, dtype: ops.convert_to_tensor(
                values, dtype
            ),
            trainable=trainable,
            autocast=False,
        )


def _check_options(num_bins, bin_displacement, sigma, activation):
    if num_bins < 2:
        raise ValueError(
            "`num_dist_bins` must be at least 2. "
            f"Received: num_dist_bins={num_bins}"
        )
    if bin_displacement <= 0:
        raise ValueError(
            "`bin_displacement` must be > 0. "
            f"Received: bin_displacement={bin_displacement}"
        )
    if sigma < 0:
        raise ValueError(
            "`init_gauss_sigma` must be >= 0. "
            f"Received: init_gauss_sigma={sigma}"
        )
    if activation not in ("sigmoid", "linear", "softplus"):
        raise ValueError(
            '`v_minus_act` must be "sigmoid", "linear" or "softplus". '
            f"Received: v_minus_act={activation!r}"
        )
