"""A trial of the application in `switching/`, which has every part that a switch knows and can be broken at each."""
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

from switched import SwitchedTrial
from trial import CHECKOUT, free_ports

SOURCE = CHECKOUT / "Tests/EndToEnd/switching"


class SwitchingTrial(SwitchedTrial):
    @staticmethod
    def start(stands_by=False, asks=False, **settings) -> "SwitchingTrial":
        """Runs the built programs; every setting overrides the profile, with `__` for a dot. `stands_by`: worker and scheduler of
        the idle slot are loaded before a switch. `asks`: its smoke check is a request instead of a program."""
        door, blue, green, preview = free_ports(4)
        root = Path(tempfile.mkdtemp(prefix="bedplate-switch-"))
        trial = SwitchingTrial(root, {
            "front_door.listen": f"127.0.0.1:{door}", "front_door.preview": f"127.0.0.1:{preview}",
            "slots.blue.api": blue, "slots.green.api": green,
        })
        profile = (SOURCE / "profile.yaml").read_text().replace("SOURCE", str(SOURCE))
        if stands_by:
            for role in ("worker", "scheduler"):
                profile = profile.replace(f"role: {role}\n", f"role: {role}\n    standby: true\n    probes: {{startup: {{notify: true}}}}\n")
        if asks:
            before, program = profile.split("  try:\n")
            profile = before + program[program.index("  migrate:\n"):] + """switch:
  smoke: [{path: /api/health, contains: '"slot": "'}]
"""
        (root / "profile.yaml").write_text(profile)
        command = [CHECKOUT / ".build/release/bedplate", "trial", "start", "--root", root, "--checkout", CHECKOUT,
                   "--profile", root / "profile.yaml"]
        for key, value in {**trial.settings, **{k.replace("__", "."): v for k, v in settings.items()}}.items():
            command += ["--set", f"{key}={value}"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
        assert result.returncode == 0, result.stdout + result.stderr
        return trial

    @property
    def preview(self) -> str:
        return "http://" + self.settings["front_door.preview"]

    def breaking(self, part: str, slot: str) -> Path:
        """The file that makes a part of a slot fail while it is there."""
        return self.data / f"break-{part}-{slot}"

    def lines(self, name: str) -> list[str]:
        path = self.data / name
        return path.read_text().split() if path.exists() else []

    def demand_one_live_slot(self) -> str:
        assert self.lines("two-schedulers") == []
        return super().demand_one_live_slot()

    def jobs(self, count: int):
        database = sqlite3.connect(self.data / "queue.sqlite", timeout=30)
        with database:
            database.executemany("INSERT INTO jobs (key) VALUES (?)", [(f"job-{n}-{time.time_ns()}",) for n in range(count)])
        database.close()

    def job_counts(self) -> tuple[int, int, int]:
        """Jobs that wait, keys with an effect, and runs."""
        database = sqlite3.connect(self.data / "queue.sqlite", timeout=30)
        try:
            return database.execute(
                "SELECT (SELECT count(*) FROM jobs), (SELECT count(DISTINCT key) FROM runs), (SELECT count(*) FROM runs)").fetchone()
        finally:
            database.close()
