"""A real FastAPI and Celery application under switches: its jobs, its scheduler, its streams, and every way to be killed
or to be broken."""
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import application
import pytest
from application import CHECKOUT, deploy, release
from meanwhile import Meanwhile
from streaming import Events, Upload, WebSocket, is_over
from switched import other
from trial import free_ports
from waiting import until

JOBS, MOVES = 1000, 10


@pytest.fixture(scope="module")
def app(bedplate, tmp_path_factory):
    """Two releases, one in each slot, blue live."""
    root = Path(tempfile.mkdtemp(prefix="bedplate-celery-"))
    trial = application.start(root, switch__watch="1s", front_door__streams="5s", front_door__drain="300s",
                              front_door__preview=f"127.0.0.1:{free_ports(1)[0]}")
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


def events(trial) -> list[dict]:
    result = trial.bedplate("events", "--lines", "5000", "--json")
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


class Jobs(Meanwhile):
    """Keeps some jobs waiting on the real queue, so that whoever stops is always at one; there are at least `least`."""
    def __init__(self, trial, least: int):
        self.trial, self.least = trial, least
        self.keys: list[str] = []
        self.failures: list = []

    def run(self):
        with socket.create_connection(("127.0.0.1", self.trial.redis), timeout=10) as queue:
            while not self.over.is_set() or len(self.keys) < self.least:
                queue.sendall(b"LLEN celery\r\n")
                if int(queue.recv(100).strip(b":\r\n")) > 8:
                    time.sleep(0.02)
                    continue
                key = f"job-{len(self.keys)}"
                answer = self.trial.post(f"/api/jobs/{key}?seconds=0.05")
                self.keys.append(key)
                if answer.status != 202:
                    self.failures.append((key, answer))


class Tick(NamedTuple):
    at: float
    slot: str
    pid: int
    number: int


def ticks_of(trial) -> list[Tick]:
    """In the order in which they were sent."""
    return sorted(Tick(float(at), slot, int(pid), int(number)) for at, slot, pid, number in map(str.split, trial.kept("ticks")))


def demand_one_scheduler(trial) -> str:
    """Of all ticks so far, one a second, none was missed and none was sent twice, and never were two schedulers at work."""
    ticks = ticks_of(trial)
    pairs = list(zip(ticks, ticks[1:]))
    turns = [first.pid != second.pid for first, second in pairs].count(True) + 1
    # Nobody is at work again once somebody else was, and each tick that was sent was run, once.
    assert turns == len({tick.pid for tick in ticks}), ticks
    for before, first, second in zip([None, *ticks], ticks, ticks[1:]):
        assert second.number == (first.number + 1 if second.pid == first.pid else 1), (first, second)
        # With a second between them, an interval of almost two would be a tick that nobody sent.
        assert second.at - first.at < 1.9, (first, second)
        # Nor too soon: after one that came late, it is held against the one before that.
        assert second.at - first.at > 0.9 or (before and second.at - before.at > 1.9), (before, first, second)
    late = max((second.at - first.at - 1 for first, second in pairs if first.pid != second.pid), default=0)
    return f"{len(ticks)} ticks by {turns} schedulers, after a change at most {late * 1000:.0f} ms late"


def test_a_thousand_jobs_are_each_done_once_and_no_request_fails_during_seven_switches_and_three_rollbacks(app):
    moves = []
    with app.traffic(upload_bytes=20 << 20, upload_seconds=4, streams=False) as traffic, Jobs(app, JOBS) as jobs:
        until("jobs are done", lambda: len(app.get("/api/jobs").json["effects"]) > 10)
        for number in range(MOVES):
            target = other(app.live)
            answer, moved, _ = app.timed(*(["rollback"] if number % 3 == 2 else ["switch", target, "--watch", "0"]))
            assert answer["live"] == target and answer["cut_connections"] == 0
            moves.append(moved)
    until("every job is done", lambda: len(app.get("/api/jobs").json["effects"]) == len(jobs.keys), 60, 0.2)
    counts = app.get("/api/jobs").json
    again = {key: runs for key, runs in counts["runs"].items() if runs != 1}
    print(f"{len(jobs.keys)} jobs during {MOVES} moves, done by {counts['slots']}; run more than once: {again}; "
          f"{len(traffic.answers)} requests, {traffic.again} sent again, {traffic.uploads} uploads, {len(traffic.failures)} failed; "
          f"the front door led there after {statistics.median(moves) * 1000:.0f} ms (median); {demand_one_scheduler(app)}")
    assert traffic.failures == [] and traffic.uploads > 0
    assert jobs.failures == []
    assert len(jobs.keys) >= JOBS and counts["effects"] == {key: 1 for key in jobs.keys}
    # Nobody who stops is killed at its work: nothing had to be delivered again.
    assert again == {}
    # Both slots did their part.
    assert set(counts["slots"]) == {"blue", "green"} and sum(counts["slots"].values()) == len(jobs.keys)
    app.demand_one_live_slot()


