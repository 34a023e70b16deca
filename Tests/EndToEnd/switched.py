"""A trial whose traffic is moved: what its switch has recorded, that one slot is live, and every way to be killed meanwhile."""
import json
import os
import signal
import subprocess
import time
from pathlib import Path

from traffic import Traffic
from trial import Trial
from waiting import until


def other(slot: str) -> str:
    return "green" if slot == "blue" else "blue"


class SwitchedTrial(Trial):
    # A path that says which slot answers, and what is up in the live slot alone.
    who = "/api/who"
    parts = ("api", "worker", "beat")

    @property
    def live(self) -> str:
        return self.status()["live"]

    @property
    def data(self) -> Path:
        return self.root / "var/lib/bedplate/data"

    @property
    def record(self) -> dict:
        return json.loads((self.root / "var/lib/bedplate/slots.json").read_text())

    def answering(self) -> str:
        """The slot whose application answers a client of the front door."""
        return self.get(self.who).json["slot"]

    def traffic(self, **options) -> Traffic:
        return Traffic(self.door, path=self.who, **options)

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

    def demand_one_live_slot(self) -> str:
        """Exactly one slot is live and does all the work, as everybody tells it; returns which."""
        status = self.status()
        live = status["live"]
        assert "ongoing" not in self.record, self.record
        assert {self.answering() for _ in range(5)} == {live}
        assert self.get("/.bedplate/slot").body.decode().split() == [live]
        running = {i["name"]: i.get("says") for i in status["instances"] if i["state"] == "up"}
        idle = other(live)
        assert {f"{part}@{live}" for part in self.parts} <= set(running), status
        for part in ("worker", "beat"):
            # Of the idle slot at most those run that have said that they stand by.
            assert running.get(f"{part}@{idle}", "standing by") == "standing by", status
            assert running[f"{part}@{live}"] in (None, "at work"), status
        assert f"api@{idle}" not in running or self.record["warm"]["slot"] == idle, (status, self.record)
        return live

    def demand_refusal(self, result: subprocess.CompletedProcess, stage: str, *causes: str, next: str, traffic: str):
        """It failed, and says at which stage, why, where traffic is, and what to do next."""
        assert result.returncode == 1, result.stdout + result.stderr
        for text in [stage, *causes, f"traffic: {traffic}", f"next: {next}"]:
            assert text in result.stderr, (text, result.stderr)

    @property
    def stage(self) -> str | None:
        return self.record.get("ongoing", {}).get("stage")

    def switching(self, stage: str, *more: str) -> tuple[subprocess.Popen, str]:
        """A switch that has recorded the stage, and goes on; and the slot that was live. Some stages take a few milliseconds: a
        switch that was through before anybody saw it there is followed by another one, the other way."""
        for _ in range(8):
            if stage == "migrating":
                self.forget_migration()
            live = self.live
            # Whoever looks shall come first.
            command = subprocess.Popen(["/usr/bin/nice", "-n", "5", self.root / "usr/bin/bedplate", "switch", other(live), "--watch",
                                        "1s", "--weight", "50", "--preview", "300ms", *more], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
            deadline = time.monotonic() + 60
            while self.stage != stage and command.poll() is None:
                assert time.monotonic() < deadline, (stage, self.record)
            if command.poll() is None:
                return command, live
            assert command.returncode == 0, (stage, command.stderr.read())
        raise AssertionError(f"no switch was seen at {stage}")

    def forget_migration(self):
        """Lets the migration run again, so that its stage is met."""
        record = self.record
        record.pop("migrated", None)
        # Whoever reads it meanwhile sees the old one or this.
        fresh = self.root / "var/lib/bedplate/slots.json.forgotten"
        fresh.write_text(json.dumps(record))
        fresh.rename(self.root / "var/lib/bedplate/slots.json")

    def survives_the_death_of_a_command(self, stage: str):
        """Killed at this stage, a switch is taken up or back by the next one, and no request fails."""
        was_met = False
        with self.traffic(streams=False) as traffic:
            while not was_met:
                command, live = self.switching(stage)
                command.kill()
                command.wait()
                was_met = self.stage == stage
                result = self.switch(other(live), "--watch", "0")
                assert result.returncode == 0, result.stderr
        assert self.demand_one_live_slot() == other(live)
        assert traffic.failures == []

    def survives_the_death_of_its_supervisor(self, stage: str):
        with self.traffic(streams=False) as traffic:
            command, _ = self.switching(stage)
            os.kill(self.status()["supervisor"]["pid"], signal.SIGKILL)
            result = self.bedplate("trial", "start")
            assert result.returncode == 0, result.stderr
            command.wait(60)
            if "ongoing" in self.record:
                assert self.bedplate("trial", "start").returncode == 0
        self.demand_one_live_slot()
        assert traffic.failures == []

    def survives_the_death_of_its_nginx(self, stage: str):
        command, _ = self.switching(stage)
        os.kill(self.instance("nginx")["pid"], signal.SIGKILL)
        command.wait(60)
        until("nginx is back", lambda: self.instance("nginx")["healthy"])
        assert self.bedplate("trial", "start").returncode == 0
        self.demand_one_live_slot()
