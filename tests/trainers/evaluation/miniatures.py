"""Writes a miniature of every evaluation set, without gocor_tf.

Each function writes to an empty folder; what it moves by is in its docstring,
and the scores that follow are worked out in `protocols_test`.
"""

import json
import pickle

import cv2
import numpy as np

from tests.data.evaluation_sets import miniatures_flow, miniatures_semantic
from tests.data.evaluation_sets.miniatures_flow import write_image

_ETH3D_SCENES = (
    *("lakeside", "sand_box", "storage_room", "storage_room_2", "tunnel"),
    *("delivery_area", "electro", "forest", "playground", "terrains"),
)
_KEYPOINTS = (
    *("scene", "source_image", "target_image"),
    *("XA", "YA", "XB", "YB"),
)
_CAMERA = np.array([[500.0, 0, 320], [0, 500, 240], [0, 0, 1]])


def write_hpatches(root):
    """Two sequences of 8 x 12 pixels: by 0, and by (-6, 0) where x >= 6."""
    shifts = {"v_a": 0, "v_b": 6}
    matrix = [f"H{row}{column}" for row in "123" for column in "123"]
    for scene in shifts:
        for k in range(1, 7):
            write_image(root / scene / f"{k}.ppm", (8, 12), k)
    for k in range(2, 7):
        rows = [["obj", "im1", "im2", "Him", "Wim", *matrix]]
        for scene, shift in shifts.items():
            numbers = [1, 0, shift, 0, 1, 0, 0, 0, 1]
            rows.append([scene, 1, k, 8, 12, *numbers])
        miniatures_flow.write_csv(root / f"hpatches_1_{k}.csv", rows)


def write_eth3d(root):
    """A pair a list, by 2 px; lakeside at rate 3 has two, by 4 and 8 px."""
    folder = root / "info_ETH3D_files"
    folder.mkdir()
    image = "multiview_testing/lakeside/{}.png"
    for name in "ab":
        write_image(root / image.format(name), (20, 30))
    for scene in _ETH3D_SCENES:
        for rate in range(3, 16, 2):
            lengths = (4, 8) if (scene, rate) == ("lakeside", 3) else (2,)
            pairs = [
                {
                    "source_image": image.format("a"),
                    "target_image": image.format("b"),
                    "Xt": np.array([5.0]),
                    "Yt": np.array([6.0]),
                    "Xs": np.array([5.0 + length]),
                    "Ys": np.array([6.0]),
                }
                for length in lengths
            ]
            name = f"{scene}_every_5_rate_of_{rate}"
            (folder / name).write_bytes(pickle.dumps(pairs))


def _write_keypoints(root, table):
    """A pair of one point, by 10 px; one of three points, by 2 px."""
    for name in ("r.png", "q.png"):
        write_image(root / "day" / name, (480, 480))
    rows = [
        ["day", "q.png", "r.png", "110", "50", "100", "50"],
        ["day", "q.png", "r.png", "12;22;32", "5;5;5", "10;20;30", "5;5;5"],
    ]
    miniatures_flow.write_csv(root / table, [_KEYPOINTS, *rows])


def write_megadepth(root):
    """See `_write_keypoints`."""
    _write_keypoints(root, "test1600Pairs.csv")


def write_robotcar(root):
    """See `_write_keypoints`."""
    _write_keypoints(root, "test6511.csv")


def _write_kitti(root, image_dir):
    """A pair of one known pixel, by 88 px; one of three, by 100 px."""
    (root / "flow_occ").mkdir()
    for number, x, num_known in ((0, 88, 1), (1, 100, 3)):
        flow = np.zeros((4, 6, 3), "uint16")
        # OpenCV's order: valid, y, x; spec 5.5: x * 64 + 32768.
        flow[0, :num_known] = 1, 32768, x * 64 + 32768
        assert cv2.imwrite(str(root / f"flow_occ/00000{number}_10.png"), flow)
        for frame in (10, 11):
            name = f"00000{number}_{frame}.png"
            write_image(root / image_dir / name, (4, 6))


