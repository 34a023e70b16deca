"""Fixtures for tests on booted hosts. Whatever happens to a test, nothing of its machines stays."""
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import base as debian  # noqa: E402
import machine as machines  # noqa: E402
import mirrors  # noqa: E402
from bed import BED, CHECKOUT, build_release  # noqa: E402
from beforehand import STANDINS  # noqa: E402
from machine import Machine  # noqa: E402
from installing import (bare, bare_layer, build, expired_key, installed, running, stocked, stocked_layer,  # noqa: E402, F401
                        stocked_outcome, upstreams)
from standins import mongodb, node, python312  # noqa: E402

TOOLS = ["systemd-nspawn", "mmdebstrap", "nsenter", "apt-ftparchive", "gpg"]


def pytest_addoption(parser):
    parser.addoption("--programs", metavar="DIR", type=Path,
                     help="take bedplated and bedplate from here instead of building them")


def pytest_configure(config):
    # So that the fixtures' cleanup runs on TERM as it does on Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config.addinivalue_line("markers", "installing: begins with an installation, or with what one is fed from")


def pytest_itemcollected(item):
    # The fixtures of a session that take minutes are theirs alone: whoever runs these in a process of their own makes none twice.
    if "upstreams" in item.fixturenames:
        item.add_marker("installing")


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        item.has_failed = True


def obstacle() -> str | None:
    """Why this machine cannot boot a host, if it cannot."""
    if os.geteuid() != 0:
        return "booting a host needs root"
    if missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
        return f"{', '.join(missing)} not installed: apt-get install systemd-container mmdebstrap apt-utils gnupg"
    if not machines.cgroups.hierarchies():
        return "this machine has no control groups"
    attempt = subprocess.run(["unshare", "--mount", "--uts", "--ipc", "--net", "--pid", "--fork", "true"],
                             capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if attempt.returncode != 0:
        return f"this machine allows no namespaces: {attempt.stderr.strip()}"
    scratch = BED / f"attempt-{os.getpid()}"
    overlay = machines.Overlay(scratch, [scratch / "below"])
    try:
        (scratch / "below").mkdir(parents=True)
        overlay.mount()
        machines.cgroups.make(scratch.name)
    except Exception as error:
        return f"this machine cannot hold a host: {error}"
    finally:
        machines.cgroups.remove(scratch.name)
        overlay.unmount()
        machines.remove(scratch)


@pytest.fixture(scope="session")
def base(request):
    """The layer every host begins with."""
    if reason := obstacle():
        pytest.skip(reason)
    machines.sweep()
    # What takes long to build is built at the same time, where a test will ask for it. What fails then fails again, and is
    # told, when it is asked for.
    with ThreadPoolExecutor() as pool:
        if any(item.get_closest_marker("installing") for item in request.session.items):
            for standin in STANDINS:
                pool.submit(standin)
        return debian.base()


@pytest.fixture
def host(request, base):
    """Makes hosts for one test: `host(layers=[…], shows={…})`, or `host()` for a bare Debian; booted unless told not
    to. Removed after the test, the last one first; the logs of a failed test are kept in test-artifacts."""
    yield from make_hosts(request, base)


@pytest.fixture(scope="module")
def shared_host(request, base):
    """The same for machines that all tests of a module look at."""
    yield from make_hosts(request, base)


@pytest.fixture(scope="session")
def session_host(request, base):
    """The same for machines whose disks others begin with."""
    yield from make_hosts(request, base)


def make_hosts(request, base):
    made: list[Machine] = []
    title = re.sub(r"[^A-Za-z0-9]+", "-", request.node.name).strip("-")[:80]

    def make(layers=(), shows=None, boot=True) -> Machine:
        machine = Machine(f"bed-{secrets.token_hex(4)}", [base, *layers], shows, in_memory=True)
        made.append(machine)
        if boot:
            machine.boot()
        return machine

    try:
        yield make
    finally:
        troubles = []
        if has_failed(request):
            for machine in made:
                try:
                    machine.keep_logs(CHECKOUT / "test-artifacts" / "hosts" / title)
                except Exception as error:
                    troubles.append(error)
        while made:
            try:
                made.pop().close()
            except Exception as error:
                troubles.append(error)
        if troubles:
            raise ExceptionGroup(f"cleaning up after {title}", troubles)


def has_failed(request) -> bool:
    items = [request.node] if request.scope == "function" else \
        [item for item in request.session.items if item.nodeid.startswith(request.node.nodeid)]
    return sys.exc_info()[0] is not None or any(getattr(item, "has_failed", False) for item in items)


@pytest.fixture(scope="session")
def programs(pytestconfig):
    """A folder with a bedplated that needs no Swift runtime, built as install.sh builds it."""
    if given := pytestconfig.getoption("--programs", None):
        return given
    return build_release("bedplated")


# Each of these is built when the first test asks for it, and kept.

@pytest.fixture(scope="session")
def debian_mirror(base):
    """`debian_mirror("nginx", …)`: all that installing these fetches, frozen and signed by a key of ours."""
    return lambda *packages: mirrors.debian(base, list(packages))


@pytest.fixture(scope="session")
def node_standin_mirror(base):
    """NodeSource's repository, with the real Node 20 of this machine repacked."""
    if node.version() is None:
        pytest.skip("the Node 20 stand-in is repacked from NodeSource's package, which is not installed here")
    if shutil.which("dpkg-repack") is None:
        pytest.skip("dpkg-repack is not installed")
    return node.mirror()


@pytest.fixture(scope="session")
def mongodb_standin_mirror(base):
    """MongoDB's repository, with SecantusDB behind a mongod of ours."""
    return mongodb.mirror()


@pytest.fixture(scope="session")
def python312_standin_archive(base):
    """A CPython 3.12 in the shape of python-build-standalone's archives."""
    if python312.prefix() is None:
        pytest.skip("the Python 3.12 stand-in is packed from a pyenv build of it, which is not here")
    if missing := [tool for tool in ("patchelf", "strip") if shutil.which(tool) is None]:
        pytest.skip(f"{', '.join(missing)} not installed")
    return python312.archive()
