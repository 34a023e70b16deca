"""A control group of its own for each machine: two in one group damage each other, and a group can be killed whole."""
import time
from pathlib import Path


def hierarchies() -> list[Path]:
    """Where systemd's groups live on this machine: cgroup v2 alone, or v2 and the v1 hierarchy named systemd."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields, _, rest = line.partition(" - ")
        kind, _, options = rest.split(" ", 2)
        if kind == "cgroup2" or (kind == "cgroup" and "name=systemd" in options):
            found.append(Path(fields.split()[4]))
    return found


def make(name: str) -> list[Path]:
    groups = [hierarchy / name for hierarchy in hierarchies()]
    for group in groups:
        group.mkdir()
    return groups


def members(group: Path) -> list[int]:
    pids = []
    for file in group.rglob("cgroup.procs"):
        try:
            pids += [int(pid) for pid in file.read_text().split()]
        except OSError:
            continue  # removed while we looked
    return pids


def remove(name: str, limit: float = 10) -> None:
    """Kills whatever is in the machine's groups, then removes them; nothing to do when there are none."""
    groups = [group for hierarchy in hierarchies() if (group := hierarchy / name).exists()]
    for group in groups:
        if (group / "cgroup.kill").exists():
            (group / "cgroup.kill").write_text("1")
    end = time.monotonic() + limit
    for group in groups:
        while members(group) and time.monotonic() < end:
            time.sleep(0.02)
        for folder in sorted((f for f in group.rglob("*") if f.is_dir()), key=lambda f: -len(f.parts)):
            folder.rmdir()
        group.rmdir()
