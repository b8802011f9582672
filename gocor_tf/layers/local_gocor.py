"""Local GOCor: a local correspondence volume from steepest descent.

Truong et al., "GOCor: Bringing Globally Optimized Correspondence Volumes into
Your Neural Network", NeurIPS 2020.

| paper         | here                                                     |
|---------------|----------------------------------------------------------|
| `f^r`, `f^q`  | `reference_features`, `query_features`                   |
| `w`           | `filter_map`, or `filters` where cut into tiles          |
| `C(w, f)`     | `scores`: `correlation.local_correlation`                |
| `v+`, `v-`    | `weight`, `weight * mask`                                |
| `y`           | `weight * label`                                         |
| `R`           | `reg_kernel_1`, then `reg_kernel_2`                      |
| `lambda`      | `ridge`, squared and divided by channels squared         |
| `alpha`       | `step_length`                                            |
"""

import math

import keras
from keras import ops

from gocor_tf.layers import filter_initializers
from gocor_tf.layers.distance_predictors import DistancePredictors
from gocor_tf.layers.local_objective import LocalObjective
from gocor_tf.ops import correlation, distance_map, tiles

_ARGUMENTS = (
    "num_iterations",
    "radius",
    "initializer",
    "query_objective",
    "reference_objective",
    "init_step_length",
    "init_filter_reg",
    "min_filter_reg",
    "step_length_reg",
    "num_dist_bins",
    "bin_displacement",
    "init_gauss_sigma",
    "v_minus_act",
    "v_minus_init_factor",
    "train_label_map",
    "score_eta",
    "reg_kernel_size",
    "reg_inter_dim",
    "reg_output_dim",
)


