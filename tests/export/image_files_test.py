"""Picture files decoded in a graph, and those that are refused."""

import resource

import cv2
import numpy as np
import pytest
import tensorflow as tf

from gocor_tf.export import image_files, request_checks
from tests.export.picture_bytes import (
    encode,
    images,
    jpeg_that_claims,
    png_files,
    png_that_claims,
    webp_that_claims,
)

LIMITS = request_checks.Limits()
PROGRESSIVE = (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
LOSSY = (cv2.IMWRITE_WEBP_QUALITY, 80)


@pytest.fixture(scope="module")
def decode():
    """Decodes in a graph, as a server does."""
    return tf.function(
        lambda files: image_files.decode_files(files, "query", LIMITS),
        input_signature=[tf.TensorSpec((None,), tf.string)],
    )


@pytest.fixture(scope="module")
def decode_to_16x24():
    return tf.function(
        lambda files: image_files.decode_files(
            files, "query", request_checks.Limits(max_pixels=2**14), (16, 24)
        ),
        input_signature=[tf.TensorSpec((None,), tf.string)],
    )


@pytest.mark.parametrize(
    "ending, parameters, tolerance",
    [
        (".jpg", (), 1),
        (".jpg", PROGRESSIVE, 1),
        (".png", (), 0),
        (".webp", (), 0),
        (".webp", LOSSY, 2),
    ],
)
def test_pixels_are_those_of_opencv(decode, ending, parameters, tolerance):
    smooth = cv2.GaussianBlur(images(1, 24, 33)[0], (0, 0), 3)
    file = encode(ending, smooth, *parameters)
    pictures, sizes = decode(tf.constant([file]))
    assert pictures.dtype == tf.uint8
    np.testing.assert_array_equal(sizes, [[24, 33]])
    decoded = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_allclose(
        pictures[0].numpy().astype(int),
        decoded[..., ::-1].astype(int),
        atol=tolerance,
    )


@pytest.mark.parametrize(
    "file, size",
    [
        (png_that_claims(20_000, 30_000), (20_000, 30_000)),
        (jpeg_that_claims(20_000, 30_000), (20_000, 30_000)),
        (webp_that_claims(12_000, 16_000), (12_000, 16_000)),
        (encode(".webp", images(1, 20, 45)[0]), (20, 45)),
        (encode(".webp", images(1, 20, 45)[0], *LOSSY), (20, 45)),
    ],
    ids=["png", "jpeg", "extended webp", "lossless webp", "lossy webp"],
)
def test_size_is_that_of_the_header(file, size):
    assert tuple(image_files.picture_size(file, "query").numpy()) == size


@pytest.mark.parametrize(
    "claim", [png_that_claims, jpeg_that_claims, webp_that_claims]
)
def test_size_beyond_the_limit_is_refused_before_it_is_decoded(decode, claim):
    file = tf.constant([claim(20_000, 16_000)])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(
        tf.errors.InvalidArgumentError,
        match=r"`query` must hold at most 16777216 pixels.*320000000",
    ):
        decode(file)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # KiB. The pixels would take 937,500.
    assert peak - before < 100_000


def test_pictures_count_together(decode):
    files = tf.constant(4 * [png_that_claims(2048, 2049)])
    with pytest.raises(
        tf.errors.InvalidArgumentError, match="pixels in all its pictures"
    ):
        decode(files)


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"a text file",
        b"GIF89a" + 40 * b"\0",
        encode(".bmp", images(1, 8, 8)[0]),
        b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\x02" + 20 * b"\0",
    ],
    ids=["empty", "text", "gif", "bmp", "animated webp"],
)
def test_other_files_are_refused(decode, file):
    with pytest.raises(
        tf.errors.InvalidArgumentError,
        match="`query` must hold JPEG, PNG or still WebP files",
    ):
        decode(tf.constant([file]))


@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp"])
@pytest.mark.parametrize("kept", [0.5, 0.99])
def test_file_cut_short_is_refused(decode, ending, kept):
    file = encode(ending, images(1, 24, 32)[0])
    with pytest.raises(
        tf.errors.InvalidArgumentError,
        match="query_must_hold_complete_files",
    ):
        decode(tf.constant([file[: int(kept * len(file))]]))


@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp"])
def test_header_cut_short_is_refused(decode, ending):
    file = encode(ending, images(1, 24, 32)[0])[:20]
    with pytest.raises(tf.errors.InvalidArgumentError, match="query"):
        decode(tf.constant([file]))


def test_small_picture_is_refused(decode):
    with pytest.raises(
        tf.errors.InvalidArgumentError,
        match="pictures of `query` must be at least 8 px",
    ):
        decode(png_files(images(1, 1, 1)))


def test_pictures_of_unequal_size_are_refused(decode):
    files = [*png_files(images(1, 8, 10)), *png_files(images(1, 8, 11))]
    with pytest.raises(
        tf.errors.InvalidArgumentError,
        match="pictures of `query` must share one size",
    ):
        decode(tf.stack(files))


def test_pictures_of_unequal_size_are_stretched_to_one(decode_to_16x24):
    pictures = images(1, 64, 96)[0], images(1, 48, 24, seed=1)[0]
    files = tf.stack([encode(".png", picture) for picture in pictures])
    stretched, sizes = decode_to_16x24(files)
    assert stretched.shape == (2, 16, 24, 3)
    np.testing.assert_array_equal(sizes, [[64, 96], [48, 24]])
    for image, picture in zip(stretched, pictures, strict=True):
        # Random pixels average to grey.
        np.testing.assert_allclose(
            tf.reduce_mean(image), picture.mean(), atol=2
        )


def test_stretched_pictures_count_one_by_one(decode_to_16x24):
    files = png_files(images(3, 100, 100))
    assert decode_to_16x24(files)[0].shape == (3, 16, 24, 3)
    with pytest.raises(
        tf.errors.InvalidArgumentError, match="pixels in each picture"
    ):
        decode_to_16x24(tf.constant([png_that_claims(128, 129)]))


def test_stretching_keeps_a_ramp_in_place():
    ramp = np.broadcast_to(np.arange(32.0)[None, :, None], (16, 32, 3))
    stretched = image_files.stretch(ramp[None].astype(np.float32), (8, 16))
    # Pixel p of the small picture lies at 2 p + 0.5 of the large one.
    np.testing.assert_allclose(
        stretched[0, 4, 2:-2, 0], 2 * np.arange(2, 14) + 0.5, atol=1e-4
    )