def write_kitti2012(root):
    """See `_write_kitti`."""
    _write_kitti(root, "colored_0")


def write_kitti2015(root):
    """See `_write_kitti`."""
    _write_kitti(root, "image_2")


def write_sintel(root):
    """Scene a, 2 of 6 pixels valid, by 8 px; scene b, all valid, by 2 px."""
    for scene, x, num_valid in (("a", 8, 2), ("b", 2, 6)):
        for rendering in ("clean", "final"):
            for frame in (1, 2):
                name = f"{rendering}/{scene}/frame_000{frame}.png"
                write_image(root / name, (2, 3))
        flow = np.full((2, 3, 2), (x, 0))
        miniatures_flow.write_flo(root / f"flow/{scene}/frame_0001.flo", flow)
        invalid = np.arange(6).reshape(2, 3) >= num_valid
        path = root / f"invalid/{scene}/frame_0001.png"
        miniatures_flow.write_mask(path, invalid)


def write_flyingchairs(root):
    """Validation: 4 x 6 pixels, by 6 px, and 2 x 3 pixels, by 2 px."""
    (root / "FlyingChairs_train_val.txt").write_text("2\n2\n")
    for number, size, x in ((1, (4, 6), 6), (2, (2, 3), 2)):
        for image in (1, 2):
            write_image(root / f"data/0000{number}_img{image}.ppm", size)
        path = root / f"data/0000{number}_flow.flo"
        miniatures_flow.write_flo(path, np.full((*size, 2), (x, 0)))


def write_flyingthings3d(root):
    """4 x 6 pixels, by 6 px, and 2 x 3 pixels, by 2 px."""
    for sequence, size, x in (("A/0000", (4, 6), 6), ("C/0003", (2, 3), 2)):
        for frame in (6, 7):
            name = f"frames_cleanpass/TEST/{sequence}/left/000{frame}.png"
            write_image(root / name, size)
            folder = root / f"optical_flow/TEST/{sequence}/into_future/left"
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"OpticalFlowIntoFuture_000{frame}_L.pfm"
            header = b"PF\n%d %d\n-1.0\n" % size[::-1]
            values = np.full((*size, 3), (x, 0, 0), "<f4")
            path.write_bytes(header + values.tobytes())


def write_tss(root):
    """By 0.5 px, but one of JODS's three pairs and PASCAL's by 2.5 px.

    Images are 10 x 20 pixels.
    """
    for folder, x in (
        ("FG3DCar/a", 0.5),
        ("JODS/a", 0.5),
        ("JODS/b", 0.5),
        ("JODS/c", 2.5),
        ("PASCAL/a", 2.5),
    ):
        for number in (1, 2):
            write_image(root / folder / f"image{number}.png", (10, 20))
            flow = np.full((10, 20, 2), (x, 0))
            path = root / folder / f"flow{number}.flo"
            miniatures_flow.write_flo(path, flow)
            path = root / folder / f"mask{number}.png"
            miniatures_flow.write_mask(path, np.ones((10, 20), bool))


def write_pfpascal(root):
    """A cat's one point, by 0.5 px; a dog's three, by 2.5 px; 10 x 20."""
    from scipy import io

    rows = [("source_image", "target_image", "class")]
    reference = np.array([[4.0, 5], [8, 5], [12, 5]])
    for label, category, num_points, x in (
        (8, "cat", 1, 0.5),
        (12, "dog", 3, 2.5),
    ):
        folder = root / "Annotations" / category
        folder.mkdir(parents=True)
        for image, shift in (("q", x), ("r", 0)):
            name = f"{category}_{image}"
            write_image(root / f"JPEGImages/{name}.jpg", (10, 20))
            points = reference[:num_points] + (shift, 0)
            io.savemat(folder / f"{name}.mat", {"kps": points})
        paths = [f"x/JPEGImages/{category}_{image}.jpg" for image in "qr"]
        rows.append((*paths, label))
    miniatures_semantic.write_table(root / "test_pairs_pf_pascal.csv", *rows)


