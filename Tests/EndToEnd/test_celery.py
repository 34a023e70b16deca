"""A real FastAPI and Celery application under switches: its jobs, its scheduler, and connections that stay open."""
import json
import shutil
import socket
import tempfile
import threading
import time
from pathlib import Path

import application
import pytest
from application import CHECKOUT, deploy, release
from streaming import Events, Upload, WebSocket, is_over
from waiting import until

JOBS, SWITCHES = 1000, 10


@pytest.fixture(scope="module")
def app(bedplate, tmp_path_factory):
    """Two releases, one in each slot, blue live."""
    root = Path(tempfile.mkdtemp(prefix="bedplate-celery-"))
    trial = application.start(root, switch__watch="1s", front_door__streams="5s", front_door__drain="300s")
    try:
        assert trial.installation.returncode == 0, trial.installation.stdout + trial.installation.stderr
        deploy(trial, application.FIXTURE)
        deploy(trial, release(tmp_path_factory.mktemp("second") / "application", version__txt="2"))
        yield trial
    finally:
        application.stop(trial)
        if (root / "var/log").exists():
            shutil.copytree(root / "var/log", CHECKOUT / "test-artifacts" / root.name, dirs_exist_ok=True)
        shutil.rmtree(root)


def live(trial) -> str:
    return trial.status()["live"]


def other(slot: str) -> str:
    return "green" if slot == "blue" else "blue"


def events(trial) -> list[dict]:
    result = trial.bedplate("events", "--lines", "5000", "--json")
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


class Schedulers:
    """Counts the processes that are a scheduler of this trial, again and again."""
    def __init__(self, root: Path):
        self.mark = str(root).encode()
        self.seen: list[int] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _run(self):
        while not self._stop.wait(0.05):
            self.seen.append(self.count())

    def count(self) -> int:
        found = 0
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                found += b"beat" in words and self.mark in words[0] + words[1]
        return found


class Jobs:
    """Keeps some jobs waiting on the real queue, so that whoever stops is always at one; there are at least `least`."""
    def __init__(self, trial, least: int):
        self.trial, self.least = trial, least
        self.keys: list[str] = []
        self.failures: list = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _run(self):
        with socket.create_connection(("127.0.0.1", self.trial.redis), timeout=10) as queue:
            while not self._stop.is_set() or len(self.keys) < self.least:
                queue.sendall(b"LLEN celery\r\n")
                if int(queue.recv(100).strip(b":\r\n")) > 8:
                    time.sleep(0.02)
                    continue
                key = f"job-{len(self.keys)}"
                answer = self.trial.post(f"/api/jobs/{key}?seconds=0.1")
                self.keys.append(key)
                if answer.status != 202:
                    self.failures.append((key, answer))


def test_a_thousand_jobs_are_each_done_once_during_ten_switches_and_there_are_never_two_schedulers(app):
    with Schedulers(app.root) as schedulers, Jobs(app, JOBS) as jobs:
        until("jobs are done", lambda: len(app.get("/api/jobs").json["effects"]) > 10)
        for _ in range(SWITCHES):
            result = app.bedplate("switch", other(live(app)), "--watch", "0")
            assert result.returncode == 0, result.stderr
    until("every job is done", lambda: len(app.get("/api/jobs").json["effects"]) == len(jobs.keys), 60, 0.2)
    counts = app.get("/api/jobs").json
    again = {key: runs for key, runs in counts["runs"].items() if runs != 1}
    looks = {number: schedulers.seen.count(number) for number in sorted(set(schedulers.seen))}
    print(f"{len(jobs.keys)} jobs during {SWITCHES} switches, done by {counts['slots']}; run more than once: {again}; "
          f"how often so many schedulers were seen: {looks}")
    assert jobs.failures == []
    assert len(jobs.keys) >= JOBS and counts["effects"] == {key: 1 for key in jobs.keys}
    # Nobody who stops is killed at its work: nothing had to be delivered again.
    assert again == {}
    # Both slots did their part.
    assert set(counts["slots"]) == {"blue", "green"} and sum(counts["slots"].values()) == len(jobs.keys)
    assert max(schedulers.seen) == 1 and schedulers.count() == 1


