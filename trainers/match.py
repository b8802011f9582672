"""Matches two photographs: where does each pixel go, and how sure is it.

    gocor-match REFERENCE QUERY --output_dir=out
    gocor-match --video=FILE --output_dir=out
    gocor-match --pairs=pairs.csv --output_dir=out [--runner=RUNNER -- OPTIONS]
    gocor-match

Without images it matches the packaged pair and prints its error. The output
folder gets flow.flo, flow.png, confidence.png, warped.png, overlay.png,
matches.csv and summary.png; for a video, overlay.mp4; for a list of pairs,
NAME.flo, NAME.confidence.png, NAME.matches.csv and NAME.json of each,
results.jsonl and rejected.jsonl.
"""

import os

from absl import app, flags

from . import (
    command_line,
    match_lib,
    match_pairs,
    network_flags,
    output_folder,
    video,
    workforce,
)

_VIDEO = "overlay.mp4"


def define_flags():
    """Defines the flags of `gocor-match`."""
    flags.DEFINE_string("output_dir", "gocor_match", "Folder for the files.")
    network_flags.define()
    network_flags.define_mode()
    flags.DEFINE_string(
        "size",
        None,
        "HEIGHTxWIDTH to work at; the answer is at the original size.",
    )
    network_flags.define_max_pixels()
    flags.DEFINE_string(
        "video", None, "A video to match frame by frame, instead of images."
    )
    flags.DEFINE_string(
        "pairs",
        None,
        "Pairs to match, a CSV file with the columns reference,query[,name] "
        "or a pairs.json. Those that --output_dir has already are kept.",
    )
    workforce.define_flag()


def match(argv):
    """Matches what the arguments name."""
    arguments = flags.FLAGS
    images = argv[1:]
    _check_usage(arguments, images)
    size = command_line.parse_size(arguments.size)
    if arguments.pairs:
        # What follows -- are Beam's options.
        workers = workforce.Workforce(arguments.runner, images)
        print(match_pairs.match_from_flags(size, workers))
        return
    output_folder.create(arguments.output_dir, "output_dir")
    # Successive frames differ little, and there are many.
    default_mode = "direct" if arguments.video else None
    matcher = network_flags.create_matcher(size, default_mode)
    if arguments.video:
        path = os.path.join(arguments.output_dir, _VIDEO)
        number = video.match_video(matcher, arguments.video, path)
        print(f"{number} frames written to {path}")
    elif images:
        print(match_lib.match_pair(matcher, *images, arguments.output_dir)[1])
    else:
        print(match_lib.match_demo(matcher, arguments.output_dir))


def _check_usage(arguments, images):
    if arguments.pairs and arguments.video:
        raise app.UsageError("give either --pairs or --video, not both")
    if arguments.runner and not arguments.pairs:
        raise app.UsageError("`--runner` goes with --pairs")
    if arguments.video and images:
        raise app.UsageError("give either two images or --video, not both")
    if not arguments.pairs and len(images) not in (0, 2):
        raise app.UsageError(
            "usage: gocor-match REFERENCE QUERY, or no image at all for the "
            f"packaged pair. Received: {len(images)} image(s)"
        )


def main():
    """Runs `gocor-match`."""
    command_line.run(match, define_flags)


if __name__ == "__main__":
    main()