@keras.saving.register_keras_serializable(package="gocor_tf")
class LocalGOCor(keras.layers.Layer):
    """Correlates a window of the query with optimized filters.

    Every reference pixel gets a filter that scores high on its own feature and
    low on the others in its search window. `num_iterations` steps of steepest
    descent find it, each with closed-form gradient and Gauss-Newton step
    length, always in float32 or better. Outer gradients pass through all steps.

    Example:
        ```python
        layer = LocalGOCor(num_iterations=3, radius=4)
        volume = layer(reference_features, query_features)
        ```

    Args:
        num_iterations: number of steps; 0 correlates with the initial filters.
        radius: search radius in pixels.
        initializer: "simple", "context_aware", "flexible_context_aware" or
            "zero".
        query_objective: whether a learned 4-D convolution of the query scores
            is minimized too (GOCor, Eq. 6). The step length is then one per
            sample instead of one per pixel.
        reference_objective: "robust" (GOCor, Eq. 5) or "regression", the plain
            squared distance of the scores to a delta, without weights.
        init_step_length: initial factor on the Gauss-Newton step length.
        init_filter_reg: initial ridge factor `lambda`.
        min_filter_reg: lower bound of the ridge factor.
        step_length_reg: extra ridge in the step length alone.
        num_dist_bins: see `DistancePredictors`, as the next five.
        bin_displacement: in feature cells.
        init_gauss_sigma: in feature cells.
        v_minus_act: "sigmoid" or "linear".
        v_minus_init_factor: steepness of the initial mask.
        train_label_map: whether the label is trainable.
        score_eta: width of the smooth score activation; 0 has a kink (GOCor,
            Eq. 4).
        reg_kernel_size: size of the query objective's kernels.
        reg_inter_dim: channels between its two convolutions.
        reg_output_dim: channels after them.

    Call arguments:
        reference_features: `(batch, height, width, channels)`, not normalized.
            Calls may differ in `channels` unless the initializer's weights
            depend on them.
        query_features: same shape.
        num_iterations: overrides the constructor's.

    Returns:
        `(batch, height, width, (2 * radius + 1)**2)`, as `LocalCorrelation`.
    """

    def __init__(
        self,
        num_iterations=3,
        radius=4,
        initializer="simple",
        query_objective=False,
        reference_objective="robust",
        init_step_length=1.0,
        init_filter_reg=1e-2,
        min_filter_reg=1e-5,
        step_length_reg=0.0,
        num_dist_bins=10,
        bin_displacement=0.5,
        init_gauss_sigma=1.0,
        v_minus_act="sigmoid",
        v_minus_init_factor=4.0,
        train_label_map=True,
        score_eta=0.0,
        reg_kernel_size=3,
        reg_inter_dim=1,
        reg_output_dim=1,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        self.num_iterations = num_iterations
        self.radius = radius
        self.initializer = initializer
        self.query_objective = query_objective
        self.reference_objective = reference_objective
        self.init_step_length = init_step_length
        self.init_filter_reg = init_filter_reg
        self.min_filter_reg = min_filter_reg
        self.step_length_reg = step_length_reg
        self.num_dist_bins = num_dist_bins
        self.bin_displacement = bin_displacement
        self.init_gauss_sigma = init_gauss_sigma
        self.v_minus_act = v_minus_act
        self.v_minus_init_factor = v_minus_init_factor
        self.train_label_map = train_label_map
        self.score_eta = score_eta
        self.reg_kernel_size = reg_kernel_size
        self.reg_inter_dim = reg_inter_dim
        self.reg_output_dim = reg_output_dim
        self._check_arguments()
        # The steepest descent stays float32 where the network is 16-bit.
        dtype = keras.backend.result_type(self.compute_dtype, "float32")
        self.filter_initializer = filter_initializers.get_local(
            initializer, dtype=dtype
        )
        if reference_objective == "robust":
            self.distance_predictors = DistancePredictors(
                num_dist_bins,
                bin_displacement,
                init_gauss_sigma,
                v_minus_act,
                v_minus_init_factor,
                train_label_map,
                name="distance_predictors",
                dtype=dtype,
            )

    def build(self, reference_features_shape, query_features_shape):
        self.filter_initializer.build(reference_features_shape)
        self.log_step_length = self._add_scalar(
            "log_step_length", math.log(self.init_step_length)
        )
        self.filter_reg = self._add_scalar("filter_reg", self.init_filter_reg)
        if self.reference_objective == "robust":
            self.distance_predictors.build(((2 * self.radius + 1) ** 2,))
        if self.query_objective:
            size, middle = self.reg_kernel_size, self.reg_inter_dim
            self.reg_weight1 = self._add_kernel("reg_weight1", size, 1, middle)
            self.reg_weight2 = self._add_kernel(
                "reg_weight2", size, middle, self.reg_output_dim
            )

    def call(self, reference_features, query_features, num_iterations=None):
        reference, query = self._cast(reference_features, query_features)
        filter_map = self.filter_initializer(reference)
        filter_map = self.steepest_descent(
            filter_map, reference, query, num_iterations
        )
        volume = correlation.local_correlation(filter_map, query, self.radius)
        return ops.cast(volume, self.compute_dtype)

    def compute_output_shape(
        self, reference_features_shape, query_features_shape
    ):
        return (*reference_features_shape[:-1], (2 * self.radius + 1) ** 2)

    def steepest_descent(
        self,
        filter_map,
        reference_features,
        query_features,
        num_iterations=None,
    ):
        """Optimizes a filter map.

        Args:
            filter_map: `(batch, height, width, channels)`, the start.
            reference_features: same shape.
            query_features: same shape.
            num_iterations: number of steps; None means the constructor's.

        Returns:
            The filter map after the last step.
        """
        if num_iterations is None:
            num_iterations = self.num_iterations
        _check_iterations(num_iterations)
        filters, objective = self._cut(
            filter_map, reference_features, query_features
        )
        scores = objective.scores(filters)
        for _ in range(num_iterations):
            gradient, step, change = self._step(objective, filters, scores)
            filters = filters - step * gradient
            # Scores are linear in the filters.
            scores = scores - step * change
        return tiles.join_tiles(filters, objective.height, objective.width)

    def objective(self, filter_map, reference_features, query_features):
        """Evaluates what the steepest descent minimizes (GOCor, Eq. 7).

        Args:
            filter_map: `(batch, height, width, channels)`.
            reference_features: same shape.
            query_features: same shape.

        Returns:
            Dict of `(batch,)` tensors: "reference", "query" where it is used,
            "regularization" and "total", each half a squared norm.
        """
        filters, objective = self._cut(
            filter_map, reference_features, query_features
        )
        return objective.terms(filters)

    def gradient(self, filter_map, reference_features, query_features):
        """Gradient of the objective by the filter map, in closed form.

        Args:
            filter_map: `(batch, height, width, channels)`.
            reference_features: same shape.
            query_features: same shape.

        Returns:
            Tensor of the shape of `filter_map`.
        """
        filters, objective = self._cut(
            filter_map, reference_features, query_features
        )
        gradient = objective.gradient(filters, objective.scores(filters))
        return tiles.join_tiles(gradient, objective.height, objective.width)

    def step_length(self, filter_map, reference_features, query_features):
        """Gauss-Newton step length times the learned factor (GOCor, Eq. 8).

        Args:
            filter_map: `(batch, height, width, channels)`.
            reference_features: same shape.
            query_features: same shape.

        Returns:
            `(batch, height, width, 1)`: per pixel, or equal over a sample with
            the query objective.
        """
        filters, objective = self._cut(
            filter_map, reference_features, query_features
        )
        _, step, _ = self._step(objective, filters, objective.scores(filters))
        step = ops.broadcast_to(step, (*ops.shape(filters)[:-1], 1))
        return tiles.join_tiles(step, objective.height, objective.width)

    def _step(self, objective, filters, scores):
        gradient = objective.gradient(filters, scores)
        change = objective.scores(gradient)
        step = objective.step_length(
            gradient, scores, change, self.step_length_reg
        )
        return gradient, ops.exp(self.log_step_length) * step, change

    def _cut(self, filter_map, reference_features, query_features):
        """Cuts a filter map into tiles and prepares the objective there."""
        filter_map, reference, query = self._cast(
            filter_map, reference_features, query_features
        )
        label, weight, mask = self._predict(filter_map.dtype)
        channels = ops.shape(filter_map)[-1]
        ridge = ops.maximum(
            ops.square(self.filter_reg), self.min_filter_reg**2
        )
        objective = LocalObjective(
            reference,
            query,
            radius=self.radius,
            label=label,
            weight=weight,
            mask=mask,
            eta=self.score_eta,
            ridge=ridge / channels**2,
            kernels=(self.reg_weight1, self.reg_weight2)
            if self.query_objective
            else None,
        )
        return tiles.cut_tiles(filter_map), objective

    def _predict(self, dtype):
        """Label, weight and mask per displacement."""
        distance = distance_map.window_distances(self.radius, dtype)
        if self.reference_objective == "robust":
            return self.distance_predictors(distance)
        label = ops.cast(ops.equal(distance, 0), dtype)
        return label, ops.ones_like(label), ops.ones_like(label)

    def _cast(self, *tensors):
        dtype = keras.backend.result_type(self.compute_dtype, "float32")
        return tuple(ops.cast(tensor, dtype) for tensor in tensors)

    def _add_scalar(self, name, value):
        return self.add_weight(
            name=name,
            shape=(1,),
            initializer=keras.initializers.Constant(value),
            autocast=False,
        )

    def _add_kernel(self, name, size, input_dim, output_dim):
        return self.add_weight(
            name=name,
            shape=(size, size, input_dim, output_dim),
            initializer=keras.initializers.RandomNormal(stddev=1e-3),
            autocast=False,
        )

    def get_config(self):
        arguments = {name: getattr(self, name) for name in _ARGUMENTS}
        return {**super().get_config(), **arguments}

    def _check_arguments(self):
        _check_iterations(self.num_iterations)
        for name in ("radius", "init_step_length"):
            if getattr(self, name) <= 0:
                raise ValueError(
                    f"`{name}` must be > 0. Received: "
                    f"{name}={getattr(self, name)}"
                )
        if self.score_eta < 0:
            raise ValueError(
                "`score_eta` must be >= 0. "
                f"Received: score_eta={self.score_eta}"
            )
        if self.reference_objective not in ("robust", "regression"):
            raise ValueError(
                '`reference_objective` must be "robust" or "regression". '
                f"Received: reference_objective={self.reference_objective!r}"
            )
        if self.reg_kernel_size % 2 == 0:
            raise ValueError(
                "`reg_kernel_size` must be odd. "
                f"Received: reg_kernel_size={self.reg_kernel_size}"
            )


def _check_iterations(num_iterations):
    if num_iterations < 0:
        raise ValueError(
            "`num_iterations` must be >= 0. "
            f"Received: num_iterations={num_iterations}"
        )