def write_pfwillow(root):
    """Ten points over 20 px: all by 0.25 px; five of them by -2.5."""
    query = np.array([0.0, 2, 4, 6, 8, 10, 12, 14, 16, 20])
    small = np.full(10, 0.25)
    large = np.repeat([0.25, -2.5], 5)
    rows = [[str(number) for number in range(42)]]
    for name in ("a.png", "b.png"):
        write_image(root / "car(G)" / name, (10, 24))
    for shift in (small, large):
        paths = [f"PF-dataset/car(G)/{name}.png" for name in "ab"]
        y = [5] * 10
        rows.append([*paths, *query, *y, *(query - shift), *y])
    miniatures_semantic.write_table(root / "test_pairs_pf.csv", *rows)


def write_spair(root):
    """Boxes of 20 px: a point by 0.5 px; one by 0.5 and two by 2.5 px."""
    lines = []
    for category, viewpoint, shifts in (
        ("bus", 0, [0.5]),
        ("cat", 2, [0.5, 2.5, 2.5]),
    ):
        line = f"000001-{category}q-{category}r:{category}"
        lines.append(line + "\n")
        for image in "qr":
            name = f"{category}{image}.jpg"
            write_image(root / "JPEGImages" / category / name, (10, 20))
        reference = [[4 + 4 * n, 5] for n in range(len(shifts))]
        facts = {
            "src_imname": f"{category}q.jpg",
            "trg_imname": f"{category}r.jpg",
            "src_kps": [
                [x + shift, y]
                for (x, y), shift in zip(reference, shifts, strict=True)
            ],
            "trg_kps": reference,
            "src_bndbox": [0, 0, 20, 9],
            "category": category,
            "viewpoint_variation": viewpoint,
            "scale_variation": 1,
            "truncation": 0,
            "occlusion": 0,
        }
        path = root / "PairAnnotation" / "test" / f"{line}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(facts))
    (root / "Layout" / "large").mkdir(parents=True)
    (root / "Layout" / "large" / "test.txt").write_text("".join(lines))


def write_caltech101(root):
    """Squares of 4 x 4 in 10 x 10 pixels: by 0, and by 2 px."""
    square = "2,5,5,2", "2,2,5,5"
    left = "0,3,3,0", "2,2,5,5"
    paths = [f"101_ObjectCategories/cup/image_{name}.jpg" for name in "qr"]
    for path in paths:
        write_image(root / path, (10, 10))
    header = ("source_image", "target_image", "class", *_KEYPOINTS[3:])
    rows = [(*paths, "1", *square, *one) for one in (square, left)]
    table = root / "test_pairs_caltech_with_category.csv"
    miniatures_semantic.write_table(table, header, *rows)


def _write_poses(root, table, folder):
    """Three pairs; the second claims to be turned by 7 degrees about y.

    The grey of a pair's reference is its number. The true motion of the other
    two is one tenth to the right.
    """
    lines = []
    for number, degrees in enumerate((0, 7, 0)):
        cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        motion = np.eye(4)
        motion[0, [0, 2, 3]] = cosine, sine, 0.1
        motion[2, [0, 2]] = -sine, cosine
        files = [f"{folder}/{number}{image}.png" for image in "qr"]
        for file in files:
            path = root / file
            miniatures_semantic.write_image(path, 480, 640, number)
        numbers = np.concatenate([np.tile(_CAMERA.ravel(), 2), motion.ravel()])
        values = [*files, "0", "0", *map(repr, numbers.tolist())]
        lines.append(" ".join(values) + "\n")
    (root / table).write_text("".join(lines))


def write_yfcc100m(root):
    """See `_write_poses`."""
    table = "yfcc_test_pairs_with_gt.txt"
    _write_poses(root, table, "palace/test/images")


def write_scannet(root):
    """See `_write_poses`."""
    table = "scannet_test_pairs_with_gt.txt"
    _write_poses(root, table, "scans_test/scene0707_00/sens")


def write_video(root):
    """Three frames, of which nothing is known."""
    for number in range(3):
        write_image(root / f"{number}.png", (8, 12))
