"""Locally optimized correspondence volume between a pixel and a window.

Truong et al., "GOCor: Bringing Globally Optimized Correspondence Volumes into
Your Neural Network", NeurIPS 2020. Formulas and symbols are in
`gocor_tf.ops.local_objective`.
"""

import math

import keras
from keras import ops

from gocor_tf.layers import filter_initializers, gocor_options
from gocor_tf.layers.distance_predictors import DistancePredictors
from gocor_tf.ops import correlation, distance_map, local_objective


@keras.saving.register_keras_serializable(package="gocor_tf")
class LocalGOCor(keras.layers.Layer):
    """Correlates optimized reference filters with a window of the query.

    As `GlobalGOCor`, within a search radius: steepest descent shapes one filter
    for each reference pixel to score high on its own feature and low on the
    others in its window (GOCor, Eq. 5). Gradient and step length are
    closed-form, in float32 at least under any dtype policy; derivatives pass
    through every iteration. The published networks depart from the paper, and
    so does this layer: scores are means over channels, the weight on the
    squared filters is divided by the channels squared, a learned factor
    multiplies the step length, and `v-` is a learned fraction of `v+`.

    Args:
        num_iterations: number of steps; 0 correlates the initial filters.
        radius: search radius in pixels.
        initializer: "simple", "context_aware", "flexible_context_aware" or
            "zero".
        query_objective: whether the query term is added (GOCor, Eq. 6). There
            is one step length for each sample with it, for each filter without
            it.
        reference_objective: "robust", or "regression": plain linear regression
            to 1 on the own pixel and 0 elsewhere, without distance predictors
            and score activation.
        init_step_length: initial factor on the step length.
        init_filter_reg: initial root of the weight on the squared filters.
        min_filter_reg: lower bound of that root.
        step_length_reg: damping of the step length. The published local
            networks have none, whatever their settings say.
        num_dist_bins: see `DistancePredictors`, as the next five.
        bin_displacement: in pixels of the feature map.
        init_gauss_sigma: in pixels of the feature map.
        v_minus_act: "sigmoid", "linear" or "softplus".
        v_minus_init_factor: steepness of the initial mask.
        train_label_map: whether the label is trainable.
        score_eta: width of the smooth score activation (Eq. 4b); 0 is a kink.
        reg_kernel_size: size of the query term's two kernels, the first over
            the map, the second over the window; odd.
        reg_inter_dim: channels between the two kernels.
        reg_output_dim: channels after both.
        **kwargs: arguments of `keras.layers.Layer`.

    Call arguments:
        reference_features: `(batch, height, width, channels)`, as a rule not
            normalized. Calls may differ in channels, unless the initializer
            has weights per channel.
        query_features: same shape, for instance warped by a flow estimate.
        num_iterations: overrides the constructor's.

    Returns:
        `(batch, height, width, (2 * radius + 1)**2)`, as `LocalCorrelation`.

    Example:
        >>> features = keras.random.normal((1, 16, 16, 32))
        >>> volume = LocalGOCor(num_iterations=3)(features, features)
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
        gocor_options.check_options(self.get_config())
        if radius < 1:
            raise ValueError(f"`radius` must be > 0. Received: radius={radius}")
        self.filter_initializer = filter_initializers.get_local(
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
            self.distance_predictors.build(((2 * self.radius + 1) ** 2,))
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
        volume = correlation.local_correlation(
            filter_map, self._cast(query_features), self.radius
        )
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
        return local_objective.descend(
            self._objective(reference_features, query_features),
            self._cast(filter_map),
            num_iterations,
            self._step_factor(),
            self.step_length_reg,
        )

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
        return local_objective.terms(
            self._objective(reference_features, query_features),
            self._cast(filter_map),
        )

    def gradient(self, filter_map, reference_features, query_features):
        """Derivative of the total objective with respect to the filter map."""
        return local_objective.gradient(
            self._objective(reference_features, query_features),
            self._cast(filter_map),
        )

    def step_length(self, filter_map, reference_features, query_features):
        """Length of a step, `(batch, height, width, 1)` (GOCor, Eq. 8)."""
        return self._step_factor() * local_objective.step_length(
            self._objective(reference_features, query_features),
            self._cast(filter_map),
            self.step_length_reg,
        )

    def get_config(self):
        names = ("radius", *gocor_options.ARGUMENTS)
        return {**super().get_config(), **{n: getattr(self, n) for n in names}}

    def _objective(self, reference_features, query_features):
        shapes = reference_features.shape, query_features.shape
        gocor_options.check_features(*shapes)
        if not self.built:
            self.build(*shapes)
        ridge = ops.maximum(
            ops.square(ops.squeeze(self._cast(self.filter_reg))),
            self.min_filter_reg**2,
        )
        kernels = None
        if self.query_objective:
            kernels = self._cast(self.weight1), self._cast(self.weight2)
        return local_objective.create(
            self._cast(reference_features),
            self._cast(query_features),
            self.radius,
            functions=self._functions_of_displacement(),
            # Scores are means over channels, so filters grow with channels.
            ridge=ridge / reference_features.shape[-1] ** 2,
            score_eta=self.score_eta,
            kernels=kernels,
        )

    def _functions_of_displacement(self):
        """Label, weight and mask per displacement in the search window."""
        dtype = self._descent_dtype()
        distance = distance_map.window_distances(self.radius, dtype)
        if self.reference_objective == "robust":
            return self.distance_predictors(distance)
        one = ops.ones_like(distance)
        return ops.cast(ops.equal(distance, 0), dtype), one, one

    def _step_factor(self):
        return ops.exp(ops.squeeze(self._cast(self.log_step_length)))

    def _cast(self, tensor):
        return ops.cast(tensor, self._descent_dtype())

    def _descent_dtype(self):
        return keras.backend.result_type(self.compute_dtype, "float32")

    def _add_weight(self, name, shape, initializer):
        return self.add_weight(
            name=name, shape=shape, initializer=initializer, autocast=False
        )
