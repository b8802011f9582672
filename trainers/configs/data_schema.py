"""The training configuration's part about data; see `schema`."""

import dataclasses


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
        gentle_probability: share of pairs whose warp is weak.
        gentlest: smallest factor on all that such a warp does.
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
    gentle_probability: float = 0.0
    gentlest: float = 0.03
    view_extent: tuple[float, ...] = (0.6, 1.0)
    view_aspect: float = 1.4
    min_in_view: float = 0.3


@dataclasses.dataclass
class AppearanceConfig:
    """The fields of `gocor_tf.data.augmentation.AppearanceRanges`.

    Attributes:
        probability: share of images whose appearance is changed; 0: none.
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
        jpeg_probability: share of images with JPEG's artefacts.
        jpeg_quality: range of JPEG's quality, 1..100.
    """

    probability: float = 1.0
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
    jpeg_probability: float = 0.0
    jpeg_quality: tuple[int, ...] = (30, 90)


@dataclasses.dataclass
class FreeWarpConfig:
    """The fields of `gocor_tf.data.free_warps.FreeWarps` (spec 1.3, 1.4).

    Attributes:
        transformations: any of homography, affine, tps, affine_tps.
        view_size: side of the warped image, in pixels; its centre is cut out.
        shift: largest affine translation, in half sides.
        scale: affine scales are drawn from 1 +- this.
        angle: largest affine rotation and shear angle, in degrees.
        homography_shift: of each corner, in half sides.
        tps_shift: of each spline control point, in half sides.
        affine_tps_shift: the same, for splines followed by an affine warp.
        flip_probability: share of mirrored warps.
    """

    transformations: tuple[str, ...] = ("homography", "tps", "affine_tps")
    view_size: int = 750
    shift: float = 0.25
    scale: float = 0.45
    angle: float = 15.0
    homography_shift: float = 0.5
    tps_shift: float = 0.5
    affine_tps_shift: float = 0.15
    flip_probability: float = 0.0


@dataclasses.dataclass
class PerturbationConfig:
    """The fields of `gocor_tf.data.perturbations.PerturbationRanges`.

    Attributes:
        number: least and most places that are bent; (0, 0): none.
        mask_sigma: range of a place's standard deviation, in pixels.
        min_sigma: least smoothness of the bending, in image sides.
        sigma_range: added to it, times a number in 0..1.
        min_alpha: least strength of the bending, in image sides.
        alpha_range: added to it, times a number in 0..1.
    """

    number: tuple[int, ...] = (0, 0)
    mask_sigma: tuple[int, ...] = (3, 10)
    min_sigma: float = 0.1
    sigma_range: float = 0.04
    min_alpha: float = 1.0
    alpha_range: float = 0.4


@dataclasses.dataclass
class ObjectConfig:
    """The fields of `gocor_tf.data.moving_objects.ObjectRanges`.

    Attributes:
        number: objects in a pair that has any; 0: none.
        probability: share of pairs with objects.
        random_number: whether a pair has 1 to `number` of them.
        rotation: largest rotation, in degrees.
        scale: largest logarithm of the zoom, either way.
        coco_dir: folder of COCO (spec 1.7): its objects; "": objects cut out
            of the photographs themselves.
    """

    number: int = 0
    probability: float = 0.8
    random_number: bool = False
    rotation: float = 30.0
    scale: float = 0.3
    coco_dir: str = ""


@dataclasses.dataclass
class MegaDepthConfig:
    """The arguments of `gocor_tf.data.megadepth.MegaDepthPairs` (spec 5.4).

    Attributes:
        root: folder with `scene_info` and `Undistorted_SfM`; "": not used.
        share: of MegaDepth's pairs among all pairs, in 0..1.
        scenes: file that lists the training scenes, one a line; "": all.
        pairs_per_scene: most pairs of a scene in an epoch.
        min_overlap: least overlap of two images, in 0..1.
        max_overlap: largest overlap.
        exchange_probability: share of pairs whose images change places.
    """

    root: str = ""
    share: float = 0.5
    scenes: str = ""
    pairs_per_scene: int = 300
    min_overlap: float = 0.3
    max_overlap: float = 1.0
    exchange_probability: float = 0.5


@dataclasses.dataclass
class DataConfig:
    """Photographs, and how pairs are made of them.

    Attributes:
        image_dir: folder of photographs, subfolders included.
        records_dir: folder of pairs that `gocor-train --render` wrote; "":
            pairs are rendered while training.
        pair_list: CSV of unlabelled pairs, `reference,query`, relative to
            `image_dir`, for warp consistency; "": none.
        batch_size: pairs per step, over all replicas.
        size: side of the images of a pair, in pixels.
        law: how pairs are warped: "views" (ours, `warp`), "static" (the
            published laws, spec 1.1), "table" (the published CSV) or "free"
            (spec 1.3, `free_warp`).
        table: CSV file of the law "table".
        mask: where the loss counts: "valid" (the match is in view), "none"
            (everywhere), "zero_border", "occlusion" or "reprojection" (spec
            1.7.1).
        canvas_size: side of the piece of photograph behind a pair, in pixels
            (law "views").
        crop_range: range of that piece's side, in short sides.
        cache_megabytes: of decoded photographs kept in memory.
        num_workers: threads that prepare batches.
        prefetch: batches prepared ahead.
        warp: the geometry of pairs, law "views".
        free_warp: the geometry of pairs, law "free".
        perturbation: local bending of the reference.
        objects: things that move on their own.
        megadepth: real pairs with sparse ground truth, mixed in.
        appearance: the colours of pairs.
    """

    image_dir: str = ""
    records_dir: str = ""
    pair_list: str = ""
    batch_size: int = 8
    size: int = 256
    law: str = "views"
    table: str = ""
    mask: str = "valid"
    canvas_size: int = 352
    crop_range: tuple[float, ...] = (0.75, 1.0)
    cache_megabytes: int = 2048
    num_workers: int = 1
    prefetch: int = 4
    warp: WarpConfig = dataclasses.field(default_factory=WarpConfig)
    free_warp: FreeWarpConfig = dataclasses.field(
        default_factory=FreeWarpConfig
    )
    perturbation: PerturbationConfig = dataclasses.field(
        default_factory=PerturbationConfig
    )
    objects: ObjectConfig = dataclasses.field(default_factory=ObjectConfig)
    megadepth: MegaDepthConfig = dataclasses.field(
        default_factory=MegaDepthConfig
    )
    appearance: AppearanceConfig = dataclasses.field(
        default_factory=AppearanceConfig
    )
