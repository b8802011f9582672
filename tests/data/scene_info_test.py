import builtins
import pathlib
import pickle
import zipfile

import numpy as np
import pytest

from gocor_tf.data import scene_info


def _objects(values):
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _write(path, overlap, images=None, depths=None, points=None):
    number = len(overlap)
    images = [f"{i}.jpg" for i in range(number)] if images is None else images
    np.savez(
        path,
        image_paths=_objects(images),
        depth_paths=_objects(images if depths is None else depths),
        overlap_matrix=np.array(overlap, "float32"),
        points3D_id_to_2D=_objects(points or [{}] * number),
    )
    return path


def _drawn(scene, seed=0, number=100):
    return sorted(map(tuple, scene.draw(seed, number).tolist()))


def test_overlap_is_above_the_least_and_at_most_the_largest(tmp_path):
    overlap = [[1.0, 0.25, 0.5], [0.75, 1.0, 0.875], [0.375, 0.0, 1.0]]
    path = _write(tmp_path / "a.npz", overlap)
    # Strictly above 0.25; an image is never paired with itself (spec 5.4).
    scene = scene_info.Scene(path, 0.25, 0.75)
    assert _drawn(scene) == [(0, 2), (1, 0), (2, 0)]
    assert len(scene) == 3


@pytest.mark.parametrize("missing", ["images", "depths"])
def test_images_without_a_path_are_dropped(tmp_path, missing):
    names = {missing: ["0.jpg", None, "2.jpg"]}
    path = _write(tmp_path / "a.npz", np.full((3, 3), 0.5), **names)
    assert _drawn(scene_info.Scene(path, 0.3, 1.0)) == [(0, 2), (2, 0)]


def test_pairs_are_drawn_once_at_most_and_by_the_seed(tmp_path):
    path = _write(tmp_path / "a.npz", np.full((6, 6), 0.5))
    scene = scene_info.Scene(path, 0.3, 1.0)
    drawn = _drawn(scene, seed=1, number=20)
    assert len(set(drawn)) == 20
    assert drawn == _drawn(scene, seed=1, number=20)
    assert drawn != _drawn(scene, seed=2, number=20)
    assert len(_drawn(scene)) == 30


def test_points_are_matched_by_their_number(tmp_path):
    points = [
        {7: np.array([1.5, 2.5]), 3: np.array([3.0, 4.0]), 5: (0.0, 1.0)},
        {4: (9.0, 9.0), 3: [30.0, 40.0], 7: np.array([15.0, 25.0])},
    ]
    path = _write(tmp_path / "a.npz", np.full((2, 2), 0.5), points=points)
    one, other = scene_info.Scene(path, 0.3, 1.0).shared_points(0, 1)
    np.testing.assert_array_equal(one, [[3, 4], [1.5, 2.5]])
    np.testing.assert_array_equal(other, [[30, 40], [15, 25]])


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("module", ["numpy.core", "numpy._core"])
def test_pickles_of_any_numpy_are_read(tmp_path, protocol, module):
    values = _objects([{1: np.arange(2.0), 2: (np.float64(3), 4)}, None, "a"])
    header = np.lib.format.header_data_from_array_1_0(values)
    with (
        zipfile.ZipFile(tmp_path / "a.npz", "w") as archive,
        archive.open("x.npy", "w") as file,
    ):
        np.lib.format.write_array_header_1_0(file, header)
        data = pickle.dumps(values, protocol)
        if protocol < 4:  # Names have no length in front.
            data = data.replace(b"numpy._core", module.encode())
        file.write(data)
    array = scene_info.read_array(tmp_path / "a.npz", "x")
    np.testing.assert_array_equal(array[0][1], [0, 1])
    assert array[0][2] == (3, 4)
    assert array[1:].tolist() == [None, "a"]


class _Exploit:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return pathlib.Path.touch, (pathlib.Path(self.path),)


def test_no_code_of_a_pickle_is_run(tmp_path):
    mark = tmp_path / "was_run"
    np.savez(tmp_path / "a.npz", x=_objects([_Exploit(mark)]))
    with pytest.raises(ValueError, match=r"`x` of .*a\.npz': it names 'path"):
        scene_info.read_array(tmp_path / "a.npz", "x")
    assert not mark.exists()
    np.load(tmp_path / "a.npz", allow_pickle=True)["x"]
    assert mark.exists()


@pytest.mark.parametrize("name", ["eval", "getattr", "set"])
def test_even_builtins_are_refused(tmp_path, name):
    np.savez(tmp_path / "a.npz", x=_objects([getattr(builtins, name)]))
    with pytest.raises(ValueError, match=f"'builtins.{name}', which is refus"):
        scene_info.read_array(tmp_path / "a.npz", "x")


def test_a_file_without_an_array_is_an_error(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros(1))
    with pytest.raises(ValueError, match=r"a\.npz': it has no array `image_p"):
        scene_info.Scene(tmp_path / "a.npz", 0.3, 1.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[: len(data) // 2], "cut short or no .npz file"),
        (lambda data: b"junk", "cut short or no .npz file"),
        (lambda data: data.replace(b"NUMPY", b"JUMPY"), "`x` of .* is damag"),
    ],
)
def test_a_damaged_file_is_an_error(tmp_path, change, message):
    path = tmp_path / "a.npz"
    np.savez(path, x=_objects(["a", {}]))
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ValueError, match=message):
        scene_info.read_array(path, "x")


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(ValueError, match=r"b\.npz': No such file"):
        scene_info.read_array(tmp_path / "b.npz", "x")


def test_shapes_must_agree(tmp_path):
    path = _write(tmp_path / "a.npz", np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"\(n, n\). Received: \(2,\), \(2,"):
        scene_info.Scene(path, 0.3, 1.0)


@pytest.mark.parametrize("points", [[{}], [{}, [1]], [{}, {1: (1, 2, 3)}]])
def test_points_must_be_those_of_each_image(tmp_path, points):
    path = _write(tmp_path / "a.npz", np.full((2, 2), 0.5), points=points)
    scene = scene_info.Scene(path, 0.3, 1.0)
    with pytest.raises(ValueError, match=r"a\.npz': `points3D_id_to_2D` must"):
        scene.shared_points(0, 1)
