import io
import json
import math

from gocor_tf.trainers import journal

SCALARS = {"loss": 12.5, "aepe": 3.0, "images_per_second": 40.0}


class _Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_a_line_each_where_there_is_no_terminal():
    stream = io.StringIO()
    bar = journal.ProgressBar(4, stream)
    bar.update(1, SCALARS, seconds_left=3661)
    bar.say("done")
    assert stream.getvalue() == (
        "1/4 [======..................] loss 12.5  aepe 3.00 px  "
        "40.0 images/s  1:01:01 left\ndone\n"
    )


def test_progress_redraws_itself_on_a_terminal():
    stream = _Terminal()
    bar = journal.ProgressBar(4, stream)
    bar.update(1, SCALARS, seconds_left=1)
    bar.update(2, SCALARS, seconds_left=1)
    bar.say("done")
    assert stream.getvalue().count("\r") == 2
    assert stream.getvalue().endswith("\x1b[K\ndone\n")


def test_json_lines_go_on_after_the_last_step(tmp_path):
    path = tmp_path / "log.jsonl"
    lines = journal.JsonLines(path, last_step=0)
    for step in (1, 2, 3):
        lines.write(step, {"loss": step})
    with open(path, "a") as file:
        file.write('{"step": 4, "lo')  # The process was killed here.
    journal.JsonLines(path, last_step=2).write(3, {"loss": math.nan})
    written = [json.loads(line) for line in path.read_text().splitlines()]
    assert written == [
        {"step": 1, "loss": 1.0},
        {"step": 2, "loss": 2.0},
        {"step": 3, "loss": None},
    ]
