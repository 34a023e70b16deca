"""A trial of the application in `switching/`, which has every part that a switch knows and can be broken at each."""
import json
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

from trial import CHECKOUT, Trial, free_ports

SOURCE = CHECKOUT / "Tests/EndToEnd/switching"


class SwitchingTrial(Trial):
    @staticmethod
    def start(**settings) -> "SwitchingTrial":
        """Runs the built programs; every setting overrides the profile, with `__` for a dot."""
        door, blue, green, preview = free_ports(4)
        root = Path(tempfile.mkdtemp(prefix="bedplate-switch-"))
        trial = SwitchingTrial(root, {
            "front_door.listen": f"127.0.0.1:{door}", "front_door.preview": f"127.0.0.1:{preview}",
            "slots.blue.api": blue, "slots.green.api": green,
        })
        (root / "profile.yaml").write_text((SOURCE / "profile.yaml").read_text().replace("SOURCE", str(SOURCE)))
        command = [CHECKOUT / ".build/release/bedplate", "trial", "start", "--root", root, "--checkout", CHECKOUT,
                   "--profile", root / "profile.yaml"]
        for key, value in {**trial.settings, **{k.replace("__", "."): v for k, v in settings.items()}}.items():
            command += ["--set", f"{key}={value}"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
        assert result.returncode == 0, result.stdout + result.stderr
        return trial

    @property
    def data(self) -> Path:
        return self.root / "var/lib/bedplate/data"

    @property
    def record(self) -> dict:
        return json.loads((self.root / "var/lib/bedplate/slots.json").read_text())

    @property
    def preview(self) -> str:
        return "http://" + self.settings["front_door.preview"]

    def answering(self) -> str:
        """The slot whose application answers a client of the front door."""
        return self.get("/api/who").json["slot"]

    def breaking(self, part: str, slot: str) -> Path:
        """The file that makes a part of a slot fail while it is there."""
        return self.data / f"break-{part}-{slot}"

    def switch(self, slot: str, *options: str) -> subprocess.CompletedProcess:
        return self.bedplate("switch", slot, *options)

    def timed(self, *command: str) -> tuple[dict, float, float]:
        """Runs a switch: its answer, the seconds until the front door was verified, and until it ended. Seen from outside:
        the command says each stage as it begins, and the hand-over begins when the front door has answered."""
        begin = time.monotonic()
        with subprocess.Popen([self.root / "usr/bin/bedplate", *command, "--json"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            said, moved = [], None
            for line in process.stderr:
                said.append(line)
                if "handing the work" in line and moved is None:
                    moved = time.monotonic() - begin
            answer = process.stdout.read()
        assert process.returncode == 0, "".join(said)
        return json.loads(answer), moved, time.monotonic() - begin

    def lines(self, name: str) -> list[str]:
        path = self.data / name
        return path.read_text().split() if path.exists() else []

    def demand_one_live_slot(self) -> str:
        """Exactly one slot is live and does all the work, as everybody tells it; returns which."""
        status = self.status()
        live = status["live"]
        assert "ongoing" not in self.record, self.record
        assert {self.answering() for _ in range(5)} == {live}
        assert self.get("/.bedplate/slot").body.decode().split() == [live]
        running = {i["name"] for i in status["instances"] if i["state"] == "up"}
        idle = "green" if live == "blue" else "blue"
        assert {f"api@{live}", f"worker@{live}", f"beat@{live}"} <= running, status
        assert not {f"worker@{idle}", f"beat@{idle}"} & running, status
        assert f"api@{idle}" not in running or self.record["warm"]["slot"] == idle, (status, self.record)
        assert self.lines("two-schedulers") == []
        return live

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
