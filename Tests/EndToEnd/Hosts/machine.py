"""A booted host: systemd in a container of its own, on layers that are thrown away."""
import contextlib
import datetime
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import cgroups
from bed import BED, BuildFailed, command, held, remove
from overlay import Overlay

RUNS = BED / "runs"
# An installed host takes a quarter of it, in KiB; the installer itself wants to see more than it takes.
MEMORY_NEEDED = 4 << 20
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8", "TERM": "dumb", "DEBIAN_FRONTEND": "noninteractive"}


class Machine:
    """One host. `name` prefixes all that belongs to it: its folder, its control groups, its name in the container.

    `layers` lie on top of each other from the bottom up. `shows` maps a path in the host to a folder or file of this
    machine that is visible there, read-only. Its network is a loopback of its own. `in_memory`: so is its disk, where there is
    room, and is gone in no time.
    """

    def __init__(self, name: str, layers: list[Path], shows: dict[str, Path] | None = None, outlives_us: bool = False,
                 in_memory: bool = False):
        self.name = name
        self.folder = RUNS / name
        self.shows = shows or {}
        self.outlives_us = outlives_us
        self.overlay = Overlay(self.folder, layers)
        self._container: subprocess.Popen | None = None
        self._console = None
        self._log_lock = threading.Lock()
        self.init: int | None = None
        self.state = "off"
        self.folder.mkdir(parents=True)
        if in_memory and available() > 2 * MEMORY_NEEDED:
            command("mount", "-t", "tmpfs", "-o", f"size={2 * MEMORY_NEEDED}k,mode=755", name, self.folder)
        self._claim = self._keeper = None
        if not outlives_us:
            # Whoever finds this folder without a holder of its lock knows that the run it was part of is over.
            self._claim = held(claim(name))
            self._claim.__enter__()
            self._keeper = self._start_keeper()
        self.overlay.mount()

    def _start_keeper(self) -> subprocess.Popen:
        """A process that removes the machine when we could not: it sees our end, even by KILL, as the end of its input."""
        script = 'cat >/dev/null; [ ! -e "$3" ] || exec "$1" "$2" off "$4"'
        return subprocess.Popen(
            ["sh", "-c", script, "keeper", sys.executable, str(Path(__file__).with_name("host")), str(self.folder),
             self.name], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)

    @property
    def root(self) -> Path:
        """The host's files as they are on its disk; not what it mounts itself, such as /run."""
        return self.overlay.root

    @property
    def live(self) -> Path:
        """The host's files as its first process sees them."""
        return Path(f"/proc/{self.init}/root")

    def log(self, text: str) -> None:
        stamp = datetime.datetime.now().strftime("%H:%M:%S.%f")[:-3]
        with self._log_lock, open(self.folder / "log", "a") as file:
            file.write("".join(f"{stamp} {line}\n" for line in text.splitlines() or [""]))

    # MARK: On and off

    def boot(self, limit: float = 60) -> str:
        """Switches it on and waits until its units have settled: `running`, or `degraded` when one has failed."""
        assert self._container is None, f"{self.name} is on"
        groups = cgroups.make(self.name)
        join = "for group; do [ \"$group\" = -- ] && break; echo $$ >\"$group/cgroup.procs\" || exit 1; shift; done; " \
            "shift; exec \"$@\""
        shown = [f"--bind-ro={source}:{place}" for place, source in self.shows.items()]
        self._console = open(self.folder / "console", "ab")
        self._container = subprocess.Popen(
            ["sh", "-c", join, "join", *map(str, groups), "--",
             "systemd-nspawn", "--quiet", "--directory", str(self.root), f"--machine={self.name}", "--boot",
             # A real machine has it; without this the container refuses it before any unit can.
             "--system-call-filter=pidfd_getfd",
             "--console=pipe", "--register=no", "--keep-unit", "--private-network", "--link-journal=no", *shown],
            stdin=subprocess.DEVNULL, stdout=self._console, stderr=subprocess.STDOUT, start_new_session=True,
            env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"})
        self.init = self._first_process(limit)
        (self.folder / "init").write_text(f"{self.init}\n")
        self.state = self._settled(limit)
        self.log(f"booted: {self.state}, first process {self.init}")
        return self.state

    def _first_process(self, limit: float) -> int:
        """The child of the container's program that is pid 1 in there; a short-lived one is forked first."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            if self._container.poll() is not None:
                raise BuildFailed(f"cannot boot {self.name}: the container ended with {self._container.returncode}\n"
                                  + self.console()[-2000:])
            for pid in children(self._container.pid):
                if is_first_process(pid):
                    return pid
            time.sleep(0.01)
        raise BuildFailed(f"cannot boot {self.name}: no first process after {limit} s\n" + self.console()[-2000:])

    def _settled(self, limit: float) -> str:
        end, last = time.monotonic() + limit, ""
        while time.monotonic() < end:
            result = self._enter(["systemctl", "is-system-running", "--wait"], 20)
            last = result.stdout.decode().strip()
            if last in ("running", "degraded"):
                return last
            time.sleep(0.05)
        raise BuildFailed(f"cannot boot {self.name}: after {limit} s it is {last or 'silent'}\n{self.console()[-2000:]}")

    def poweroff(self, limit: float = 60) -> None:
        self.log("poweroff")
        self._enter(["systemctl", "poweroff"], 20)
        self._wait_for_container(limit)

    def reboot(self, limit: float = 60) -> str:
        """Goes down in order and comes up again on the same disk."""
        self.log("reboot")
        self._enter(["systemctl", "reboot"], 20)
        code = self._wait_for_container(limit)
        assert code == 133, f"the container ended with {code} instead of asking for a reboot"
        return self.boot()

    def cut_power(self) -> None:
        """Nothing in it is told. What it wrote is kept, as this machine has not lost its power."""
        self.log("power cut")
        os.kill(self.init, signal.SIGKILL)
        self._wait_for_container(30)

    def _wait_for_container(self, limit: float) -> int:
        code = self._container.wait(limit)
        self._container, self.init, self.state = None, None, "off"
        self._console.close()
        cgroups.remove(self.name)
        return code

    # MARK: Inside

    def run(self, *arguments, check: bool = True, timeout: float = 60, input: bytes | str | None = None,
            user: str | None = None) -> subprocess.CompletedProcess:
        """Runs a command in the host, as a service of the host's own systemd, and gives its outcome as text."""
        begin = time.monotonic()
        data = input.encode() if isinstance(input, str) else input
        result = self._enter(as_service(arguments, user), timeout, data)
        result = subprocess.CompletedProcess(
            list(map(str, arguments)), result.returncode, result.stdout.decode(errors="replace"),
            result.stderr.decode(errors="replace"))
        self.log(f"$ {' '.join(result.args)}\n{result.stdout}{result.stderr}"
                 f"= exit {result.returncode} after {time.monotonic() - begin:.2f} s")
        if check:
            assert result.returncode == 0, f"{result.args} ended with {result.returncode}:\n{result.stdout}{result.stderr}"
        return result

    def sh(self, script: str, **options) -> str:
        """The output of a shell script that must succeed."""
        return self.run("bash", "-euo", "pipefail", "-c", script, **options).stdout

    @contextlib.contextmanager
    def talking(self, *arguments, unit: tuple[str, ...] = ()):
        """A command that runs while its output and errors are read, a line at a time, from `stdout`. `unit`: what
        systemd-run is told besides about the service that it is."""
        self.log(f"$ {' '.join(map(str, arguments))} &")
        with subprocess.Popen(self._entering(as_service(arguments, unit=unit)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()

    def _enter(self, arguments: list[str], timeout: float, input: bytes | None = None) -> subprocess.CompletedProcess:
        stdin = {"input": input} if input is not None else {"stdin": subprocess.DEVNULL}
        return subprocess.run(self._entering(arguments), capture_output=True, timeout=timeout, **stdin)

    def _entering(self, arguments: list[str]) -> list[str]:
        """Reaches the host's systemctl and systemd-run, and nothing else: what is run by this keeps every privilege of
        this machine, so that a `date -s` in it sets the real clock."""
        assert arguments[0] in ("systemctl", "systemd-run", "journalctl")
        assert self.init is not None, f"{self.name} is off"
        return ["nsenter", "-t", str(self.init), "-m", "-u", "-i", "-n", "-p", "-r", "-w", "-C", "--",
                "env", "-i", f"PATH={PATH}", *arguments]

    def show(self, unit: str, *properties: str) -> dict[str, str]:
        """Properties of a unit, by name."""
        lines = self.run("systemctl", "show", unit, "--property", ",".join(properties)).stdout.splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def write(self, path: str, content: str | bytes, mode: int = 0o644) -> None:
        """Puts a file onto its disk, on or off."""
        place = inside(self.root, path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
        place.chmod(mode)

    def read(self, path: str) -> str:
        return inside(self.root, path).read_text(errors="replace")

    def outer_pid(self, inner: int) -> int:
        """The number that a process of the host has on this machine."""
        for group in cgroups.hierarchies():
            for pid in cgroups.members(group / self.name):
                if inner_pid(pid) == inner:
                    return pid
        raise ProcessLookupError(f"{self.name} has no process {inner}")

    def processes(self) -> dict[int, str]:
        """Every process of the host: its number in there and its command line."""
        found = {}
        for group in cgroups.hierarchies():
            for pid in cgroups.members(group / self.name):
                inner = inner_pid(pid)
                try:
                    command = Path(f"/proc/{pid}/cmdline").read_bytes()
                except OSError:
                    continue
                if inner:
                    found[inner] = command.replace(b"\0", b" ").decode(errors="replace").strip()
        return found

    # MARK: Afterwards

    def console(self) -> str:
        return (self.folder / "console").read_text(errors="replace") if (self.folder / "console").exists() else ""

    def keep_logs(self, place: Path) -> None:
        """Copies what was said in it and about it, for somebody who wants to know why a test failed."""
        place.mkdir(parents=True, exist_ok=True)
        if self.init is not None:
            try:
                journal = self._enter(["journalctl", "--boot", "--no-pager", "--output=short-precise"], 30).stdout
                (place / f"{self.name}.journal").write_bytes(journal)
            except (OSError, subprocess.SubprocessError) as error:
                self.log(f"its journal could not be read: {error}")
        for kind in ("console", "log"):
            if (self.folder / kind).exists():
                shutil.copyfile(self.folder / kind, place / f"{self.name}.{kind}")
        for logs in ("var/log/bedplate", "var/lib/bedplate/events.jsonl"):
            source = self.root / logs
            target = place / f"{self.name}.files" / logs
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
            elif source.exists():
                shutil.copyfile(source, target)

    def keep_layer(self, place: Path) -> None:
        """What was changed on its disk, as a layer for other machines; the machine must be off."""
        assert self._container is None, f"{self.name} is on"
        shutil.copytree(self.overlay.upper, place, symlinks=True, dirs_exist_ok=True)
        for own in ("etc/machine-id", "etc/hostname"):
            (place / own).unlink(missing_ok=True)

    def rest(self) -> Path:
        """What was changed on its disk, as a layer for other machines while this one is not closed; it is off for good."""
        assert self._container is None, f"{self.name} is on"
        self.overlay.unmount()
        for own in ("etc/machine-id", "etc/hostname"):
            (self.overlay.upper / own).unlink(missing_ok=True)
        return self.overlay.upper

    def close(self) -> None:
        """Removes the machine and all of its traces, on or off. Safe to call again."""
        container, self._container = self._container, None
        self.init = None
        cgroups.remove(self.name)
        if container:
            container.wait(30)
            self._console.close()
        self.overlay.unmount()
        throw_away(self.folder)
        if self._claim:
            claim(self.name).unlink()
            self._claim.__exit__(None, None, None)
            self._claim = None
        if self._keeper:
            self._keeper.stdin.close()
            self._keeper.wait(30)
            self._keeper = None


def as_service(arguments, user: str | None = None, unit: tuple[str, ...] = ()) -> list[str]:
    """A command as a service of the host's own systemd."""
    who = ["--uid", user, "--working-directory=/"] if user else ["--working-directory=/root"]
    settings = [f"--setenv={key}={value}" for key, value in ENVIRONMENT.items()]
    return ["systemd-run", "--quiet", "--collect", "--wait", "--pipe", "--service-type=exec", *settings, *who, *unit, "--",
            # systemd puts its own variables where it finds ${NAME}: a doubled $ is one that it leaves alone.
            *(str(argument).replace("$", "$$") for argument in arguments)]


def inside(root: Path, path: str) -> Path:
    """Where a path of a host is on this machine. A link in the host is followed as the host would: `/etc/x` is its own."""
    parts, place, links = [part for part in path.split("/") if part], root, 0
    while parts:
        part = parts.pop(0)
        if part in ("", "."):
            continue
        if part == "..":
            place = root if place == root else place.parent
        elif (place / part).is_symlink():
            links += 1
            assert links < 40, f"too many links in {path}"
            target = os.readlink(place / part)
            place = root if target.startswith("/") else place
            parts = target.split("/") + parts
        else:
            place = place / part
    return place


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def is_first_process(pid: int) -> bool:
    try:
        return inner_pid(pid) == 1 and Path(f"/proc/{pid}/comm").read_text().strip() == "systemd"
    except OSError:
        return False


def inner_pid(pid: int) -> int | None:
    """The number of a process in the namespace one level below ours; `None` when it is in ours or gone."""
    try:
        line = next(l for l in Path(f"/proc/{pid}/status").read_text().splitlines() if l.startswith("NSpid:"))
    except (OSError, StopIteration):
        return None
    numbers = line.split()[1:]
    return int(numbers[1]) if len(numbers) == 2 else None


def sweep() -> list[str]:
    """Removes the machines of runs that are over without having cleaned up, killed as they were; their names."""
    swept = []
    for folder in sorted(RUNS.iterdir()) if RUNS.exists() else []:
        if not claim(folder.name).exists():
            continue  # somebody works in it by hand
        try:
            discard(folder.name, wait=False)
            swept.append(folder.name)
        except BlockingIOError:
            continue
    return swept


def discard(name: str, wait: bool = True) -> None:
    """Removes a machine that this process did not start. Without `wait`, BlockingIOError when a test runs on it."""
    with held(claim(name), wait):
        if (RUNS / name).exists():
            cgroups.remove(name)
            Overlay(RUNS / name, []).unmount()
            throw_away(RUNS / name)
        claim(name).unlink(missing_ok=True)


def throw_away(folder: Path) -> None:
    """Removes a machine's folder, on the disk or in memory."""
    while subprocess.run(["mountpoint", "-q", folder], stdin=subprocess.DEVNULL).returncode == 0:
        # What somebody still has open there, such as the console of a machine that was not ours, goes with its last reader.
        command("umount", "--lazy", folder)
    remove(folder)


def available() -> int:
    """The memory that programs could still have, in KiB."""
    return next(int(line.split()[1]) for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemAvailable:"))


def claim(name: str) -> Path:
    """Locked by whoever uses the machine."""
    return BED / "claims" / name


def traces(name: str) -> list[str]:
    """What of a machine is still there: groups, mounts, its folder."""
    found = [str(group) for hierarchy in cgroups.hierarchies() if (group := hierarchy / name).exists()]
    found += [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if name in line]
    return found + ([str(RUNS / name)] if (RUNS / name).exists() else [])
