"""The switch, end to end: traffic that loses nothing, work that is done once, and every way to be killed or to fail."""
import json
import os
import signal
import statistics
import subprocess
import time
import urllib.request

import pytest
from switching_trial import SwitchingTrial
from traffic import Traffic
from waiting import until

STAGES = ["starting", "smoking", "previewing", "migrating", "testing", "sharing", "flipping", "verifying", "handing", "watching"]
SLOTS = ["green", "blue"]


@pytest.fixture(scope="module")
def trial(bedplate, request):
    trial = SwitchingTrial.start(switch__watch="1s")
    try:
        yield trial
    finally:
        stopped = trial.bedplate("trial", "stop")
        if request.session.testsfailed:
            kept = trial.root / "var/log/bedplate"
            subprocess.run(["cp", "-r", kept, f"test-artifacts/{trial.root.name}"], check=False)
        assert stopped.returncode == 0, stopped.stderr
        subprocess.run(["rm", "-rf", trial.root], check=True)


def other(slot: str) -> str:
    return "green" if slot == "blue" else "blue"


def test_ten_switches_and_five_rollbacks_fail_no_request_and_cut_no_stream(trial):
    moves, totals = [], []
    trial.jobs(0)
    with Traffic(trial.ports[0], upload_bytes=20 << 20, upload_seconds=4) as traffic:
        time.sleep(0.5)
        for number in range(15):
            target = other(trial.status()["live"])
            command = ["rollback"] if number % 3 == 2 else ["switch", target, "--watch", "0"]
            answer, moved, total = trial.timed(*command)
            assert answer["live"] == target and answer["cut_connections"] == 0
            totals.append(total)
            # The first starts the idle slot.
            if number:
                moves.append(moved)
    print(f"{len(traffic.answers)} requests, {traffic.again} sent again, {traffic.uploads} uploads, {traffic.frames} frames, "
          f"{traffic.events} events; the front door led there after {statistics.median(moves) * 1000:.0f} ms (median), "
          f"slowest {max(moves) * 1000:.0f} ms; a command took {statistics.median(totals) * 1000:.0f} ms")
    assert traffic.failures == []
    assert traffic.uploads > 0 and traffic.frames > 20 and traffic.events > 20
    trial.demand_one_live_slot()


def test_jobs_on_the_queue_are_each_done_once_while_traffic_moves(trial):
    _, before, _ = trial.job_counts()
    trial.jobs(200)
    for _ in range(4):
        result = trial.switch(other(trial.status()["live"]), "--watch", "0")
        assert result.returncode == 0, result.stderr
    until("every job is done", lambda: trial.job_counts()[0] == 0)
    assert trial.job_counts() == (0, before + 200, before + 200)
    assert trial.lines("two-schedulers") == []


def test_a_migration_runs_once_for_a_release(trial):
    # Both slots hold the same release.
    assert len(trial.lines("migrations")) == 1


def test_the_idle_slot_can_be_looked_at_before_it_gets_traffic(trial):
    live = trial.status()["live"]
    assert trial.switch(other(live), "--watch", "0").returncode == 0
    with urllib.request.urlopen(trial.preview + "/api/who", timeout=5) as answer:
        assert json.load(answer)["slot"] == live
    assert trial.answering() == other(live)


def test_a_switch_shows_the_new_slot_at_the_preview_before_traffic_moves_and_can_be_left_there(trial):
    live = trial.status()["live"]
    shown = killed_at(trial, other(live), "previewing", "--preview", "1h", kill=False)
    try:
        # Its smoke checks have passed, it is healthy, and clients still meet the old one.
        with urllib.request.urlopen(trial.preview + "/api/who", timeout=5) as answer:
            assert json.load(answer)["slot"] == other(live)
        assert {trial.answering() for _ in range(5)} == {live}
        assert (trial.record["ongoing"]["stage"], trial.instance(f"api@{other(live)}")["healthy"]) == ("previewing", True)
    finally:
        shown.terminate()
        shown.wait(10)
    assert shown.returncode != 0
    # Whoever comes next takes it back: nothing had moved.
    assert trial.switch(live).returncode == 0
    assert trial.demand_one_live_slot() == live


@pytest.mark.parametrize("part, stage", [("start", "starting"), ("smoke", "smoking"), ("worker", "watching"), ("scheduler", "watching")])
def test_a_part_that_fails_leaves_traffic_where_it_was_and_is_named(trial, part, stage):
    live = trial.status()["live"]
    idle = other(live)
    assert trial.bedplate("stop", f"api@{idle}").returncode == 0
    flag = trial.breaking(part, idle)
    flag.touch()
    try:
        # A part without a probe is healthy once it runs: that it does not stay so is seen by the watch.
        result = trial.switch(idle, "--watch", "10s")
    finally:
        flag.unlink()
    assert result.returncode == 1, result.stdout
    assert f"stage: {stage}" in result.stderr and "next: bedplate logs" in result.stderr, result.stderr
    assert f"it {'stayed on' if stage in ('starting', 'smoking') else 'went back to'} {live}" in result.stderr
    assert trial.demand_one_live_slot() == live


