"""Installations on booted hosts: what they begin with, how they are run, and what is left of them."""
import json
import re
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import mirrors
from bed import CHECKOUT, build_release, command
from beforehand import BASE, NEEDED, OURS
from disk import accounts, befores, demand_same, packages, tree, unfinished
from machine import Machine
from progress import Progress
from standins import mongodb, node, python312

SERVERS = ["nginx", "redis-server", "nodejs", "yarnpkg", "mongodb-org"]
PROGRAMS = ["bedplated", "bedplate-probe", "bedplate", "cspm"]
BEDPLATE = "/srv/build/bedplate"
NODE_PIN = "Package: nodejs\nPin: version 20.*\nPin-Priority: 600\n"

# In what two installations may differ that nobody stopped, and why.
BY_CHANCE = "|".join([
    r"/var/(log|cache|tmp)(/.*)?",
    # Lists with times, backups beside them, orders of lines and times of changes: packages, users and groups are
    # compared by name.
    r"/var/lib/(apt|dpkg|systemd|ucf|private)(/.*)?", r"/var/lib/shells\.state", r"/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?",
    r"/etc/(ld\.so\.cache|machine-id|hostname|\.pwd\.lock|\.updated)", r"/var/\.updated",
    # Secrets are drawn, and what holds one.
    r"/etc/bedplate/secrets/[A-Z_]+", r"/etc/redis/bedplate\.conf", r"/var/lib/bedplate/started/redis-server\.service",
    # What the databases and the supervisor write while they run; a journal has times, its originals what it names.
    r"/var/lib/(redis|mongodb)/.*", r"/var/lib/bedplate/(data/.*|journal\.jsonl|state\.json.*|events\.jsonl.*|slots\.json|originals/.*)",
    # Python's package leaves it where nobody stopped its first installation; only its own scripts look at it.
    r"/var/lib/python(/python3\.\d+_installed)?",
    # Compiled by whoever imports first; the time of the source is in it.
    r"/.*/__pycache__(/.*)?",
])


class Installation:
    """`bedplate install`, typed on a host."""

    def __init__(self, machine: Machine, settings: list[str]):
        self.machine, self.settings = machine, settings
        self.words = [BEDPLATE, "install", "--checkout", "/srv/checkout",
                      *(word for setting in settings for word in ("--set", setting))]

    def __call__(self, *more, check: bool = True):
        return self.machine.run(*self.words, *more, check=check, timeout=600)

    def without(self, setting: str) -> "Installation":
        """The same without the setting that begins so."""
        return Installation(self.machine, [one for one in self.settings if not one.startswith(setting)])

    def adding(self, *settings: str) -> "Installation":
        """The same with these settings, which hold where there is another one of the same key."""
        return Installation(self.machine, [*self.settings, *settings])

    def made(self) -> list[str]:
        """Installs, and says what was changed for it."""
        return sentences(self("--yes", "--json").stdout)

    def refused(self, *more, exit: int = 1) -> str:
        """What an installation says that ends with `exit`."""
        result = self("--yes", *more, check=False)
        assert result.returncode == exit, result
        return result.stderr

    def until(self, event: str, **fields):
        """Begins an installation and waits for this event of it; the running one and the event."""
        return Waiting(self, event, fields)

    def outcome(self) -> "Outcome":
        """What the host is now."""
        return Outcome.of(self.machine)


class Waiting:
    """An installation that has begun, up to one of its events."""

    def __init__(self, installation: Installation, event: str, fields: dict):
        self.event, self.fields = event, fields
        self.talk = installation.machine.talking(*installation.words, "--yes", "--json")

    def __enter__(self):
        self.process = self.talk.__enter__()
        self.said = []
        for line in self.process.stdout:
            self.said.append(line)
            if line.startswith('{"') and (found := json.loads(line)).get("event") == self.event \
                    and all(re.search(pattern, str(found.get(key))) for key, pattern in self.fields.items()):
                return self, found
        raise AssertionError(f"no event {self.event} {self.fields}:\n{''.join(self.said)}")

    def end(self) -> tuple[int, str]:
        """How it ended, and all that it said."""
        self.said += self.process.stdout.readlines()
        return self.process.wait(600), "".join(self.said)

    def __exit__(self, *error):
        return self.talk.__exit__(*error)


