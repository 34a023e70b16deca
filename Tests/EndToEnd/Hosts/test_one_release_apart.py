"""The command line of one release and the supervisor of the other, both ways: `apt` replaces them one after the other, and
a supervisor that could not be reloaded goes on for as long as it likes."""
import json
import re
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from bed import CHECKOUT, build_release
from previous import absence, named, previous
from test_package import EARLIER, LATER, PROGRAMS
from trial import Trial, listening
from waiting import until

METHODS = set(re.findall(r"^ +method (\w+)", (CHECKOUT / "Sources/Control/Varlink/ControlInterface.swift").read_text(), re.M)) \
    - {"GetInfo", "GetInterfaceDescription"}


class Listener:
    """Sits on the control socket of a trial, hands everything on, and remembers which methods were called."""

    def __init__(self, path: Path):
        self.behind = path.with_name("behind")
        path.rename(self.behind)
        self.methods: set[str] = set()
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(path))
        self.server.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            behind = socket.socket(socket.AF_UNIX)
            behind.connect(str(self.behind))
            threading.Thread(target=self.copy, args=(client, behind, True), daemon=True).start()
            threading.Thread(target=self.copy, args=(behind, client, False), daemon=True).start()

    def copy(self, source: socket.socket, target: socket.socket, are_calls: bool) -> None:
        try:
            while part := source.recv(1 << 16):
                if are_calls:
                    self.methods |= set(re.findall(r"io\.bedplate\.Supervisor\.(\w+)", part.decode(errors="replace")))
                target.sendall(part)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


@pytest.fixture(params=["the earlier command line with this supervisor", "this command line with the earlier supervisor"])
def apart(request, pytestconfig, tmp_path):
    """A trial whose two halves are of different releases, its command line's version and its supervisor's."""
    if reason := absence():
        pytest.skip(reason)
    own = pytestconfig.getoption("--programs", None) or build_release(*PROGRAMS)
    earlier = previous(own / "cspm").programs
    is_earlier_command = request.param.startswith("the earlier command line")
    line, supervisor = (earlier, own) if is_earlier_command else (own, earlier)
    build = tmp_path / "build"
    build.mkdir()
    for program, folder in (("bedplate", line), ("bedplated", supervisor), ("bedplate-probe", supervisor), ("cspm", own)):
        shutil.copy(folder / program, build / program)
    # A command line has the profiles of its own package: an earlier one need not know what a later profile says.
    checkout = earlier_checkout(tmp_path / "checkout") if is_earlier_command else CHECKOUT
    trial = Trial.prepare(tmp_path / "root")
    try:
        yield trial, build, checkout, *((EARLIER, LATER) if is_earlier_command else (LATER, EARLIER))
    finally:
        if (trial.root / "usr/bin/bedplate").exists():
            trial.bedplate("trial", "stop")


def earlier_checkout(folder: Path) -> Path:
    """What a trial takes from a checkout, as it was in the release before this one."""
    folder.mkdir()
    files = subprocess.run(["git", "archive", named("BEDPLATE_COMMIT"), "profiles", "web", "units"],
                           cwd=CHECKOUT, stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["tar", "-x", "-C", folder], input=files, check=True)
    return folder


def test_each_thing_that_can_be_asked_of_a_supervisor_is_understood_one_release_apart(apart):
    trial, build, checkout, line, supervisor = apart
    settings = [word for key, value in trial.settings.items() for word in ("--set", f"{key}={value}")]

    def start():
        return run(build / "bedplate", "trial", "start", "--root", str(trial.root), "--checkout", str(checkout), *settings)

    start()
    assert run(trial.root / "usr/bin/bedplate", "--version").strip() == line
    assert trial.status()["supervisor"]["version"] == supervisor
    listener = Listener(trial.root / "run/bedplate/control")

    def ask(*arguments):
        return run(trial.root / "usr/bin/bedplate", *arguments)

    def state(name):
        return trial.instance(name)["state"]

    before = trial.instance("worker@blue")["pid"]
    ask("stop", "worker@blue")
    until("it is down", lambda: state("worker@blue") == "down")
    ask("start", "worker@blue")
    until("it is up", lambda: state("worker@blue") == "up" and trial.instance("worker@blue")["healthy"])
    again = trial.instance("worker@blue")["pid"]
    ask("restart", "worker@blue")
    until("it has another process", lambda: state("worker@blue") == "up" and trial.instance("worker@blue")["pid"] not in (before, again))
    assert ask("logs", "api@blue", "--lines", "3").strip()
    assert "worker@blue" in ask("events")
    assert ask("metrics").rstrip().endswith("# EOF")

    # A release is deployed, traffic moves to it and back; the front door is reloaded.
    release = trial.root / "next-release"
    shutil.copytree(trial.root / "usr/lib/bedplate/cspm", release)
    (release / "web/added.txt").write_text("of the next release\n")
    ask("deploy", str(release))
    moved = json.loads(ask("switch", "green", "--watch", "0", "--json"))
    assert moved["live"] == "green" == trial.status()["live"]
    assert trial.get("/added.txt").body == b"of the next release\n"
    ask("rollback")
    assert trial.status()["live"] == "blue" and trial.get("/added.txt").status == 404
    assert any(i["healthy"] for i in trial.status()["instances"])

    ask("trial", "stop")
    assert not any(listening(port) for port in trial.ports)
    # A supervisor becomes its new program at the package's word (SIGHUP), and no command asks for it.
    assert listener.methods == METHODS - {"Reexecute"}, METHODS - listener.methods


def run(program, *arguments) -> str:
    result = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    assert result.returncode == 0, (arguments, result.stdout[-2000:], result.stderr[-2000:])
    return result.stdout
