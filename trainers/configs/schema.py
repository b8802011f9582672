"""The training configuration: plain dataclasses, each field with its unit.

Fields are overridden on the command line (`--config.data.batch_size=8`), so
their types are ones that flags can parse. Values are checked where they are
used, after the overrides.
"""

import dataclasses


@dataclasses.dataclass
class ModelConfig:
    """A preset, and what replaces its arguments; None keeps the preset's.

    Attributes:
        preset: name of the network, see `gocor_tf.presets()`.
        init_weights: `.weights.h5` file to start from, "preset" for the
            weights in the package, "imagenet" for those of a VGG-16 pyramid
            alone, which Keras downloads; "" starts from scratch.
        backbone: "compact" or "vgg16".
        global_correlation: "gocor" or "feature" (plain dot products).
        local_correlation: "gocor" or "feature".
        decoder: "residual" or "dense".
        width: factor on the decoders' channels.
        refinement: levels with a context network.
        global_gocor: arguments of `GlobalGOCor`, a dict.
        local_gocor: arguments of `LocalGOCor`, a dict.
    """

    preset: str = "default"
    init_weights: str = ""
    backbone: str | None = None
    global_correlation: str | None = None
    local_correlation: str | None = None
    decoder: str | None = None
    width: float | None = None
    refinement: tuple[int, ...] | None = None
    global_gocor: object = None
    local_gocor: object = None


@dataclasses.dataclass
class WarpConfig:
    """The fields of `gocor_tf.data.random_warps.WarpRanges`.

    Attributes:
        transformations: any of homography, affine, tps, affine_tps.
        transformation_weights: relative frequencies; None: all equal.
        homography_shift: of each view corner, in half view sides.
        affine_shift: translation, in half view sides.
        affine_scale: scales are drawn from 1 +- this.
        affine_angle: rotation and shear angle, in degrees.
        tps_shift: of each spline control point, in half view sides.
        affine_tps_shift: the same, for splines followed by an affine warp.
        shift: translation added to any warp, in half view sides.
        rotation: largest in-plane rotation, in degrees.
        rotation_probability: share of pairs that are rotated.
        zoom: largest zoom factor, either way.
        zoom_probability: share of pairs that are zoomed.
        view_extent: range of the wider view's side, in canvas sides.
        view_aspect: largest width-to-height ratio of a view.
        min_in_view: smallest share of the reference inside the query.
    """

    transformations: tuple[str, ...] = (
        "homography",
        "affine",
        "tps",
        "affine_tps",
    )
    transformation_weights: tuple[float, ...] | None = None
    homography_shift: float = 0.4
    affine_shift: float = 0.25
    affine_scale: float = 0.45
    affine_angle: float = 15.0
    tps_shift: float = 0.33
    affine_tps_shift: float = 0.15
    shift: float = 0.2
    rotation: float = 180.0
    rotation_probability: float = 0.0
    zoom: float = 4.0
    zoom_probability: float = 0.0
    view_extent: tuple[float, ...] = (0.6, 1.0)
    view_aspect: float = 1.4
    min_in_view: float = 0.3


@dataclasses.dataclass
class AppearanceConfig:
    """The fields of `gocor_tf.data.augmentation.AppearanceRanges`.

    Attributes:
        brightness: factors are drawn from 1 +- this.
        contrast: the same, around middle grey.
        saturation: the same, around the pixel's own grey.
        hue: largest rotation of the hue, in degrees.
        color_cast: gains of the channels are drawn from 1 +- this.
        tone: largest bend of the tone curve.
        grey_probability: share of images without colour.
        blur_probability: share of images that are blurred.
        blur: range of the blur's standard deviation, in pixels.
        noise: largest standard deviation of the noise, in grey levels.
    """

    brightness: float = 0.3
    contrast: float = 0.3
    saturation: float = 0.3
    hue: float = 15.0
    color_cast: float = 0.1
    tone: float = 0.4
    grey_probability: float = 0.1
    blur_probability: float = 0.3
    blur: tuple[float, ...] = (0.2, 1.5)
    noise: float = 6.0


@dataclasses.dataclass
class DataConfig:
    """Photographs, and how pairs are made of them.

    Attributes:
        image_dir: folder of photographs, subfolders included.
        batch_size: pairs per step, over all replicas.
        canvas_size: side of the piece of photograph behind a pair, in pixels.
        crop_range: range of that piece's side, in short sides.
        cache_megabytes: of decoded photographs kept in memory.
        num_workers: threads that prepare batches.
        prefetch: batches prepared ahead.
        warp: the geometry of pairs.
        appearance: the colours of pairs.
    """

    image_dir: str = ""
    batch_size: int = 8
    canvas_size: int = 352
    crop_range: tuple[float, ...] = (0.75, 1.0)
    cache_megabytes: int = 2048
    num_workers: int = 1
    prefetch: int = 4
    warp: WarpConfig = dataclasses.field(default_factory=WarpConfig)
    appearance: AppearanceConfig = dataclasses.field(
        default_factory=AppearanceConfig
    )


@dataclasses.dataclass
class LossConfig:
    """The objective.

    Attributes:
        level_weights: of the end-point loss, coarse to fine.
        matching_weight: of the auxiliary loss on the global volume; 0: none.
    """

    level_weights: tuple[float, ...] = (0.32, 0.08, 0.02)
    matching_weight: float = 0.0


@dataclasses.dataclass
class OptimizerConfig:
    """Gradient descent.

    Attributes:
        name: "adam" or "sgd".
        learning_rate: peak of the schedule, per step.
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
    """

    name: str = "adam"
    learning_rate: float = 1e-3
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
        devices: of the replicas, such as ("GPU:0", "GPU:1"); (): all GPUs.
        num_threads: CPU threads of TensorFlow; 0: one for each core.
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
    devices: tuple[str, ...] = ()
    num_threads: int = 0
    dtype_policy: str = "float32"