def test_new_workers_consume_before_the_old_ones_are_told_to_stop(app):
    """Healthy is: the broker has delivered a ping to it. As the supervisor's own record tells, switch by switch."""
    told = [event for event in events(app) if event.get("instance", "").startswith("worker@")]
    healthy, overlaps = set(), 0
    for event in told:
        name = event["instance"]
        if event["kind"] == "healthy":
            healthy.add(name)
        if event["kind"] == "state" and event["state"] == "stopping":
            assert healthy - {name}, f"{name} was stopped while no other one consumed: {event}"
            overlaps += 1
        if event["kind"] == "ended":
            healthy.discard(name)
    assert overlaps >= SWITCHES, told


def test_streams_live_on_across_a_switch_until_their_limit_and_an_upload_until_its_end(app):
    old = live(app)
    port = int(app.settings["front_door.listen"].rpartition(":")[2])
    web_socket, stream = WebSocket(port, "/api/socket"), Events(port, "/api/stream")
    upload = Upload(port, "/api/code/upload-scan", 1 << 20)
    assert json.loads(web_socket.receive())["slot"] == old
    result = app.bedplate("switch", other(old), "--watch", "0", "--json")
    assert result.returncode == 0, result.stderr
    assert app.get("/api/identity").json["slot"] == other(old)
    # They are where they were, and work.
    assert web_socket.echo(b"still there") == b"still there"
    assert stream.next() == old.encode()

    until("both are closed", lambda: is_over(web_socket.connection) and is_over(stream.connection), 60, 0.1)
    assert not is_over(upload.connection)
    answer = upload.finish()
    assert answer.startswith(b"HTTP/1.1 200") and f'"bytes":{1 << 20}'.encode() in answer and old.encode() in answer, answer
    told = [event["reason"] for event in events(app) if event["kind"] == "streams-closed"]
    assert told[-1] == f"2 of {old}"
    # Its requests and its servers are not touched: it is kept for a rollback.
    assert app.instance(f"api@{old}")["healthy"]
    assert app.bedplate("rollback").returncode == 0
    assert app.get("/api/identity").json["slot"] == old


def test_a_migration_that_fails_leaves_traffic_where_it_was_and_is_named(app, tmp_path):
    slot = live(app)
    broken = deploy(app, release(tmp_path / "broken", migrate__py="raise SystemExit('the schema is in the way')\n"))
    result = app.bedplate("switch", broken["slot"])
    assert result.returncode == 1, result.stdout
    for text in ["stage: migrating", "the schema is in the way", f"it stayed on {slot}",
                 f"next: bedplate logs migrate@{other(slot)}"]:
        assert text in result.stderr, result.stderr
    assert app.get("/api/identity").json["slot"] == slot


def test_a_wheel_is_installed_by_pip_from_its_index_and_served(app, tmp_path):
    slot = live(app)
    # A wheel brings no pages.
    (app.root / "etc/bedplate/conf.d/20-no-pages.yaml").write_text("processes: {web: null}\nroutes: [{path: /, to: api}]\n")
    result = app.bedplate("trial", "start")
    assert result.returncode == 0, result.stdout + result.stderr
    begin = time.monotonic()
    deployed = deploy(app, application.wheel(tmp_path))
    print(f"a wheel and what it needs, installed and healthy: {time.monotonic() - begin:.1f} s")
    assert deployed["slot"] == other(slot) and not deployed["is_environment_reused"]
    environment = app.root / "var/lib/bedplate/builds" / deployed["release"] / "venv"
    assert list(environment.glob("lib/python*/site-packages/server.py"))
    assert list(environment.glob("lib/python*/site-packages/fastapi/applications.py"))
    result = app.bedplate("switch", deployed["slot"])
    assert result.returncode == 0, result.stderr
    identity = app.get("/api/identity").json
    assert (identity["slot"], identity["release"]) == (deployed["slot"], deployed["release"])
    assert app.post("/api/jobs/by-wheel").status == 202
    until("its job is done", lambda: app.get("/api/jobs").json["effects"].get("by-wheel") == 1)