@dataclass
class Outcome:
    """What an installation leaves behind: everything on the disk, packages with what is held, accounts, units that are enabled
    or run, and what uninstall has to go by."""
    tree: dict = field(repr=False)
    packages: set = field(repr=False)
    accounts: set = field(repr=False)
    units: set
    befores: set = field(repr=False)

    @staticmethod
    def of(machine: Machine) -> "Outcome":
        assert unfinished(machine.live) == []
        listed = machine.sh("systemctl list-unit-files --state=enabled --no-legend --plain; "
                            "systemctl list-units --type=service --state=running --no-legend --plain")
        names = {line.split()[0] for line in listed.splitlines()}
        return Outcome(tree(machine.live), packages(machine.live), accounts(machine.live),
                       {name for name in names if not name.startswith("run-")}, befores(machine.live))

    def demand_same(self, other: "Outcome") -> None:
        demand_same(self.tree, other.tree, besides=BY_CHANCE)
        assert self.packages ^ other.packages == set(), self.packages ^ other.packages
        assert self.accounts ^ other.accounts == set(), self.accounts ^ other.accounts
        assert self.units ^ other.units == set(), self.units ^ other.units
        assert self.befores ^ other.befores == set(), self.befores ^ other.befores


def answer(said: str) -> dict:
    """The last value of `--json`; events come before it."""
    return json.loads(said[said.index("\n{\n") if not said.startswith("{\n") else 0:])


def sentences(said: str) -> list[str]:
    return [change["sentence"] for step in answer(said)["steps"] for change in step["changes"]]


@pytest.fixture(scope="session")
def build(pytestconfig, tmp_path_factory):
    """A folder with all of our programs, and nothing else."""
    programs = pytestconfig.getoption("--programs", None) or build_release(*PROGRAMS)
    place = tmp_path_factory.mktemp("build")
    for product in PROGRAMS:
        shutil.copyfile(programs / product, place / product)
        (place / product).chmod(0o755)
    return place


@dataclass
class Upstreams:
    """What an installation is fed from: the folders and files that its host sees, and the settings that name them."""
    shows: dict[str, Path]
    source: str
    settings: list[str]


@pytest.fixture(scope="session")
def upstreams(base, build, node_standin_mirror, mongodb_standin_mirror, python312_standin_archive):
    return feed(base, build)


def feed(base: Path, build: Path) -> Upstreams:
    """`build`: a folder with our programs. All of it is built when it is asked for the first time."""
    debian, archive, nodes, databases = mirrors.debian(base, NEEDED), python312.archive(), node.mirror(), mongodb.mirror()
    shows = {**debian.shows, **nodes.shows, **databases.shows, "/srv/build": build, "/srv/upstream": archive.parent}
    shows |= {f"/srv/checkout/{part}": CHECKOUT / part for part in ("profiles", "web", "units", "packaging")}
    if runtime := re.search(r"=> (/\S+)/libswiftCore\.so", command("ldd", build / "bedplate")):
        shows[runtime[1]] = Path(runtime[1])  # a debug build brings no runtime of its own
    digest = archive.with_name(archive.name + ".sha256").read_text().split()[0]
    places = [("https://deb.nodesource.com", nodes.uri), ("https://repo.mongodb.org", databases.uri),
              ("https://www.mongodb.org", databases.uri)]
    return Upstreams(shows, debian.source, [
        "mirrors=[" + ", ".join(f"{{from: '{a}', to: '{b}'}}" for a, b in places) + "]",
        f"upstreams.node.fingerprint={nodes.fingerprint}",
        f"upstreams.mongodb.fingerprint={databases.fingerprint}",
        f"archives.python-x86-64.uri=file:/srv/upstream/{archive.name}", f"archives.python-x86-64.sha256={digest}"])


@pytest.fixture(scope="session")
def expired_key(tmp_path_factory):
    """A signing key whose time is over."""
    home = tmp_path_factory.mktemp("gpg")
    gpg = ["gpg", "--batch", "--quiet", "--homedir", home, "--faked-system-time", "20240101T000000"]
    command(*gpg, "--passphrase", "", "--quick-gen-key", "expired", "ed25519", "sign", "30d")
    command(*gpg, "--armor", "--export", "--output", home / "key.asc", "expired")
    command("gpgconf", "--homedir", home, "--kill", "gpg-agent")
    lines = command("gpg", "--batch", "--homedir", home, "--with-colons", "--show-keys", home / "key.asc").splitlines()
    return ExpiredKey((home / "key.asc").read_text(), next(line.split(":")[9] for line in lines if line.startswith("fpr:")))


