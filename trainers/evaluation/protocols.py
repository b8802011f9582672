"""The published protocol of each data set (spec training.md, 6.2)."""

import dataclasses
import functools

from absl import app

from gocor_tf.data.evaluation_sets import (
    caltech101,
    eth3d,
    flying_chairs,
    flying_things,
    hpatches,
    kitti,
    megadepth_pairs,
    pf_pascal,
    pf_willow,
    robotcar,
    scannet,
    sintel,
    spair,
    tss,
    video_frames,
    yfcc100m,
)
from gocor_tf.models.presets import did_you_mean

from . import scoring

_PIXELS = (1, 3, 5)
_KEYPOINT_PIXELS = (1, 2, 3, 5, 8, 10, 13, 22, 36)
_ALPHAS = (0.01, 0.05, 0.1, 0.15)
_POSE_COLUMNS = ("map5", "map10", "map20", "auc5", "auc10", "auc20")


@dataclasses.dataclass(frozen=True)
class Protocol:
    """How a data set is scored and its scores are averaged.

    Attributes:
        title: what is printed above the table.
        reader: class of the evaluation set; None: a list of pairs.
        variants: of the reader, the published one first.
        columns: of the table; `x_of_pixels` is `x` averaged over all pixels
            of a group, `x` alone over its pairs.
        thresholds: of PCK, in px.
        alphas: of PCK-alpha.
        total: "pairs": over all; "groups": the plain mean of the groups.
        nests: attribute, such as the scene, over whose values the means of
            pairs are averaged once more; "": none.
        breakdowns: attributes with a table of their own.
        estimator: of poses, see `relative_pose.estimate_pose`.
        reads_matches: whether poses are estimated, as published, from the
            pixels of a flow that has a confidence; else, and for flows
            without one, from the keypoints that the method chooses.
        headline: the two columns that methods are compared by.
        worst_first: metric that orders the page of pairs.
        rising: whether more of that metric is worse.
    """

    title: str
    reader: type | None
    columns: tuple[str, ...]
    variants: tuple[str, ...] = ()
    thresholds: tuple[float, ...] = _PIXELS
    alphas: tuple[float, ...] = ()
    total: str = "pairs"
    nests: str = ""
    breakdowns: tuple[str, ...] = ()
    estimator: str = "ransac"
    reads_matches: bool = True
    headline: tuple[str, ...] = ("aepe", "pck5")
    worst_first: str = "aepe"
    rising: bool = True

    @functools.cached_property
    def pixel_metrics(self):
        """Metrics that can be averaged over pixels."""
        return (
            "aepe",
            *(f"pck{t:g}" for t in self.thresholds),
            *(f"pck_alpha_{a:g}" for a in self.alphas),
            "fl",
        )

    @functools.cached_property
    def always(self):
        """Metrics that a record has even where they are not defined."""
        return ("aepe", "median", *(f"pck{t:g}" for t in self.thresholds))

    @functools.cached_property
    def metrics(self):
        """All metrics of a record."""
        names = (
            *self.always,
            *self.pixel_metrics,
            *scoring.CONFIDENCE_METRICS,
            *scoring.POSE_METRICS,
            *scoring.MASK_METRICS,
        )
        return tuple(dict.fromkeys(names))

    def open(self, data_dir, variant):
        """Returns the evaluation set.

        Args:
            data_dir: its folder.
            variant: one of `variants`, or None: the published one.

        Raises:
            UsageError: if the set has no such variant, or needs the extra
                `evaluate`.
            ValueError: listing what the folder lacks.
        """
        if variant is not None and variant not in self.variants:
            choices = (
                f"be one of {', '.join(self.variants)}"
                if self.variants
                else "not be given: this data set has no variants"
            )
            raise app.UsageError(
                f"`--variant` must {choices}. Received: --variant={variant}"
            )
        options = () if variant is None else (variant,)
        try:
            return self.reader(data_dir, *options)
        except ImportError as error:
            raise app.UsageError(str(error)) from error


def _keypoints(title, reader):
    return Protocol(
        f"{title}, shorter side 480 px: AEPE mean over pairs, PCK over all "
        "keypoints",
        reader,
        ("aepe", "pck1_of_pixels", "pck3_of_pixels", "pck5_of_pixels"),
        thresholds=_KEYPOINT_PIXELS,
        headline=("aepe", "pck5_of_pixels"),
    )


def _kitti(title, reader):
    return Protocol(
        f"{title}, training split: AEPE mean over pairs, Fl over all pixels",
        reader,
        ("aepe", "fl_of_pixels", "pck1_of_pixels", "pck5_of_pixels"),
        variants=kitti.VARIANTS,
        headline=("aepe", "fl_of_pixels"),
    )


