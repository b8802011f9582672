"""The page of gocor-demo, built with Gradio."""

import functools

import gradio as gr

from gocor_tf.data import packaged_pair
from gocor_tf.matcher import Matcher

from . import demo_lib

_EXAMPLE = [packaged_pair.REFERENCE, packaged_pair.QUERY]
_TITLE = "Where does each pixel of one photograph lie in another?"
# Requests that wait, beyond the one that the network works on.
_MAX_WAITING = 8
_MAX_FILE_SIZE = "200mb"
_MAX_SESSIONS = 16
_HOUR = 3600
# Gradio's own would include one that shares pictures on another site.
_BUTTONS = ["download", "fullscreen"]
# Gradio's own choice would be fetched from elsewhere.
_THEME = gr.themes.Default(
    font=["system-ui", "sans-serif"], font_mono=["monospace"]
)


def build(networks, mode, folder):
    """Builds the page.

    Args:
        networks: dict: name -> network.
        mode: see `Matcher`.
        folder: an existing folder for results.

    Returns:
        A `gr.Blocks`.
    """

    @functools.cache
    def matcher(name, default_mode=None):
        return Matcher(networks[name], mode=mode or default_mode)

    def match_pair(name, reference, query, min_confidence):
        match = demo_lib.match_files(matcher(name), reference, query)
        return (
            match,
            demo_lib.write_flow(match, folder),
            *_show(match, min_confidence),
        )

    def match_video(name, path):
        # Successive frames differ little, and there are many.
        return demo_lib.match_video(matcher(name, "direct"), path, folder)

    with gr.Blocks(
        title="gocor-demo",
        analytics_enabled=False,
        delete_cache=(_HOUR, _HOUR),
    ) as page:
        gr.Markdown(f"# {_TITLE}")
        preset = gr.Dropdown(
            list(networks), value=next(iter(networks)), label="Network"
        )
        with gr.Tab("Two photographs"):
            _build_pair_tab(preset, match_pair)
        with gr.Tab("Video"):
            _build_video_tab(preset, match_video)
    return page


def serve(page, address, port):
    """Serves the page until the process is interrupted.

    Args:
        page: a `gr.Blocks`.
        address: of the network interface.
        port: to listen on.

    Raises:
        OSError: if the port is taken.
    """
    page.queue(max_size=_MAX_WAITING, default_concurrency_limit=1)
    page.launch(
        server_name=address,
        server_port=port,
        share=False,
        show_error=True,
        max_file_size=_MAX_FILE_SIZE,
        state_session_capacity=_MAX_SESSIONS,
        theme=_THEME,
        footer_links=[],
        ssr_mode=False,
    )


def _build_pair_tab(preset, match_pair):
    with gr.Row():
        reference, query = (
            # The file as it was uploaded: Gradio would decode it otherwise.
            gr.Image(
                label=label,
                sources=["upload"],
                type="filepath",
                image_mode=None,
                elem_id=label.lower(),
            )
            for label in ("Reference", "Query")
        )
    gr.Examples([_EXAMPLE], [reference, query], label="The packaged pair")
    min_confidence = gr.Slider(
        0,
        1,
        value=0.5,
        step=0.01,
        label="Confidence threshold",
        elem_id="threshold",
    )
    button = gr.Button("Match", variant="primary")
    match = gr.State(time_to_live=_HOUR)
    text = gr.Markdown()
    slider = gr.ImageSlider(
        label="Reference (left), query seen from it (right)",
        type="numpy",
        interactive=False,
        buttons=_BUTTONS,
        elem_id="warped",
    )
    picture = functools.partial(
        gr.Image, interactive=False, format="png", buttons=_BUTTONS
    )
    with gr.Row():
        flow = picture(label="Flow: hue is direction", elem_id="flow")
        confidence = picture(
            label="Confidence: yellow is 1, dark blue 0", elem_id="confidence"
        )
    matches = picture(label="Matches", elem_id="matches")
    file = gr.DownloadButton("Download flow.flo", elem_id="download")
    pictures = [text, slider, flow, confidence, matches]
    button.click(
        _with_clear_errors(match_pair),
        [preset, reference, query, min_confidence],
        [match, file, *pictures],
        concurrency_id="network",
    )
    min_confidence.release(_show, [match, min_confidence], pictures)


def _build_video_tab(preset, match_video):
    # Gradio's player of uploads fetches its scissors from elsewhere.
    video = gr.File(label="Video", file_types=["video"], elem_id="video")
    button = gr.Button("Match successive frames", variant="primary")
    result = gr.Video(
        label="Overlay (left) and flow (right)",
        interactive=False,
        autoplay=True,
        buttons=["download"],
        elem_id="overlay",
    )
    button.click(
        _with_clear_errors(match_video),
        [preset, video],
        result,
        concurrency_id="network",
    )


def _show(match, min_confidence):
    """Returns the values of text, slider, flow, confidence and matches."""
    if match is None:
        return [gr.skip()] * 5
    pictures = demo_lib.draw(match, min_confidence)
    return [
        demo_lib.describe(match, min_confidence),
        (match.reference, pictures["warped"]),
        pictures["flow"],
        pictures["confidence"],
        pictures["matches"],
    ]


def _with_clear_errors(function):
    """Shows what is wrong with an input in the page."""

    @functools.wraps(function)
    def run(*inputs):
        try:
            return function(*inputs)
        except ValueError as error:
            raise gr.Error(str(error), print_exception=False) from error

    return run