def test_new_workers_consume_before_the_old_ones_are_told_to_stop(app):
    """As the workers themselves say when they consume, and the supervisor's own record when they are stopped."""
    told = []
    for event in events(app):
        if event.get("instance", "").startswith("worker@") and "stopping" in (event["kind"], event.get("state")):
            told.append((datetime.fromisoformat(event["at"]), event["instance"], "stopping"))
    for slot in ("blue", "green"):
        result = app.bedplate("logs", f"worker@{slot}", "--lines", "10000")
        assert result.returncode == 0, result.stderr
        for line in result.stdout.splitlines():
            if line.endswith(f"worker@{slot} ready."):
                told.append((datetime.fromisoformat(line.split()[0]), f"worker@{slot}", "consumes"))
    consuming, overlaps = set(), 0
    for _, name, what in sorted(told):
        if what == "consumes":
            consuming.add(name)
        elif what == "stopping" and name in consuming:
            assert consuming - {name}, f"{name} was stopped while no other one consumed: {sorted(told)}"
            consuming.discard(name)
            overlaps += 1
    assert overlaps >= MOVES, told


def test_streams_live_on_across_a_switch_until_their_limit_and_an_upload_until_its_end(app):
    old = app.live
    port = app.door
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


@pytest.mark.parametrize("stage", ["starting", "smoking", "previewing", "migrating", "testing", "sharing", "flipping",
                                   "verifying", "handing", "watching"])
def test_a_command_that_is_killed_at_any_stage_leaves_one_live_slot_after_the_next(app, stage):
    app.survives_the_death_of_a_command(stage)


@pytest.mark.parametrize("stage", ["starting", "handing"])
def test_a_supervisor_that_is_killed_leaves_one_live_slot_after_the_next_start(app, stage):
    app.survives_the_death_of_its_supervisor(stage)


@pytest.mark.parametrize("stage", ["flipping", "watching"])
def test_an_nginx_that_is_killed_leaves_one_live_slot(app, stage):
    app.survives_the_death_of_its_nginx(stage)


BROKEN = {
    "its migration fails": (
        dict(migrate__py="raise SystemExit('the schema is in the way')\n"),
        "migrating", "the schema is in the way", "migrate@", "it stayed on"),
    "its worker loads, and cannot work": (
        # Asked when it makes its pool, which it does when it goes to work.
        dict(jobs__py="import sys\n\nfrom celery.signals import worker_before_create_process\n\n\n"
                      "@worker_before_create_process.connect\ndef refuse(**_):\n    sys.exit('nobody works here')\n\n\n"
                      + (application.FIXTURE / "jobs.py").read_text()),
        "handing", "nobody works here", "worker@", "it went back to"),
    "it answers with errors": (
        dict(server__py=(application.FIXTURE / "server.py").read_text().replace(
            "async def who() -> dict:", "async def who() -> dict:\n    raise RuntimeError('no identity')")),
        "watching", "answers of the new slot were errors", "nginx", "it went back to"),
}