def _semantic(title, reader, **options):
    return Protocol(
        f"{title}: PCK at alpha, mean over pairs",
        reader,
        tuple(f"pck_alpha_{alpha:g}" for alpha in _ALPHAS),
        alphas=_ALPHAS,
        headline=("pck_alpha_0.05", "pck_alpha_0.1"),
        worst_first="pck_alpha_0.1",
        rising=False,
        **options,
    )


def _poses(title, reader):
    return Protocol(
        f"{title}: every fourth pixel, essential matrix by OpenCV's RANSAC at "
        "1 px; mAP and AUC at 5, 10 and 20 degrees",
        reader,
        _POSE_COLUMNS,
        headline=("map5", "map20"),
        worst_first="rotation_error",
    )


PROTOCOLS = {
    "hpatches": Protocol(
        "HPatches, 59 viewpoint sequences: mean over pairs",
        hpatches.HPatches,
        ("aepe", "pck1", "pck3", "pck5"),
        variants=hpatches.VARIANTS,
    ),
    "eth3d": Protocol(
        "ETH3D, frames 3 to 15 apart: mean over pairs, then over scenes",
        eth3d.ETH3D,
        ("aepe", "pck1", "pck3", "pck5"),
        nests="scene",
        total="groups",
    ),
    "megadepth": _keypoints(
        "MegaDepth, 1600 test pairs", megadepth_pairs.MegaDepthTest
    ),
    "robotcar": _keypoints("RobotCar, 6511 pairs", robotcar.RobotCar),
    "kitti2012": _kitti("KITTI 2012", kitti.Kitti2012),
    "kitti2015": _kitti("KITTI 2015", kitti.Kitti2015),
    "sintel": Protocol(
        "MPI-Sintel, training split: AEPE and PCK over all pixels",
        sintel.Sintel,
        (
            "aepe_of_pixels",
            "pck1_of_pixels",
            "pck3_of_pixels",
            "pck5_of_pixels",
        ),
        variants=sintel.VARIANTS,
        headline=("aepe_of_pixels", "pck5_of_pixels"),
        total="groups",
    ),
    "flyingchairs": Protocol(
        "FlyingChairs, validation split: mean over pairs",
        flying_chairs.FlyingChairs,
        ("aepe", "pck1", "pck3", "pck5"),
        variants=flying_chairs.VARIANTS,
    ),
    "flyingthings3d": Protocol(
        "FlyingThings3D, test split: mean over pairs",
        flying_things.FlyingThings,
        ("aepe", "pck1", "pck3", "pck5"),
        variants=flying_things.VARIANTS,
    ),
    "tss": _semantic("TSS, foreground", tss.TSS, total="groups"),
    "pfpascal": _semantic(
        "PF-Pascal, size of the image",
        pf_pascal.PFPascal,
        variants=pf_pascal.VARIANTS,
        breakdowns=("category",),
    ),
    "pfwillow": _semantic(
        "PF-Willow, box of the keypoints", pf_willow.PFWillow
    ),
    "spair": _semantic(
        "SPair-71k, box of the object",
        spair.SPair,
        variants=spair.VARIANTS,
        breakdowns=(
            "category",
            "viewpoint_variation",
            "scale_variation",
            "truncation",
            "occlusion",
        ),
    ),
    "caltech101": Protocol(
        "Caltech-101: transfer of the object's mask, mean over pairs",
        caltech101.Caltech101,
        scoring.MASK_METRICS,
        headline=scoring.MASK_METRICS,
        worst_first="iou",
        rising=False,
    ),
    "yfcc100m": _poses("YFCC100M, 4000 pairs", yfcc100m.Yfcc100m),
    "scannet": _poses("ScanNet, 1500 pairs", scannet.ScanNet),
    "video": Protocol(
        "video or folder of frames, all matched with the middle one: no truth",
        video_frames.VideoFrames,
        (),
        headline=("seconds",),
    ),
}
PAIRS = Protocol(
    "pairs.json: mean over the pairs of each group",
    None,
    (
        *("aepe", "median", "pck1", "pck3", "pck5", "pck10"),
        *("rotation_error", "translation_error", "auc5", "auc10", "auc20"),
    ),
    thresholds=(1, 3, 5, 10),
    estimator="magsac",
    reads_matches=False,
)


def find(name):
    """Returns the protocol of a data set.

    Args:
        name: value of `--dataset`.

    Raises:
        UsageError: if there is none of that name.
    """
    if name not in PROTOCOLS:
        raise app.UsageError(
            f"`--dataset` must be one of {', '.join(PROTOCOLS)}."
            f"{did_you_mean(name, PROTOCOLS)} Received: --dataset={name}"
        )
    return PROTOCOLS[name]
