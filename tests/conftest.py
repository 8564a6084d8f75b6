"""What every test shares: PyTorch as the oracle, seeds, threads, and the marks `slow` and `oracle`.

PyTorch and Rushlight live side by side in the tests' process: `import rushlight as torch` is ours, and the fixture
`oracle` is the real `torch`.  The names are never aliased here; what `rushlight run` does is tested in child processes.
"""
from __future__ import annotations

import importlib.util
import os
import random
import signal
import sys

# Two workers share two cores: one thread each.  It must be said before NumPy loads its BLAS.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("MPLBACKEND", "agg")

import pytest

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:        # so a shell starts what it puts in the background; children would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

SKIPPED_FOR_WANT_OF_ORACLE = "oracle:"  # how the reason of such a skip begins
ORACLE_FIXTURES = {"oracle", "oracle_vision", "oracle_package"}

try:
    import hypothesis
except ModuleNotFoundError:
    pass
else:
    hypothesis.settings.register_profile("rushlight", deadline=None, print_blob=True)
    hypothesis.settings.load_profile("rushlight")


def pytest_addoption(parser):
    group = parser.getgroup("rushlight")
    group.addoption("--require-oracle", action="store_true",
                    help="fail, do not skip, where PyTorch (the oracle of the comparisons) is missing")
    group.addoption("--compiled", action="store_true", help="compile every plan before its first run, instead of interpreting it")
    group.addoption("--slow", action="store_true", help="run the tests marked slow, too")


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes many seconds; runs with --slow")
    os.environ["XDG_CACHE_HOME"] = str(config.rootpath / ".pytest_cache" / "xdg")       # where compiled kernels are kept
    if config.getoption("--compiled"):
        from rushlight.backends.tiers import tiers

        tiers.mode, tiers.sight, tiers.strict = "wait", 1, True
    config.addinivalue_line("markers", "oracle: compares with PyTorch (given to each test that asks for it)")


def pytest_collection_modifyitems(config, items):
    slow = pytest.mark.skip(reason="slow: runs with --slow")
    for item in items:
        if ORACLE_FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.oracle)
        if "slow" in item.keywords and not config.getoption("--slow"):
            item.add_marker(slow)


def _lacking(config, what: str):
    """There is nothing to compare with: a skip that is counted, or a failure where it was required."""
    if config.getoption("--require-oracle"):
        pytest.fail(f"--require-oracle: {what}", pytrace=False)
    pytest.skip(f"{SKIPPED_FOR_WANT_OF_ORACLE} {what}")


@pytest.fixture(scope="session")
def oracle(request):
    """The real `torch`; without it the test is skipped, or fails under --require-oracle."""
    if importlib.util.find_spec("torch") is None:
        _lacking(request.config, "PyTorch is not installed")
    import torch

    if torch.__name__ != "torch":
        pytest.fail("`torch` is Rushlight here: the comparison would be with itself", pytrace=False)
    torch.set_num_threads(1)
    return torch


@pytest.fixture(scope="session")
def oracle_vision(request, oracle):
    """The real `torchvision`, without its compiled operators (see support/real_torchvision.py)."""
    import real_torchvision

    try:
        return real_torchvision.load()
    except ModuleNotFoundError as error:
        _lacking(request.config, str(error))


@pytest.fixture(scope="session")
def oracle_package(request, oracle):
    """Imports a package that works on the real PyTorch: `oracle_package("torchsummary")`."""

    def load(name):
        if importlib.util.find_spec(name) is None:
            _lacking(request.config, f"{name} is not installed")
        return importlib.import_module(name)

    return load


@pytest.fixture(autouse=True)
def seeded():
    """Every test begins from the same generators, whoever ran before it."""
    random.seed(0)
    for name in ("numpy", "rushlight", "torch"):
        module = sys.modules.get(name)
        if name == "numpy" and module is not None:
            module.random.seed(0)
        elif hasattr(module, "manual_seed"):
            module.manual_seed(0)


def _skipped_comparisons(terminal) -> int:
    reasons = (report.longrepr[2] for report in terminal.stats.get("skipped", ()) if isinstance(report.longrepr, tuple))
    return sum(SKIPPED_FOR_WANT_OF_ORACLE in reason or "could not import 'torch" in reason for reason in reasons)


def pytest_terminal_summary(terminalreporter, config):
    skipped = _skipped_comparisons(terminalreporter)
    if skipped:
        terminalreporter.write_line(f"{skipped} comparisons with PyTorch skipped: it, or what works on it, is not installed", yellow=True)


def pytest_sessionfinish(session):
    """Under --require-oracle a comparison that was skipped some other way fails the run, too."""
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and session.config.getoption("--require-oracle") and _skipped_comparisons(terminal):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