def test_errors_after_the_switch_take_traffic_back_with_an_event_that_says_why(trial):
    live = trial.status()["live"]
    flag = trial.breaking("server", other(live))
    flag.touch()
    try:
        with Traffic(trial.ports[0], streams=False) as traffic:
            time.sleep(0.5)
            result = trial.switch(other(live), "--watch", "30s")
    finally:
        flag.unlink()
    assert result.returncode == 1, result.stdout
    assert "answers of the new slot were errors" in result.stderr and f"it went back to {live}" in result.stderr
    assert "stage: watching" in result.stderr and "next: bedplate logs nginx" in result.stderr, result.stderr
    assert {failure[2] for failure in traffic.failures} == {"ConnectionError('HTTP/1.1 500 Broken')"}
    assert trial.demand_one_live_slot() == live
    events = trial.bedplate("events", "--lines", "200", "--json").stdout.splitlines()
    assert any(e["kind"] == "traffic-returned" and "errors" in e["reason"] for e in map(json.loads, events))


def test_a_share_of_the_clients_is_enough_to_see_a_broken_release(trial):
    live = trial.status()["live"]
    flag = trial.breaking("server", other(live))
    flag.touch()
    statuses = []
    try:
        command = subprocess.Popen([trial.root / "usr/bin/bedplate", "switch", other(live), "--weight", "50", "--watch", "30s"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
        while command.poll() is None:
            agent = {"User-Agent": f"client {len(statuses)}"}
            statuses.append(trial.get("/api/who", headers=agent).status)
            time.sleep(0.01)
    finally:
        flag.unlink()
    said = command.stderr.read()
    assert command.returncode == 1 and "stage: sharing" in said, said
    assert 0 < statuses.count(500) < statuses.count(200)
    assert trial.demand_one_live_slot() == live


def test_a_second_switch_is_told_who_holds_the_lock_and_a_dead_owner_does_not(trial):
    live = trial.status()["live"]
    first = killed_at(trial, other(live), "watching", kill=False)
    try:
        result = trial.switch(live)
        assert result.returncode == 75 and f"(process {first.pid}): a switch to {other(live)}" in result.stderr, result.stderr
    finally:
        first.kill()
        first.wait()
    assert trial.switch(live, "--watch", "0").returncode == 0
    assert trial.demand_one_live_slot() == live


def killed_at(trial, target: str, stage: str, *more: str, kill: bool = True) -> subprocess.Popen:
    """A switch to `target` that is killed as soon as it has recorded the stage."""
    (trial.root / "var/lib/bedplate/slots.json").chmod(0o644)
    command = subprocess.Popen([trial.root / "usr/bin/bedplate", "switch", target, "--watch", "1s", "--weight", "50",
                                "--preview", "300ms", *more], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               stdin=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while trial.record.get("ongoing", {}).get("stage") != stage:
        assert command.poll() is None, (stage, command.stderr.read())
        assert time.monotonic() < deadline, (stage, trial.record)
    if kill:
        command.kill()
        command.wait()
    return command


def forget_migration(trial):
    """Lets the migration run again, so that its stage is met."""
    record = trial.record
    record.pop("migrated", None)
    path = trial.root / "var/lib/bedplate/slots.json"
    path.write_text(json.dumps(record))


@pytest.mark.parametrize("stage", STAGES)
def test_a_command_that_is_killed_at_any_stage_leaves_one_live_slot_after_the_next(trial, stage):
    live = trial.status()["live"]
    forget_migration(trial)
    with Traffic(trial.ports[0], streams=False) as traffic:
        killed_at(trial, other(live), stage)
        result = trial.switch(other(live), "--watch", "0")
    assert result.returncode == 0, result.stderr
    assert trial.demand_one_live_slot() == other(live)
    assert traffic.failures == []


@pytest.mark.parametrize("stage", ["starting", "flipping", "handing", "watching"])
def test_a_supervisor_that_is_killed_at_any_stage_leaves_one_live_slot_after_the_next_start(trial, stage):
    live = trial.status()["live"]
    with Traffic(trial.ports[0], streams=False) as traffic:
        command = killed_at(trial, other(live), stage, kill=False)
        os.kill(trial_supervisor(trial), signal.SIGKILL)
        result = trial.bedplate("trial", "start")
        assert result.returncode == 0, result.stderr
        command.wait(60)
        if "ongoing" in trial.record:
            assert trial.bedplate("trial", "start").returncode == 0
    trial.demand_one_live_slot()
    assert traffic.failures == []


@pytest.mark.parametrize("stage", ["testing", "flipping", "verifying", "watching"])
def test_an_nginx_that_is_killed_at_any_stage_leaves_one_live_slot(trial, stage):
    live = trial.status()["live"]
    command = killed_at(trial, other(live), stage, kill=False)
    os.kill(trial.instance("nginx")["pid"], signal.SIGKILL)
    command.wait(60)
    until("nginx is back", lambda: trial.instance("nginx")["healthy"])
    assert trial.bedplate("trial", "start").returncode == 0
    trial.demand_one_live_slot()


def trial_supervisor(trial) -> int:
    return trial.status()["supervisor"]["pid"]