@pytest.mark.parametrize("why", BROKEN)
def test_a_release_that_only_a_switch_shows_to_be_broken_gets_no_traffic_or_loses_it_by_itself(app, tmp_path, why):
    files, stage, cause, instance, traffic = BROKEN[why]
    slot = app.live
    before = app.get("/api/health").json["release"]
    broken = deploy(app, release(tmp_path / "broken", **files))
    with app.traffic(streams=False):
        result = app.switch(broken["slot"], "--watch", "20s")
    app.demand_refusal(result, f"stage: {stage}", cause, traffic=f"{traffic} {slot}",
                       next=f"bedplate logs {instance}{broken['slot'] if '@' in instance else ''}")
    assert app.demand_one_live_slot() == slot
    assert app.get("/api/health").json["release"] == before


@pytest.mark.parametrize("part, cause", [("worker", "nobody works here"), ("beat", "nobody schedules")])
def test_a_release_whose_worker_or_scheduler_cannot_start_is_not_deployed(app, tmp_path, part, cause):
    slot = app.live
    broken = f"import sys\n\nif '{part}' in sys.argv:\n    sys.exit('{cause}')\n" + (application.FIXTURE / "jobs.py").read_text()
    result = app.bedplate("deploy", str(release(tmp_path / "broken", jobs__py=broken)), timeout=180)
    app.demand_refusal(result, "starting it, until all of it is healthy failed", f"{part}@{other(slot)} is not healthy", cause,
                       traffic=f"it stays on {slot}", next=f"bedplate logs {part}@{other(slot)}")
    assert app.demand_one_live_slot() == slot


def test_a_worker_that_cannot_say_that_it_stands_by_ends_and_takes_no_job(app, tmp_path):
    installed = app.root / "var/lib/bedplate"
    name = app.get("/api/health").json["release"]
    environment = {
        "PYTHONPATH": str(app.root / "usr/lib/bedplate/python"), "PYTHONDONTWRITEBYTECODE": "1", "SLOT": "neither", "RELEASE": name,
        "BEDPLATE_SLOT": "neither", "BEDPLATE_LIVE_SLOT": str(installed / "live-slot"), "NOTIFY_SOCKET": str(tmp_path / "nobody"),
        "REDIS_URL": f"redis://127.0.0.1:{app.redis}/0", "PATH": "/usr/bin:/bin",
    }
    ended = subprocess.run([installed / "builds" / name / "venv/bin/celery", "--app", "jobs:app", "worker", "--hostname", "worker@neither",
                            "--include", "bedplate_celery", "--concurrency", "1", "--without-mingle", "--loglevel", "INFO"],
                           env=environment, cwd=installed / "releases" / name, capture_output=True, text=True, timeout=60)
    assert ended.returncode != 0 and "cannot stand by: FileNotFoundError" in ended.stderr, ended.stderr
    assert "ready." not in ended.stderr + ended.stdout


def test_in_all_of_this_no_tick_of_the_schedule_was_missed_or_sent_twice(app):
    print(demand_one_scheduler(app))


def test_a_scheduler_that_is_killed_has_noted_down_what_it_sent_for_the_next_one(app):
    beat = app.instance(f"beat@{app.live}")
    # Not at the moment of a tick.
    until("it has sent one", lambda: 0.2 < time.time() - ticks_of(app)[-1].at < 0.6, 10, 0.02)
    os.kill(beat["pid"], signal.SIGKILL)
    last = ticks_of(app)[-1]
    build = app.root / "var/lib/bedplate/builds" / app.get("/api/health").json["release"]
    show = "import pickle, sys; print(pickle.load(open(sys.argv[1], 'rb'))['entries']['tick'].last_run_at.timestamp())"
    noted = subprocess.run([build / "venv/bin/python", "-B", "-c", show, app.data / "beat-schedule"], capture_output=True, text=True,
                           check=True, cwd=app.root / "var/lib/bedplate/releases" / build.name)
    assert last.pid == beat["pid"] and abs(float(noted.stdout) - last.at) < 0.2, (noted.stdout, last)
    following = until("another one sends", lambda: next((tick for tick in ticks_of(app) if tick.at > last.at), None))
    assert following.pid != last.pid and following.number == 1 and following.at - last.at > 0.9, (last, following)


def test_a_wheel_is_installed_by_pip_from_its_index_and_served(app, tmp_path):
    slot = app.live
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
