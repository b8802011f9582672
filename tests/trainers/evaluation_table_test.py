from gocor_tf.trainers import evaluate_lib, evaluation_table

SCORES = dict(
    zip(evaluate_lib.FLOW_METRICS, (1.5, 1, 50, 60, 70, 80), strict=True)
)
RESULTS = {
    "pairs": [
        {"name": "a", "group": "g", **SCORES, "seconds": 0.25},
        {
            "name": "b",
            "group": "h",
            **dict.fromkeys(evaluate_lib.FLOW_METRICS),
            "rotation_error": 3.0,
            "translation_error": 4.0,
            "seconds": 0.5,
        },
    ],
    "groups": {
        "g": {"num_pairs": 1, **SCORES, "seconds": 0.25},
        "h": {"num_pairs": 1, "aepe": None, "auc5": 20.0, "seconds": 0.5},
    },
}


def test_pairs_and_groups_have_a_line_each():
    lines = evaluation_table.format_results("net", RESULTS).splitlines()
    assert lines[0].split()[:3] == ["net,", "pairs", "AEPE"]
    assert lines[1].split() == (
        ["a", "1.50", "1.00", "50.0", "60.0", "70.0", "80.0", "-", "-", "0.250"]
    )
    assert lines[2].split()[-3:] == ["3.00", "4.00", "0.500"]
    assert lines[3] == ""
    assert lines[6].split()[-2:] == ["20.0", "0.500"]
    assert len({len(line) for line in lines[:3]}) == 1


def test_columns_without_a_value_are_left_out():
    results = {
        "pairs": RESULTS["pairs"][:1],
        "groups": {"g": RESULTS["groups"]["g"]},
    }
    assert "rotation" not in evaluation_table.format_results("net", results)


def test_methods_are_compared_where_there_is_an_error():
    lines = evaluation_table.format_comparison(
        {"net": RESULTS, "dis": RESULTS}
    ).splitlines()
    assert len(lines) == 2
    assert lines[1].split("  ")[0] == "g"
    assert lines[1].count("1.50 / 70.0") == 2
