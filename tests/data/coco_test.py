import json

import cv2
import numpy as np
import pytest

from gocor_tf.data.coco import CocoCutOuts


def _annotation(**fields):
    # A rectangle of 50 x 40 pixels whose corner is at (10, 20).
    outline = [10, 20, 59, 20, 59, 59, 10, 59]
    return {
        "image_id": 7,
        "iscrowd": 0,
        "area": 2000.0,
        "segmentation": [outline],
        **fields,
    }


def _write(folder, annotations):
    (folder / "annotations").mkdir(parents=True)
    (folder / "images/train2014").mkdir(parents=True)
    image = np.full((80, 100, 3), (10, 20, 200), "uint8")  # BGR
    cv2.imwrite(str(folder / "images/train2014/a.png"), image)
    content = {
        "images": [{"id": 7, "file_name": "a.png"}],
        "annotations": annotations,
    }
    path = folder / "annotations/instances_train2014.json"
    path.write_text(json.dumps(content))


def test_an_object_is_its_outline_in_its_box(tmp_path):
    _write(tmp_path, [_annotation()])
    image = CocoCutOuts(tmp_path).cut_out(np.random.default_rng(0))
    assert image.shape == (40, 50, 4)
    assert np.all(image == (200, 20, 10, 255))


def test_parts_that_overlap_leave_no_hole(tmp_path):
    left, right = [10, 20, 39, 20, 39, 59, 10, 59], [20, 20, 59, 20, 59, 59]
    _write(tmp_path, [_annotation(segmentation=[left, [*right, 20, 59]])])
    image = CocoCutOuts(tmp_path).cut_out(np.random.default_rng(0))
    assert image.shape == (40, 50, 4)
    assert np.all(image[..., 3] == 255)


def test_crowds_and_small_things_are_left_out(tmp_path):
    others = [_annotation(iscrowd=1), _annotation(area=1300.0)]
    _write(tmp_path / "some", [*others, _annotation()])
    assert len(CocoCutOuts(tmp_path / "some")) == 1
    _write(tmp_path / "none", others)
    with pytest.raises(ValueError, match="must hold outlines of things"):
        CocoCutOuts(tmp_path / "none")


def test_unreadable_annotations_are_refused(tmp_path):
    with pytest.raises(ValueError, match="must hold COCO's annotations"):
        CocoCutOuts(tmp_path / "missing")
    _write(tmp_path / "broken", [])
    path = tmp_path / "broken/annotations/instances_train2014.json"
    for text in ("{", "[]", "{}"):
        path.write_text(text)
        with pytest.raises(ValueError, match="must hold COCO's annotations"):
            CocoCutOuts(tmp_path / "broken")


@pytest.mark.parametrize(
    "fields", [{"image_id": 8}, {"segmentation": [[1, 2, 3]]}]
)
def test_impossible_outlines_are_refused(tmp_path, fields):
    _write(tmp_path, [_annotation(**fields)])
    with pytest.raises(ValueError, match="must hold COCO's annotations"):
        CocoCutOuts(tmp_path)


def test_a_missing_image_is_named(tmp_path):
    _write(tmp_path, [_annotation()])
    (tmp_path / "images/train2014/a.png").unlink()
    with pytest.raises(ValueError, match="a.png"):
        CocoCutOuts(tmp_path).cut_out(np.random.default_rng(0))
