"""The training configuration: plain dataclasses, each field with its unit.

Fields are overridden on the command line (`--config.data.batch_size=8`), so
their types are ones that flags can parse. Values are checked where they are
used, after the overrides.
"""

import dataclasses

from gocor_tf.trainers.configs.data_schema import DataConfig


@dataclasses.dataclass
class ModelConfig:
    """A preset, and what replaces its arguments; None keeps the preset's.

    Attributes:
        preset: name of the network, see `gocor_tf.presets()`.
        init_weights: `.weights.h5` file to start from, "preset" for the
            weights in the package, "imagenet" for those of a VGG-16 pyramid
            alone, which Keras downloads; "" starts from scratch.
        partial: whether `init_weights` may be a file of another network:
            arrays of the same name and shape are taken, and the run says
            which were not.
        train_backbone: whether the feature pyramids are trained.
        num_iterations: of GOCor, or None.
        backbone: "compact" or "vgg16".
        global_correlation: "gocor", "feature" (plain dot products) or
            "nc_net".
        local_correlation: "gocor" or "feature".
        decoder: "residual" or "dense".
        width: factor on the decoders' channels.
        refinement: levels with a context network.
        two_pyramids: whether each resolution has a pyramid of its own.
        global_gocor: arguments of `GlobalGOCor`, a dict.
        local_gocor: arguments of `LocalGOCor`, a dict.
    """

    preset: str = "default"
    init_weights: str = ""
    partial: bool = False
    train_backbone: bool = True
    num_iterations: int | None = None
    backbone: str | None = None
    global_correlation: str | None = None
    local_correlation: str | None = None
    decoder: str | None = None
    width: float | None = None
    refinement: tuple[int, ...] | None = None
    two_pyramids: bool | None = None
    global_gocor: object = None
    local_gocor: object = None


@dataclasses.dataclass
class LossConfig:
    """The objective.

    Attributes:
        name: "endpoint_error", "l1", "charbonnier", "negative_log_likelihood"
            (networks with a confidence) or "warp_consistency" (unlabelled
            pairs, spec 3.6).
        flow_first: fraction of all steps in which the end-point error is
            minimised, before the negative log-likelihood.
        level_weights: of the levels, coarse to fine.
        upsample: whether predictions are enlarged to the ground truth's size
            (sparse ground truth) instead of the ground truth being reduced.
        matching_weight: of the auxiliary loss on the global volume; 0: none.
        supervision_ratio: of the warp-supervision term to the bipath term
            (warp consistency).
        visibility: whether the bipath term leaves out occluded pixels.
        visibility_slope: `a1` of the visibility test.
        visibility_offset: `a2` of the visibility test, in px squared.
    """

    name: str = "endpoint_error"
    flow_first: float = 0.0
    level_weights: tuple[float, ...] = (0.32, 0.08, 0.02)
    upsample: bool = False
    matching_weight: float = 0.0
    supervision_ratio: float = 1.0
    visibility: bool = False
    visibility_slope: float = 0.03
    visibility_offset: float = 0.5


@dataclasses.dataclass
class OptimizerConfig:
    """Gradient descent.

    Attributes:
        name: "adam" or "sgd".
        learning_rate: peak of the schedule, per step.
        backbone_learning_rate: the same for the feature pyramids; 0: as
            `learning_rate`.
        schedule: "cosine" (down to `final_learning_rate`), "step" (times
            `decay_factor` at each milestone) or "constant".
        warmup: fraction of all steps with a linearly rising learning rate.
        final_learning_rate: fraction of the peak left at the end ("cosine").
        milestones: fractions of all steps ("step").
        decay_factor: factor at each milestone ("step").
        beta_1: decay of Adam's first moment, per step.
        beta_2: decay of Adam's second moment, per step.
        epsilon: added to the root of Adam's second moment.
        weight_decay: L2 penalty added to the gradient, per unit of weight.
        clip_norm: largest global norm of the gradient; 0: no limit.
        accumulation: parts that a batch is taken in, one after the other.
        average_decay: of the moving average of the weights and the batch
            statistics, which is what is validated and saved; 0: no average.
    """

    name: str = "adam"
    learning_rate: float = 1e-3
    backbone_learning_rate: float = 0.0
    schedule: str = "cosine"
    warmup: float = 0.02
    final_learning_rate: float = 0.01
    milestones: tuple[float, ...] = (0.6, 0.8)
    decay_factor: float = 0.5
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    clip_norm: float = 0.0
    accumulation: int = 1
    average_decay: float = 0.0


@dataclasses.dataclass
class ValidationConfig:
    """Held-out photographs and the fixed pairs made of them.

    Attributes:
        every: one photograph in so many is held out from training.
        num_pairs: pairs made of the held-out ones.
        interval: steps between validations.
        thresholds: of PCK, in pixels of the 256 x 256 images.
    """

    every: int = 20
    num_pairs: int = 64
    interval: int = 1000
    thresholds: tuple[float, ...] = (1.0, 3.0, 5.0)


@dataclasses.dataclass
class TrainConfig:
    """One training run.

    Attributes:
        model: the network.
        data: photographs and pairs.
        loss: the objective.
        optimizer: gradient descent.
        validation: held-out photographs.
        num_steps: steps of the whole run; the schedule depends on it.
        checkpoint_every: steps between checkpoints.
        keep_checkpoints: newest checkpoints kept.
        log_every: steps between lines of progress.
        picture_every: steps between TensorBoard pictures; 0: none.
        tensorboard: whether to write TensorBoard files (TensorFlow only).
        seed: of weights and pairs.
        deterministic: whether equal runs give equal bits.
        synchronize_batch_norm: whether replicas share batch statistics.
        strategy: "auto" (all workers where `TF_CONFIG` names several, else
            all devices), "mirrored", "multiworker", "tpu" or "one".
        devices: of the replicas, such as ("GPU:0", "GPU:1"); (): all GPUs.
        worker_timeout: seconds to wait for the other workers.
        num_threads: CPU threads of TensorFlow; 0: one for each core.
        jit_compile: whether XLA compiles the training step (TensorFlow; JAX
            always does).
        max_skipped_steps: steps in a row whose gradient is not finite before
            the run stops.
        dtype_policy: "float32", "mixed_bfloat16", "mixed_float16", or
            "float64" to check numerics.
    """

    model: ModelConfig = dataclasses.field(default_factory=ModelConfig)
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    loss: LossConfig = dataclasses.field(default_factory=LossConfig)
    optimizer: OptimizerConfig = dataclasses.field(
        default_factory=OptimizerConfig
    )
    validation: ValidationConfig = dataclasses.field(
        default_factory=ValidationConfig
    )
    num_steps: int = 20000
    checkpoint_every: int = 500
    keep_checkpoints: int = 3
    log_every: int = 50
    picture_every: int = 1000
    tensorboard: bool = True
    seed: int = 0
    deterministic: bool = False
    synchronize_batch_norm: bool = True
    strategy: str = "auto"
    devices: tuple[str, ...] = ()
    worker_timeout: float = 300.0
    num_threads: int = 0
    jit_compile: bool = False
    max_skipped_steps: int = 50
    dtype_policy: str = "float32"
