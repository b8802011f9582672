import html.parser
import re

import cv2
import numpy as np
import pytest

from gocor_tf.trainers.evaluation import page
from gocor_tf.trainers.evaluation.estimate import Estimate
from tests.trainers.evaluation.fake_pairs import (
    IMAGE,
    SIZE,
    constant_flow,
    moves_by,
    sample,
)

CAMERA = np.diag([100.0, 100, 1])


def _extremes(scores, rising=True, number=2):
    extremes = page.Extremes("aepe", rising, number)
    for index, score in enumerate(scores):
        extremes.update(index, {"aepe": score})
    return extremes.result()


def test_the_worst_and_the_best_pairs():
    worst, best = _extremes([3, 9, 1, 7, 2])
    assert worst == [(1, 9), (3, 7)]
    assert best == [(2, 1), (4, 2)]


def test_of_a_score_that_falls_the_smallest_are_worst():
    worst, best = _extremes([3, 9, 1, 7, 2], rising=False)
    assert worst == [(2, 1), (4, 2)]
    assert best == [(1, 9), (3, 7)]


def test_no_pair_is_shown_twice():
    worst, best = _extremes([3, 9, 1])
    assert worst == [(1, 9), (0, 3)] and best == [(2, 1)]
    assert _extremes([5]) == ([(0, 5)], [])


def test_of_equals_the_first_is_shown():
    assert _extremes([4, 4, 4, 4, 4]) == ([(0, 4), (1, 4)], [])


def test_pairs_without_a_score_are_not_shown():
    extremes = page.Extremes("aepe", True, 2)
    extremes.update(0, {"name": "a", "error": "gone"})
    extremes.update(1, {"aepe": None})
    assert extremes.result() == ([], [])


class _Reader(html.parser.HTMLParser):
    """Collects the addresses of pictures and all text."""

    def __init__(self):
        super().__init__()
        self.sources, self.texts = [], []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        assert tag not in ("link", "script")
        if tag == "img":
            self.sources.append(attributes["src"])

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture
def written(tmp_path):
    """Returns what is read from a page with a table and two pictures."""
    path = tmp_path / "index.html"
    picture = np.full((30, 40, 3), (200, 10, 10), np.uint8)
    page.write_page(
        path,
        "A <title>",
        [[["net", "AEPE"], ["a & b", "1.00"]]],
        {"pck": b"\x89PNG"},
        {"net, worst pairs": [("pair <1>", {"the flow": picture})]},
    )
    reader = _Reader()
    reader.feed(path.read_text())
    return reader


def test_the_page_needs_no_other_file(written):
    assert len(written.sources) == 2
    assert written.sources[0].startswith("data:image/png;base64,iVBORw")
    assert written.sources[1].startswith("data:image/jpeg;base64,")
    texts = "".join(written.texts)
    assert not re.search(r"https?:|url\(|@import", texts)


def test_texts_of_the_page_are_escaped(written):
    for text in ("A <title>", "a & b", "pair <1>", "net, worst pairs", "pck"):
        assert text in written.texts


def test_pictures_of_the_page_have_their_colours(tmp_path):
    picture = np.full((30, 40, 3), (200, 10, 10), np.uint8)
    jpeg = np.frombuffer(page._to_jpeg(picture), np.uint8)
    read = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)[..., ::-1]
    assert read.shape == (180, 240, 3)
    np.testing.assert_allclose(read[90, 120], (200, 10, 10), atol=4)


SEEN = ["reference", "query", "query seen from the reference", "flow"]


@pytest.mark.parametrize(
    ("truth", "more"),
    [
        ({}, []),
        ({"pose": (CAMERA, CAMERA, np.eye(4))}, []),
        ({"flow": constant_flow(1)}, ["true flow", "error, 0 to 10 px"]),
        ({"flow": constant_flow(np.nan)}, ["true flow", "error, 0 to 10 px"]),
        ({"points": np.ones((1, 2)), "flow": np.ones((1, 2))}, ["known poi"]),
        ({"masks": (np.ones(SIZE, bool), np.ones(SIZE, bool))}, ["object: t"]),
    ],
)
@pytest.mark.parametrize("confidence", [None, 0.5])
def test_a_pair_is_drawn_whatever_is_known(truth, more, confidence):
    if confidence is not None:
        more = ["confidence", *more]
    estimate = moves_by(1, 0, confidence)(IMAGE, IMAGE)
    drawn = page.draw_pair(sample(**truth), estimate)
    for label, start in zip(drawn, [*SEEN, *more], strict=True):
        assert label.startswith(start)
        assert drawn[label].dtype == np.uint8 and drawn[label].ndim == 3


def test_both_flows_have_the_same_colours():
    truth = constant_flow(2)
    truth[:, 6:] = 10, 0
    truth[0, 0] = np.nan
    flow = np.nan_to_num(truth)
    drawn = page.draw_pair(sample(flow=truth), Estimate(flow))
    np.testing.assert_array_equal(drawn["flow"][1:], drawn["true flow"][1:])
    # What is not known is black.
    assert not drawn["true flow"][0, 0].any()


def test_errors_have_a_colour_each():
    truth = constant_flow(0)
    truth[0], truth[1], truth[2] = (10, 0), (100, 0), np.nan
    drawn = page.draw_pair(sample(flow=truth), Estimate(constant_flow(0)))
    (error,) = (drawn[name] for name in drawn if name.startswith("error"))
    np.testing.assert_array_equal(error[0], error[1])
    assert (error[2] == 128).all()
    assert (error[0] != error[3]).any()


def test_points_are_drawn_where_they_should_and_do_go():
    reference = np.zeros((100, 120, 3), np.uint8)
    pair = {
        **sample(),
        "reference": reference,
        "query": reference,
        "points": np.array([[20.0, 50]]),
        "flow": np.array([[60.0, 0]]),
    }
    drawn = page.draw_pair(pair, Estimate(constant_flow(20, 0, (100, 120))))
    picture = drawn["known points: true match green, found red"]
    assert picture[50, 80].tolist() == list(page._TRUE)
    assert picture[50, 40].tolist() == list(page._FOUND)
    assert picture[50, 60].tolist() == list(page._BETWEEN)
    assert not picture[50, 20].any()


def test_objects_are_drawn_where_they_should_and_do_land():
    mask = np.zeros(SIZE, bool)
    mask[:, 4:8] = True
    estimate = Estimate(constant_flow(2))
    drawn = page.draw_pair(sample(masks=(mask, mask)), estimate)
    picture = drawn["object: true green, found red, both yellow"]
    # The query's columns 4..7 land on 2..5.
    colors = [tuple(picture[0, x].tolist()) for x in (0, 3, 5, 7)]
    assert colors == [(0, 0, 0), (127, 0, 0), (127, 127, 0), (0, 127, 0)]
