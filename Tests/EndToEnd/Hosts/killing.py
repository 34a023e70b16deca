"""An installation that can be stopped still at any moment, looked at, and killed."""
import contextlib
import os
import signal
import time
from pathlib import Path

import cgroups
from installing import Installation

# The output goes to a file: a pipe of ours, which nobody reads meanwhile, would stop it when it is full.
WORDS = ["bash", "-c", 'exec "$@" >/run/said 2>&1', "attempt"]


class Attempt:
    """`bedplate install`, as a unit of the host: all that it starts is in one control group. As on a terminal, what it has
    started goes on when it is killed alone."""

    def __init__(self, install: Installation, number: int, json: bool = True):
        self.machine, self.unit = install.machine, f"attempt-{number}.service"
        self.talk = install.machine.talking(
            *WORDS, *install.words, "--yes", *(["--json"] if json else []), unit=(f"--unit={self.unit}", "--property=KillMode=process"))

    def __enter__(self) -> "Attempt":
        self.process = self.talk.__enter__()
        # Frozen and killed whole: only a group of cgroup v2 can be. systemd-nspawn may put the host into one below the machine's.
        places = [hierarchy / self.machine.name / part / "system.slice" / self.unit
                  for hierarchy in cgroups.hierarchies() for part in ("payload", "")]
        self.group = None
        while self.group is None and not self.is_over:
            self.group = next((place for place in places if (place / "cgroup.freeze").exists()), None)
            time.sleep(0.002)
        assert self.group, self.process.stdout.read()
        return self

    def __exit__(self, *error):
        return self.talk.__exit__(*error)

    @property
    def is_over(self) -> bool:
        return self.process.poll() is not None

    @contextlib.contextmanager
    def still(self):
        """Nothing of it moves; whether there is something that does not."""
        freeze, events = self.group / "cgroup.freeze", self.group / "cgroup.events"
        try:
            freeze.write_text("1")
            while "frozen 1" not in events.read_text():
                time.sleep(0.0005)
        except OSError:  # it ended, and its group is gone
            yield False
            return
        try:
            yield "populated 1" in events.read_text()
        finally:
            with contextlib.suppress(OSError):
                freeze.write_text("0")

    def kill(self, whole: bool) -> None:
        """By KILL: the installer, or, as when the machine loses its power, it and all that it has started."""
        if whole:
            (self.group / "cgroup.kill").write_text("1")
            return
        pids = cgroups.members(self.group)
        # The shell has not become the installer yet, when nobody is.
        for pid in [pid for pid in pids if program(pid) == "bedplate"] or pids:
            os.kill(pid, signal.SIGKILL)

    def end(self) -> str:
        """Waits until the installer is gone, and gives the last that it said."""
        self.process.wait(600)
        said = self.machine.live / "run/said"
        return said.read_text(errors="replace")[-1000:] if said.exists() else ""


def program(pid: int) -> str:
    return Path(os.readlink(f"/proc/{pid}/exe")).name