@dataclass
class ExpiredKey:
    text: str
    fingerprint: str


@pytest.fixture(scope="session")
def bare_layer(session_host, upstreams):
    """A host that has apt's sources and what our programs link, and nothing else of ours."""
    machine = session_host(shows=upstreams.shows)
    prepare(machine, upstreams)
    machine.cut_power()
    return machine.rest()


def prepare(machine: Machine, upstreams: Upstreams) -> None:
    machine.sh("rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*")
    machine.write("/etc/apt/sources.list.d/debian.sources", upstreams.source)
    machine.sh(f"apt-get -qq update && apt-get -qq -y --no-install-recommends install {' '.join(OURS)}", timeout=300)


@dataclass
class Installed:
    """An installation that nobody stopped, from a bare host on."""
    before: Outcome = field(repr=False)
    planned: dict = field(repr=False)
    made: dict = field(repr=False)
    seconds: float
    outcome: Outcome
    # All that it came by: what `Progress` shares are of.
    marks: set = field(repr=False)
    layer: Path


@pytest.fixture(scope="session")
def installed(session_host, upstreams, bare_layer):
    machine = session_host(layers=[bare_layer], shows=upstreams.shows)
    install = Installation(machine, upstreams.settings)
    before = install.outcome()
    planned = install("--check", "--json", check=False)
    assert planned.returncode == 2, planned
    demand_same(before.tree, tree(machine.live), besides=r"/var/log/.*")
    progress = Progress(machine)
    progress.look()
    earlier, begin = set(progress.marks), time.monotonic()
    made = install("--yes", "--json")
    seconds = time.monotonic() - begin
    progress.look()
    marks = progress.marks - earlier
    outcome = install.outcome()
    machine.cut_power()
    return Installed(before, answer(planned.stdout), answer(made.stdout), seconds, outcome, marks, machine.rest())


@pytest.fixture
def bare(host, upstreams, bare_layer):
    """An installation that has not begun, on a host with nothing of ours."""
    return Installation(host(layers=[bare_layer], shows=upstreams.shows), upstreams.settings)


@pytest.fixture
def running(host, upstreams, bare_layer, installed):
    """An installation that was made, on a host that has come up again after a power cut."""
    return Installation(host(layers=[bare_layer, installed.layer], shows=upstreams.shows), upstreams.settings)


@pytest.fixture(scope="session")
def stocked_layer(session_host, upstreams, bare_layer, node_standin_mirror, mongodb_standin_mirror):
    """A host that has every package of an installation but one, put there by hand: what comes after them is quickly
    reached, and apt still has something to do."""
    machine = session_host(layers=[bare_layer], shows=upstreams.shows)
    for mirror in (node_standin_mirror, mongodb_standin_mirror):
        machine.write(f"/etc/apt/sources.list.d/{mirror.site}.sources", mirror.source)
    machine.write("/etc/apt/preferences.d/node", NODE_PIN)
    names = " ".join(name for name in [*BASE, *SERVERS] if name != "certbot")
    machine.sh(f"apt-get -qq update && apt-get -qq -y --no-install-recommends install {names}", timeout=300)
    machine.sh("rm /etc/apt/preferences.d/node /etc/apt/sources.list.d/deb.nodesource.com.sources "
               "/etc/apt/sources.list.d/repo.mongodb.org.sources")
    machine.cut_power()
    return machine.rest()


@pytest.fixture(scope="session")
def stocked_outcome(session_host, upstreams, bare_layer, stocked_layer):
    """What an installation that nobody stopped leaves of such a host."""
    install = Installation(session_host(layers=[bare_layer, stocked_layer], shows=upstreams.shows), upstreams.settings)
    install("--yes")
    outcome = install.outcome()
    install.machine.close()
    return outcome


@pytest.fixture
def stocked(host, upstreams, bare_layer, stocked_layer):
    return Installation(host(layers=[bare_layer, stocked_layer], shows=upstreams.shows), upstreams.settings)
