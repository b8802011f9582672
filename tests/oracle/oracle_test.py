"""Compares every fixture with what the product computes from its inputs."""

import pytest

from tests.oracle import (
    decoder_cases,
    fixture_check,
    global_gocor_cases,
    image_cases,
    likelihood_cases,
    local_gocor_cases,
    loss_cases,
    model_cases,
    ops_cases,
    training_cases,
    uncertainty_cases,
)

# Group -> {start of the fixture's name: function of the fixture -> Case}.
CASES = {
    "decoders": decoder_cases.CASES | uncertainty_cases.CASES,
    "global_gocor": global_gocor_cases.CASES,
    "local_gocor": local_gocor_cases.CASES,
    "losses": loss_cases.CASES | likelihood_cases.CASES,
    "models": model_cases.CASES | training_cases.CASES,
    "ops": image_cases.CASES | ops_cases.CASES,
}


def test_fixture(fixture):
    name = fixture.entry["id"]
    fixture_check.check(fixture, _make_case(fixture, name))


def _make_case(fixture, name):
    group, _, kind = name.partition("/")
    cases = CASES.get(group, {})
    starts = [start for start in cases if kind.startswith(start)]
    if not starts:
        pytest.fail(f"no case for {name}: unknown kind of fixture")
    return cases[max(starts, key=len)](fixture)
