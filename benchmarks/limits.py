"""Where a matcher fails: one photograph against itself, seen ever harder.

    python benchmarks/limits.py --pictures=docs/images

draws `limits.png`, the scores against how hard it is made, and
`limits_failures.jpg`, the first step of each kind at which less than half of
the pixels are matched to within 5 px, or the hardest if there is none.
"""

import dataclasses
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from absl import flags  # noqa: E402

import gocor_tf  # noqa: E402
from gocor_tf import progress, views, visualization  # noqa: E402
from gocor_tf.data import atomic, packaged_pair, pictures  # noqa: E402
from gocor_tf.trainers import command_line, plots  # noqa: E402

# HPatches, v_dogman, MIT licence.
SIZE = 480, 640
RADIUS = 5.0
STEPS = {
    "zoom": (1, 1.5, 2, 3, 4, 6, 8),
    "turn, degrees": (0, 15, 45, 90, 135, 180),
    "tilt, degrees": (0, 20, 40, 50, 60, 70, 80),
    "blur, sigma in px": (0, 1, 2, 4, 8, 16),
    "share of light": (1, 0.5, 0.25, 0.12, 0.06, 0.03),
}
_NOISE = 4.0


@dataclasses.dataclass(frozen=True)
class Score:
    """How a step was matched, in percent of the pixels that are in view.

    Attributes:
        within: matched to within 5 px.
        sure: with a confidence above 0.5.
        right: of the sure ones, matched to within 5 px; NaN without any.
    """

    within: float
    sure: float
    right: float


def homography(kind, value):
    """Returns how the reference's pixels move, `(3, 3)`.

    Args:
        kind: of `STEPS`.
        value: how hard it is made.
    """
    height, width = SIZE
    matrix = np.eye(3)
    if kind.startswith("zoom"):
        matrix[:2, :2] *= value
    elif kind.startswith("turn"):
        cosine, sine = np.cos(np.radians(value)), np.sin(np.radians(value))
        matrix[:2, :2] = [[cosine, -sine], [sine, cosine]]
    elif kind.startswith("tilt"):
        # A plane turned about its vertical axis, its distance the width.
        cosine, sine = np.cos(np.radians(value)), np.sin(np.radians(value))
        matrix[0, 0] = cosine
        matrix[2, 0] = sine / width
    centre = np.eye(3)
    centre[:2, 2] = (width - 1) / 2, (height - 1) / 2
    return centre @ matrix @ np.linalg.inv(centre)


def appear(kind, value, image, generator):
    """Returns a query as blur or darkness show it, uint8 RGB."""
    if kind.startswith("blur") and value:
        return cv2.GaussianBlur(image, (0, 0), value)
    if kind.startswith("share of light"):
        noise = generator.normal(0, _NOISE, image.shape)
        return np.clip(np.rint(image * value + noise), 0, 255).astype(np.uint8)
    return image


def score(flow, confidence, truth):
    """Compares a flow with the homography that it should follow.

    Args:
        flow: `(height, width, 2)`, in px.
        confidence: `(height, width)`.
        truth: `(3, 3)`.

    Returns:
        A `Score`.
    """
    grid = views.pixel_grid(flow.shape[:2])
    matches = views.map_points(truth, grid)
    in_view = views.is_inside(matches, SIZE)
    within = np.linalg.norm(grid + flow - matches, axis=-1) <= RADIUS
    sure = in_view & (confidence > 0.5)
    return Score(
        100 * within[in_view].mean(),
        100 * sure[in_view].mean(),
        100 * within[sure].mean() if sure.any() else np.nan,
    )


def run(matcher):
    """Matches every step.

    Args:
        matcher: function of reference and query that returns a `Match`.

    Returns:
        Dict: kind -> list of (value, `Score`, `Match`).
    """
    reference = cv2.resize(
        pictures.to_image(packaged_pair.QUERY, "photograph"),
        SIZE[::-1],
        interpolation=cv2.INTER_AREA,
    )
    generator = np.random.default_rng(0)
    results = {kind: [] for kind in STEPS}
    steps = [(kind, value) for kind in STEPS for value in STEPS[kind]]
    for kind, value in progress.track(steps, "matching", len(steps)):
        truth = homography(kind, value)
        query = views.warp_image(reference, truth, SIZE)
        match = matcher(reference, appear(kind, value, query, generator))
        result = score(match.flow, match.confidence, truth)
        results[kind].append((value, result, match))
    return results


def draw_scores(results):
    """Draws the scores of each kind; returns a PNG file as bytes."""
    names = {
        "within": "within 5 px",
        "sure": "confidence > 0.5",
        "right": "of these within 5 px",
    }
    panels = []
    for kind, steps in results.items():
        values = [value for value, *_ in steps]
        lines = {
            title: (values, [getattr(found, name) for _, found, _ in steps])
            for name, title in names.items()
        }
        panels.append(plots.Panel("% of the pixels in view", lines, kind))
    return plots.draw(panels, num_columns=3)


def draw_failures(results):
    """Draws the first failure of each kind on a page, uint8 RGB."""
    rows = []
    for kind, steps in results.items():
        failed = [step for step in steps if step[1].within < 50]
        value, found, match = (failed or steps[-1:])[0]
        drawn = match.pictures()
        title = f"{kind} {value:g}: {found.within:.0f} % within 5 px"
        rows.append(
            {
                title: match.query,
                "seen from the reference": drawn["warped"],
                "overlay": drawn["overlay"],
                "confidence": visualization.confidence_to_color(
                    match.confidence
                ),
            }
        )
    return visualization.page(rows)


def define_flags():
    """Defines the command's flags."""
    flags.DEFINE_string("pictures", None, "Folder for the two pictures.")
    flags.DEFINE_string("weights", "preset", "Weights of the default network.")


def run_all(argv):
    """Prints the scores and draws the pictures."""
    command_line.check_no_arguments(argv)
    model = gocor_tf.load_model("default", flags.FLAGS.weights)
    results = run(gocor_tf.Matcher(model))
    for kind, steps in results.items():
        for value, found, _ in steps:
            print(
                f"{kind} {value:g}: {found.within:.1f} % within 5 px; "
                f"{found.sure:.1f} % sure, {found.right:.1f} % of them right"
            )
    if flags.FLAGS.pictures:
        folder = pathlib.Path(flags.FLAGS.pictures)
        atomic.write_bytes(folder / "limits.png", draw_scores(results))
        failures = draw_failures(results)[..., ::-1]
        jpeg = cv2.imencode(".jpg", failures, [cv2.IMWRITE_JPEG_QUALITY, 80])
        atomic.write_bytes(folder / "limits_failures.jpg", jpeg[1].tobytes())


if __name__ == "__main__":
    command_line.run(run_all, define_flags)
