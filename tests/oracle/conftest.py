"""Finds the fixtures and makes one test of each.

`pytest tests/oracle --oracle-dir=DIR` runs what lies under DIR. The default is
`../shared/oracle` beside the checkout where it exists, else the copy in
`tests/testdata/oracle`.
"""

import pathlib
import sys

_CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
_COPY = _CHECKOUT / "tests" / "testdata" / "oracle"
_SHARED = _CHECKOUT.parent / "shared" / "oracle"


def pytest_addoption(parser):
    parser.addoption(
        "--oracle-dir", help="folder of fixtures, with its manifest.json"
    )


def pytest_generate_tests(metafunc):
    if "fixture" not in metafunc.fixturenames:
        return
    fixtures = _fixtures(metafunc.config)
    names = list(fixtures)
    metafunc.parametrize("fixture", [fixtures[n] for n in names], ids=names)


def _fixtures(config):
    """Loads the fixtures with the helpers that lie beside them."""
    root = config.getoption("--oracle-dir", default=None)
    if root is None:
        root = _SHARED if _SHARED.is_dir() else _COPY
    root = pathlib.Path(root)
    helpers = root if (root / "oracle_check.py").is_file() else _COPY
    if str(helpers) not in sys.path:
        sys.path.insert(0, str(helpers))
    import oracle_check

    return oracle_check.Fixtures(str(root))
