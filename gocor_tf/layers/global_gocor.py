"""Globally optimized correspondence volume between all pairs of cells.

Truong et al., "GOCor: Bringing Globally Optimized Correspondence Volumes into
Your Neural Network", NeurIPS 2020, Sections 3.3 to 3.6.

The objective and its descent, and their symbols, are in
`gocor_tf.ops.global_objective`.

The published networks depart from the paper, and this layer follows them: the
step length is multiplied by a learned factor, `exp(log_step_length)`, and
`v-` is a fraction of `v+`.
"""

import math

import keras
from keras import ops

from gocor_tf.layers import filter_initializers
from gocor_tf.layers.distance_predictors import DistancePredictors
from gocor_tf.ops import distance_map, global_objective


@keras.saving.register_keras_serializable(package="gocor_tf")
class GlobalGOCor(keras.layers.Layer):
    """Correlates optimized reference filters with all query features.

    One filter for each reference cell is optimized by steepest descent to score
    high on its own cell and low on the others (GOCor, Eq. 5) and, with
    `query_objective`, to give a smooth volume on the query (Eq. 6); then its dot
    products with the query features are the volume. Gradient and step length
    are closed-form expressions, in float32 at least under any dtype policy, and
    derivatives pass through every iteration.

    Args:
        num_iterations: number of steepest-descent iterations; 0 correlates the
            initial filters.
        initializer: "flexible_context_aware", "context_aware",
            "flexible_simple", "simple" or "zero".
        query_objective: whether to add the query term. Without it, each filter
            has a step length of its own; with it, each pair of images.
        reference_objective: "robust", or "regression" for plain linear
            regression to 1 on the own cell and 0 elsewhere, which ignores the
            five arguments of `DistancePredictors` below.
        init_step_length: initial factor on the step length.
        init_filter_reg: initial weight of the ridge term, before squaring.
        min_filter_reg: lower bound of that weight.
        step_length_reg: damping of the step length.
        num_dist_bins: see `DistancePredictors`, as the next five.
        bin_displacement: see `DistancePredictors`.
        init_gauss_sigma: see `DistancePredictors`.
        v_minus_act: see `DistancePredictors`.
        v_minus_init_factor: see `DistancePredictors`.
        train_label_map: see `DistancePredictors`.
        reg_kernel_size: size of the two kernels of the query term; odd.
        reg_inter_dim: number of channels between the two kernels.
        reg_output_dim: number of channels after both kernels.
        score_eta: width of the smooth score activation (Eq. 4b); 0 is the kink.
        **kwargs: arguments of `keras.layers.Layer`.

    Call arguments:
        reference_features: `(batch, height, width, channels)`, as a rule of
            unit length.
        query_features: `(batch, query_height, query_width, channels)`.
        num_iterations: overrides the constructor's.

    Returns:
        `(batch, height, width, query_height * query_width)`: scores of the
        filter of each reference cell on all query cells, row-major.

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
        reg_kernel_size=3,
        reg_inter_dim=16,
        reg_output_dim=16,
        score_eta=0.0,
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
        self.reg_kernel_size = reg_kernel_size
        self.reg_inter_dim = reg_inter_dim
        self.reg_output_dim = reg_output_dim
        self.score_eta = score_eta
        _check_options(self.get_config())
        dtype = self._descent_dtype()
        self.filter_initializer = filter_initializers.get_global(
            initializer, dtype=dtype, name="filter_initializer"
        )
        self.distance_predictors = None
        if reference_objective == "robust":
            self.distance_predictors = DistancePredictors(
                num_dist_bins,
                bin_displacement,
                init_gauss_sigma,
                v_minus_act,
                v_minus_init_factor,
                train_label_map,
                dtype=dtype,
                name="distance_predictors",
            )

    def build(self, reference_features_shape, query_features_shape):
        _check_shapes(reference_features_shape, query_features_shape)
        self.filter_initializer.build(reference_features_shape)
        if self.distance_predictors is not None:
            self.distance_predictors.build((None, None))
        self.log_step_length = self._add_scalar(
            "log_step_length", math.log(self.init_step_length)
        )
        self.filter_reg = self._add_scalar("filter_reg", self.init_filter_reg)
        if self.query_objective:
            size, inner = self.reg_kernel_size, self.reg_inter_dim
            self.weight1 = self._add_kernel("weight1", (size, size, 1, inner))
            self.weight2 = self._add_kernel(
                "weight2", (size, size, inner, self.reg_output_dim)
            )

    def call(self, reference_features, query_features, num_iterations=None):
        if num_iterations is None:
            num_iterations = self.num_iterations
        _check_num_iterations(num_iterations)
        objective = self._objective(reference_features, query_features)
        filters = global_objective.descend(
            objective,
            _flatten(self.filter_initializer(reference_features)),
            num_iterations,
            ops.exp(ops.cast(self.log_step_length, objective.reference.dtype)),
            self.step_length_reg,
        )
        volume = global_objective.scores(filters, objective.query)
        height, width, query_height, query_width = objective.grids
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

    def objective(self, filter_map, reference_features, query_features):
        """Evaluates what the descent minimizes.

        Args:
            filter_map: `(batch, height, width, channels)`.
            reference_features: as in the call.
            query_features: as in the call.

        Returns:
            Dict of scalars, summed over the batch: half the sums of squares
            "reference", "query" where it is used, "regularization", and their
            "total".
        """
        return global_objective.terms(
            self._objective(reference_features, query_features),
            self._filters(filter_map),
        )

    def gradient(self, filter_map, reference_features, query_features):
        """Derivative of the total objective with respect to the filter map.

        Args:
            filter_map: `(batch, height, width, channels)`.
            reference_features: as in the call.
            query_features: as in the call.

        Returns:
            Tensor of the shape of `filter_map`.
        """
        gradient = global_objective.gradient(
            self._objective(reference_features, query_features),
            self._filters(filter_map),
        )
        return ops.reshape(gradient, ops.shape(filter_map))

    def step_length(
        self, filter_map, gradient, reference_features, query_features
    ):
        """Length of the descent's step along the gradient.

        Args:
            filter_map: `(batch, height, width, channels)`.
            gradient: what `gradient` returns there.
            reference_features: as in the call.
            query_features: as in the call.

        Returns:
            `(batch, height, width, 1)`, or `(batch, 1, 1, 1)` with the query
            objective: the Gauss-Newton step times the learned factor.
        """
        objective = self._objective(reference_features, query_features)
        step = self._step_factor() * global_objective.step_length(
            objective,
            self._filters(filter_map),
            self._filters(gradient),
            self.step_length_reg,
        )
        size = (1, 1) if self.query_objective else objective.grids[:2]
        return ops.reshape(step, (-1, *size, 1))

    def get_config(self):
        return {
            **super().get_config(),
            "num_iterations": self.num_iterations,
            "initializer": self.initializer,
            "query_objective": self.query_objective,
            "reference_objective": self.reference_objective,
            "init_step_length": self.init_step_length,
            "init_filter_reg": self.init_filter_reg,
            "min_filter_reg": self.min_filter_reg,
            "step_length_reg": self.step_length_reg,
            "num_dist_bins": self.num_dist_bins,
            "bin_displacement": self.bin_displacement,
            "init_gauss_sigma": self.init_gauss_sigma,
            "v_minus_act": self.v_minus_act,
            "v_minus_init_factor": self.v_minus_init_factor,
            "train_label_map": self.train_label_map,
            "reg_kernel_size": self.reg_kernel_size,
            "reg_inter_dim": self.reg_inter_dim,
            "reg_output_dim": self.reg_output_dim,
            "score_eta": self.score_eta,
        }

    def _objective(self, reference_features, query_features):
        if not self.built:
            self.build(reference_features.shape, query_features.shape)
        _check_shapes(reference_features.shape, query_features.shape)
        height, width = ops.shape(reference_features)[1:3]
        ridge = ops.maximum(
            ops.square(self._cast(self.filter_reg)), self.min_filter_reg**2
        )
        label, weight, mask = (
            distance_map.unfold_offsets(values, height, width)
            for values in self._functions_of_offset(height, width)
        )
        query_term = {}
        if self.query_objective:
            query_term["weight1"] = self._cast(self.weight1)
            query_term["weight2"] = self._cast(self.weight2)
        return global_objective.GlobalObjective(
            self._filters(reference_features),
            self._filters(query_features),
            label,
            weight,
            mask,
            ridge,
            self.score_eta,
            (height, width, *ops.shape(query_features)[1:3]),
            **query_term,
        )

    def _functions_of_offset(self, height, width):
        """Label, weight and mask of the offset between filter and feature."""
        dtype = self._descent_dtype()
        distance = distance_map.offset_distances(height, width, dtype)
        if self.reference_objective == "robust":
            return self.distance_predictors(distance)
        one = ops.ones_like(distance)
        return ops.cast(distance == 0, dtype), one, one

