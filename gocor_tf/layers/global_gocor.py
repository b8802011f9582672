"""Globally optimized correspondence volume between all pairs of cells.

Truong et al., "GOCor: Bringing Globally Optimized Correspondence Volumes into
Your Neural Network", NeurIPS 2020. Formulas and symbols are in
`gocor_tf.ops.global_objective`.
"""

import math

import keras
from keras import ops

from gocor_tf.layers import filter_initializers, gocor_options
from gocor_tf.layers.distance_predictors import DistancePredictors
from gocor_tf.ops import distance_map, global_objective


@keras.saving.register_keras_serializable(package="gocor_tf")
class GlobalGOCor(keras.layers.Layer):
    """Correlates optimized reference filters with all query features.

    Steepest descent shapes one filter for each reference cell to score high on
    its own cell and low on the others (GOCor, Eq. 5) and, with the query
    objective, to give a smooth volume (Eq. 6). Gradient and step length are
    closed-form, in float32 at least under any dtype policy; derivatives pass
    through every iteration. As in the published networks, and unlike in the
    paper, a learned factor multiplies the step length, and `v-` is a learned
    fraction of `v+`.

    Args:
        num_iterations: number of steps; 0 correlates the initial filters.
        initializer: "flexible_context_aware", "context_aware",
            "flexible_simple", "simple" or "zero".
        query_objective: whether the query term is added. There is one step
            length for each sample with it, for each filter without it.
        reference_objective: "robust", or "regression": plain linear regression
            to 1 on the own cell and 0 elsewhere, without distance predictors
            and score activation.
        init_step_length: initial factor on the step length.
        init_filter_reg: initial root of the weight on the squared filters.
        min_filter_reg: lower bound of that root.
        step_length_reg: damping of the step length.
        num_dist_bins: see `DistancePredictors`, as the next five.
        bin_displacement: in feature cells.
        init_gauss_sigma: in feature cells.
        v_minus_act: "sigmoid", "linear" or "softplus".
        v_minus_init_factor: steepness of the initial mask.
        train_label_map: whether the label is trainable.
        score_eta: width of the smooth score activation (Eq. 4b); 0 is a kink.
        reg_kernel_size: size of the query term's two kernels, odd.
        reg_inter_dim: channels between the two kernels.
        reg_output_dim: channels after both.
        **kwargs: arguments of `keras.layers.Layer`.

    Call arguments:
        reference_features: `(batch, height, width, channels)`, as a rule of
            unit length.
        query_features: `(batch, query_height, query_width, channels)`.
        num_iterations: overrides the constructor's.

    Returns:
        `(batch, height, width, query_height * query_width)`: the scores of
        each reference cell's filter on the query cells, row-major.

    Example:
        >>> features = keras.random.normal((1, 8, 8, 32))
        >>> volume = GlobalGOCor(num_iterations=3)(features, features)
    """

    def __init__(
        self,
        num_iterations=3,
        initializer="flexible_context_aware",
        query_objective=True,
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
        reg_inter_dim=16,
        reg_output_dim=16,
        **kwargs,
    ):
        super().__init__(autocast=False, **kwargs)
        self.num_iterations = num_iterations
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
        gocor_options.check_options(self.get_config())
        self.filter_initializer = filter_initializers.get_global(
            initializer, dtype=self._descent_dtype(), name="filter_initializer"
        )
        if reference_objective == "robust":
            self.distance_predictors = DistancePredictors(
                num_dist_bins,
                bin_displacement,
                init_gauss_sigma,
                v_minus_act,
                v_minus_init_factor,
                train_label_map,
                dtype=self._descent_dtype(),
                name="distance_predictors",
            )

    def build(self, reference_features_shape, query_features_shape):
        gocor_options.check_features(
            reference_features_shape, query_features_shape
        )
        self.filter_initializer.build(reference_features_shape)
        constant = keras.initializers.Constant
        self.log_step_length = self._add_weight(
            "log_step_length", (1,), constant(math.log(self.init_step_length))
        )
        self.filter_reg = self._add_weight(
            "filter_reg", (1,), constant(self.init_filter_reg)
        )
        if self.reference_objective == "robust":
            self.distance_predictors.build((None, None))
        if self.query_objective:
            normal = keras.initializers.RandomNormal
            size, inner = self.reg_kernel_size, self.reg_inter_dim
            self.weight1 = self._add_weight(
                "weight1", (size, size, 1, inner), normal(stddev=1e-3)
            )
            self.weight2 = self._add_weight(
                "weight2",
                (size, size, inner, self.reg_output_dim),
                normal(stddev=1e-3),
            )

    def call(self, reference_features, query_features, num_iterations=None):
        filter_map = self.steepest_descent(
            self.filter_initializer(reference_features),
            reference_features,
            query_features,
            num_iterations,
        )
        volume = global_objective.scores(
            self._flatten(filter_map), self._flatten(query_features)
        )
        height, width = ops.shape(reference_features)[1:3]
        query_height, query_width = ops.shape(query_features)[1:3]
        volume = ops.reshape(
            volume, (-1, height, width, query_height * query_width)
        )
        return ops.cast(volume, self.compute_dtype)

    def compute_output_shape(
        self, reference_features_shape, query_features_shape
    ):
        height, width = query_features_shape[1:3]
        cells = None if None in (height, width) else height * width
        return (*reference_features_shape[:3], cells)

    def steepest_descent(
        self,
        filter_map,
        reference_features,
        query_features,
        num_iterations=None,
    ):
        """Optimizes a filter map.

        Args:
            filter_map: `(batch, height, width, channels)`, where to start.
            reference_features: as in the call.
            query_features: as in the call.
            num_iterations: as in the call.

        Returns:
            The filter map after the last step.
        """
        if num_iterations is None:
            num_iterations = self.num_iterations
        gocor_options.check_num_iterations(num_iterations)
        filters = global_objective.descend(
            self._objective(reference_features, query_features),
            self._flatten(filter_map),
            num_iterations,
            self._step_factor(),
            self.step_length_reg,
        )
        return ops.reshape(filters, ops.shape(filter_map))

    def objective(self, filter_map, reference_features, query_features):
        """Evaluates what the descent minimizes (GOCor, Eq. 7).

        Args:
            filter_map: `(batch, height, width, channels)`.
            reference_features: as in the call.
            query_features: as in the call.

        Returns:
            Dict of `(batch,)` tensors, half squared norms: "reference",
            "query" where it is used, "regularization" and "total".
        """
        return global_objective.terms(
            self._objective(reference_features, query_features),
            self._flatten(filter_map),
        )

    def gradient(self, filter_map, reference_features, query_features):
        """Derivative of the total objective with respect to the filter map."""
        gradient = global_objective.gradient(
            self._objective(reference_features, query_features),
            self._flatten(filter_map),
        )
        return ops.reshape(gradient, ops.shape(filter_map))

    def step_length(self, filter_map, reference_features, query_features):
        """Length of a step, `(batch, height, width, 1)` (GOCor, Eq. 8)."""
        step = self._step_factor() * global_objective.step_length(
            self._objective(reference_features, query_features),
            self._flatten(filter_map),
            self.step_length_reg,
        )
        step = ops.broadcast_to(step, ops.shape(self._flatten(filter_map)))
        return ops.reshape(step, ops.shape(filter_map))[..., :1]

    def get_config(self):
        arguments = {n: getattr(self, n) for n in gocor_options.ARGUMENTS}
        return {**super().get_config(), **arguments}

    def _objective(self, reference_features, query_features):
        shapes = reference_features.shape, query_features.shape
        gocor_options.check_features(*shapes)
        if not self.built:
            self.build(*shapes)
        height, width = ops.shape(reference_features)[1:3]
        label, weight, mask = (
            distance_map.unfold_offsets(values, height, width)
            for values in self._functions_of_offset(height, width)
        )
        query = self.query_objective
        return global_objective.GlobalObjective(
            reference=self._flatten(reference_features),
            query=self._flatten(query_features),
            grids=(height, width, *ops.shape(query_features)[1:3]),
            label=label,
            weight=weight,
            mask=mask,
            score_eta=self.score_eta,
            ridge=ops.maximum(
                ops.square(ops.squeeze(self._cast(self.filter_reg))),
                self.min_filter_reg**2,
            ),
            weight1=self._cast(self.weight1) if query else None,
            weight2=self._cast(self.weight2) if query else None,
        )

    def _functions_of_offset(self, height, width):
        """Label, weight and mask of the offset between filter and feature."""
        dtype = self._descent_dtype()
        distance = distance_map.offset_distances(height, width, dtype)
        if self.reference_objective == "robust":
            return self.distance_predictors(distance)
        one = ops.ones_like(distance)
        return ops.cast(ops.equal(distance, 0), dtype), one, one

    def _step_factor(self):
        return ops.exp(ops.squeeze(self._cast(self.log_step_length)))

    def _flatten(self, features):
        """Cells in a row, in the dtype of the descent."""
        _, height, width, channels = ops.shape(features)
        cells = ops.reshape(features, (-1, height * width, channels))
        return self._cast(cells)

    def _cast(self, tensor):
        return ops.cast(tensor, self._descent_dtype())

    def _descent_dtype(self):
        return keras.backend.result_type(self.compute_dtype, "float32")

    def _add_weight(self, name, shape, initializer):
        return self.add_weight(
            name=name, shape=shape, initializer=initializer, autocast=False
        )
