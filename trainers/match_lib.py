"""Matches a pair of images, saves it, and sums it up in words."""

import os
import time

import numpy as np

from gocor_tf.data import evaluation_pairs, packaged_pair
from gocor_tf.data import pictures as picture_files
from gocor_tf.data.evaluation_sets.pair_list import PairList

from .evaluation import protocols, scoring

SUMMARY = "summary.png"
_CONFIDENT = 0.5


def match_pair(matcher, reference, query, output_dir):
    """Matches two images and writes the match.

    Args:
        matcher: a `Matcher`.
        reference: path of an image.
        query: path of an image.
        output_dir: folder for the files of `Match.save` and `summary.png`.

    Returns:
        The `Match` and lines of text about it.
    """
    start = time.perf_counter()
    match = matcher(reference, query)
    seconds = time.perf_counter() - start
    pictures = match.pictures()
    match.save(output_dir, pictures)
    picture_files.write_png(
        os.path.join(output_dir, SUMMARY), match.summary(pictures)
    )
    motion = np.median(np.linalg.norm(match.flow, axis=-1))
    share = 100 * np.mean(match.confidence >= _CONFIDENT)
    text = (
        f"reference   {_size(match.reference)}  {reference}\n"
        f"query       {_size(match.query)}  {query}\n"
        f"motion      {motion:.1f} px (median)\n"
        f"confidence  {share:.0f} % of the pixels at least {_CONFIDENT}\n"
        f"time        {seconds:.1f} s, preparation included\n"
        f"written to  {output_dir}"
    )
    return match, text


def match_demo(matcher, output_dir):
    """Matches the packaged pair and compares with its ground truth.

    Args:
        matcher: a `Matcher`.
        output_dir: see `match_pair`.

    Returns:
        Lines of text about the match and its error.
    """
    (pair,) = evaluation_pairs.read_pairs(packaged_pair.PAIR_LIST)
    (sample,) = PairList(packaged_pair.PAIR_LIST)
    match, text = match_pair(matcher, pair.reference, pair.query, output_dir)
    lines = [text, "", "error against the ground truth, a homography:"]
    for label, flow in (
        ("this match", match.flow),
        ("zero flow", np.zeros_like(match.flow)),
    ):
        scores = scoring.score_flow(sample, flow, None, protocols.PAIRS)
        lines.append(
            f"{label:<11} AEPE {scores['aepe']:6.2f} px, "
            f"PCK-1 {scores['pck1']:4.1f} %, PCK-5 {scores['pck5']:4.1f} %, "
            f"PCK-10 {scores['pck10']:4.1f} %"
        )
    return "\n".join(lines)


def _size(image):
    return f"{image.shape[0]} x {image.shape[1]}"
