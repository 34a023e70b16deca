"""How far an installation has come, by what it has written: the changes its journal says have begun, and dpkg's log."""
import json

from machine import Machine

JOURNAL, DPKG_LOG = "var/lib/bedplate/journal.jsonl", "var/log/dpkg.log"
# What every package goes through on its way, however often somebody is stopped on it.
STATES = {"half-installed", "unpacked", "half-configured", "installed"}


class Progress:
    """Marks: a change of a step, or a state of a package. Each counts once, as a killed installation comes by it again.

    Not the ends of changes: one that was made when its installer was killed is never written down as done.
    """

    def __init__(self, machine: Machine):
        self.root = machine.root
        self.read = {JOURNAL: 0, DPKG_LOG: 0}
        self.marks: set[tuple[str, str, str]] = set()

    def look(self) -> None:
        """Reads what has been written since the last look."""
        for line in self._lines(JOURNAL):
            entry = json.loads(line)
            if entry["event"] == "change-began":
                self.marks.add(("change", entry["step"], entry["subject"]))
        for line in self._lines(DPKG_LOG):
            words = line.decode().split()
            if len(words) > 4 and words[2] == "status" and words[3] in STATES:
                self.marks.add(("package", words[3], words[4]))

    def share(self, whole: set[tuple[str, str, str]]) -> float:
        """How much of an uninterrupted installation is behind us by now, from 0 to 1: packages are half of it, and the rest
        is the other half."""
        self.look()
        kinds = [{mark for mark in whole if mark[0] == kind} for kind in ("package", "change")]
        return sum(len(kind & self.marks) / len(kind) for kind in kinds) / len(kinds)

    def _lines(self, name: str) -> list[bytes]:
        path = self.root / name
        if not path.exists():
            return []
        with open(path, "rb") as file:
            file.seek(self.read[name])
            new = file.read()
        whole = new[:new.rfind(b"\n") + 1]
        self.read[name] += len(whole)
        return whole.splitlines()
