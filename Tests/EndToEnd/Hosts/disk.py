"""What a host is made of, so that two of them can be compared."""
import contextlib
import hashlib
import json
import os
import re
import stat
from pathlib import Path

# Made anew whenever a host is on.
NOT_KEPT = {"proc", "sys", "dev", "run", "tmp", "srv"}


def tree(root: Path) -> dict[str, tuple]:
    """Everything on the disk below `root` by its path: kind, mode, owner and group by name, and content, a file's as a
    digest."""
    users, groups = names(root / "etc/passwd"), names(root / "etc/group")
    found: dict[str, tuple] = {}

    def walk(folder: Path, place: str) -> None:
        with os.scandir(folder) as entries:
            for entry in entries:
                # Whatever runs there may take a file away again while we look; then it is not on the disk.
                if place or entry.name not in NOT_KEPT:
                    with contextlib.suppress(FileNotFoundError):
                        add(entry, f"{place}/{entry.name}")

    def add(entry: os.DirEntry, path: str) -> None:
        status = entry.stat(follow_symlinks=False)
        owner = (users.get(status.st_uid, status.st_uid), groups.get(status.st_gid, status.st_gid))
        mode = oct(stat.S_IMODE(status.st_mode))
        if entry.is_symlink():
            found[path] = ("link", *owner, os.readlink(entry.path))
        elif entry.is_dir():
            found[path] = ("directory", mode, *owner)
            walk(Path(entry.path), path)
        elif entry.is_file():
            found[path] = ("file", mode, *owner, content(entry.path, path, status))
        else:
            found[path] = ("other", mode, *owner)

    walk(root, "")
    return found


# Of all files that were ever looked at. Nobody can set the time of a change (ctime), which each change of a file's content has.
digests: dict[tuple, str] = {}


def content(place: str, path: str, status: os.stat_result) -> str:
    """The digest of a file's content. Most files of a host are those of the layers that it shares with others."""
    version = (path, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    if version not in digests:
        with open(place, "rb") as file:
            digests[version] = hashlib.file_digest(file, "sha1").hexdigest()
    return digests[version]


def names(database: Path) -> dict[int, str]:
    """Users or groups by number."""
    return {int(number): name for name, _, number, *_ in
            (line.split(":") for line in database.read_text().splitlines() if line.count(":") > 2)}


def accounts(root: Path) -> set[tuple]:
    """Users and groups with all that is said of them but their numbers and the days of their changes, which nobody chose."""
    def lines(name: str) -> list[list[str]]:
        return [line.split(":") for line in (root / "etc" / name).read_text().splitlines()]

    # shadow(5) has the day of a change in its third field.
    return {("user", user[0], user[1], *user[4:]) for user in lines("passwd")} | {("group", *group[:2], group[3]) for group in lines("group")} \
        | {("password", *user[:2], *user[3:]) for user in lines("shadow")} | {("group password", *group) for group in lines("gshadow")}


def demand_same(one: dict[str, tuple], other: dict[str, tuple], besides: str) -> None:
    """Two trees are the same, but for paths that match the pattern `besides`."""
    found = [f"{path}: {one.get(path)} and {other.get(path)}" for path in sorted(one.keys() | other.keys())
             if one.get(path) != other.get(path) and not re.fullmatch(besides, path)]
    assert not found, f"{len(found)} differences:\n" + "\n".join(found[:100])


def packages(root: Path) -> set[tuple[str, str]]:
    """Every package that dpkg knows, with its state: `install ok installed`."""
    return set(stanzas(root / "var/lib/dpkg/status").items())


def half_done(root: Path) -> dict[str, str]:
    """Packages that a dpkg is at or was stopped at, each with its state: what dpkg says by name, and by the notes that it
    had not brought in yet."""
    known = stanzas(root / "var/lib/dpkg/status")
    for note in sorted((root / "var/lib/dpkg/updates").glob("[0-9]*")):
        known |= stanzas(note)
    whole = ("ok installed", "ok config-files", "ok not-installed")
    return {name: status for name, status in known.items() if not status.endswith(whole)}


def stanzas(path: Path) -> dict[str, str]:
    """Packages with their states."""
    found = [dict(re.findall(r"^(Package|Status): (.*)$", stanza, re.M)) for stanza in path.read_text().split("\n\n")]
    return {fields["Package"]: fields["Status"] for fields in found if "Package" in fields}


def configuration(root: Path) -> set[str]:
    """What packages leave on the disk that are removed and not purged, by dpkg's own lists."""
    left = {name for name, status in packages(root) if status.endswith(" config-files")}
    lists = (root / "var/lib/dpkg/info").glob("*.list")
    return {line for file in lists if file.name[:-5].split(":")[0] in left for line in file.read_text().splitlines()}


def journal(root: Path) -> list[dict]:
    path = root / "var/lib/bedplate/journal.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def befores(root: Path) -> set[tuple]:
    """How the journal says everything was before it was touched: what an uninstall has to go by."""
    known: dict[tuple, tuple] = {}
    for entry in journal(root):
        if before := entry.get("before"):
            subject = (before["kind"], before["name"])
            found = before.get("found") or {}
            known.setdefault(subject, (*subject, found.get("kind"), found.get("mode"), before.get("wasEnabled"),
                                       before.get("wasActive")))
    return set(known.values())


def unfinished(root: Path) -> list[tuple[str, str]]:
    """Changes that the last run began and did not end."""
    open_changes: list[tuple[str, str]] = []
    for entry in journal(root):
        change = (entry.get("step"), entry.get("subject"))
        if entry["event"] == "run-began":
            open_changes = []
        elif entry["event"] == "change-began":
            open_changes.append(change)
        elif entry["event"] in ("change-done", "change-failed"):
            open_changes.remove(change)
    return open_changes
