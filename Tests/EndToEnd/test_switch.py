"""The switch, end to end: traffic that loses nothing, work that is done once, and every way to be killed or to fail."""
import json
import statistics
import subprocess
import time
import urllib.request

import pytest
from switched import other
from switching_trial import SwitchingTrial
from waiting import until

# Whether worker and scheduler of the idle slot are loaded before a switch, as `standby` says, or begin with it.
KINDS = {"with what stands by": True, "with what begins anew": False}
STAGES = ["starting", "smoking", "previewing", "migrating", "testing", "sharing", "flipping", "verifying", "handing", "watching"]


@pytest.fixture(scope="module", params=KINDS)
def trial(bedplate, request):
    trial = SwitchingTrial.start(KINDS[request.param], switch__watch="1s")
    trial.stands_by = KINDS[request.param]
    try:
        yield trial
    finally:
        stopped = trial.bedplate("trial", "stop")
        if request.session.testsfailed:
            kept = trial.root / "var/log/bedplate"
            subprocess.run(["cp", "-r", kept, f"test-artifacts/{trial.root.name}"], check=False)
        assert stopped.returncode == 0, stopped.stderr
        subprocess.run(["rm", "-rf", trial.root], check=True)


def test_ten_switches_and_five_rollbacks_fail_no_request_and_cut_no_stream(trial):
    moves, back, totals = [], [], []
    trial.jobs(0)
    with trial.traffic(upload_bytes=20 << 20, upload_seconds=4) as traffic:
        time.sleep(0.5)
        for number in range(15):
            target = other(trial.live)
            command = ["rollback"] if number % 3 == 2 else ["switch", target, "--watch", "0"]
            answer, moved, total = trial.timed(*command)
            assert answer["live"] == target and answer["cut_connections"] == 0
            totals.append(total)
            # The first starts the idle slot.
            if number:
                moves.append(moved)
            if command == ["rollback"]:
                back.append(moved)
    print(f"{len(traffic.answers)} requests, {traffic.again} sent again, {traffic.uploads} uploads, {traffic.frames} frames, "
          f"{traffic.events} events; the front door led there after {statistics.median(moves) * 1000:.0f} ms (median), "
          f"slowest {max(moves) * 1000:.0f} ms; a command took {statistics.median(totals) * 1000:.0f} ms, "
          f"a rollback's front door {statistics.median(back) * 1000:.0f} ms")
    assert traffic.failures == []
    assert traffic.uploads > 0 and traffic.frames > 20 and traffic.events > 20
    trial.demand_one_live_slot()


def test_jobs_on_the_queue_are_each_done_once_while_traffic_moves(trial):
    _, before, _ = trial.job_counts()
    trial.jobs(200)
    for _ in range(4):
        result = trial.switch(other(trial.live), "--watch", "0")
        assert result.returncode == 0, result.stderr
    until("every job is done", lambda: trial.job_counts()[0] == 0)
    assert trial.job_counts() == (0, before + 200, before + 200)
    assert trial.lines("two-schedulers") == []


def test_what_stands_by_is_loaded_again_in_the_slot_that_is_kept(trial):
    if not trial.stands_by:
        pytest.skip("nothing stands by")
    assert trial.switch(other(trial.live), "--watch", "0").returncode == 0
    idle = other(trial.live)
    until("both stand by", lambda: {trial.instance(f"{part}@{idle}").get("says") for part in ("worker", "beat")
                                    if trial.instance(f"{part}@{idle}")["healthy"]} == {"standing by"})
    trial.demand_one_live_slot()


def test_a_slot_that_answers_a_smoke_check_wrongly_gets_no_traffic(bedplate):
    trial = SwitchingTrial.start(asks=True, switch__watch="0s")
    try:
        live = trial.live
        assert trial.switch(other(live)).returncode == 0
        overlay = trial.root / "etc/bedplate/conf.d/10-smoke.yaml"
        overlay.parent.mkdir(parents=True, exist_ok=True)
        # What only a broken slot answers; a return asks nothing, as that slot was proven.
        overlay.write_text("switch: {smoke: [{path: /api/health, contains: nobody}]}\n")
        assert trial.bedplate("rollback").returncode == 0
        result = trial.switch(other(live))
        trial.demand_refusal(result, "stage: smoking", "GET /api/health is answered without 'nobody'",
                             next=f"bedplate logs api@{other(live)}", traffic=f"it stayed on {live}")
        assert trial.demand_one_live_slot() == live
    finally:
        assert trial.bedplate("trial", "stop").returncode == 0
        subprocess.run(["rm", "-rf", trial.root], check=True)


def test_a_migration_runs_once_for_a_release(trial):
    # Both slots hold the same release.
    assert len(trial.lines("migrations")) == 1


def test_the_idle_slot_can_be_looked_at_before_it_gets_traffic(trial):
    live = trial.live
    assert trial.switch(other(live), "--watch", "0").returncode == 0
    with urllib.request.urlopen(trial.preview + "/api/who", timeout=5) as answer:
        assert json.load(answer)["slot"] == live
    assert trial.answering() == other(live)


def test_a_switch_shows_the_new_slot_at_the_preview_before_traffic_moves_and_can_be_left_there(trial):
    live = trial.live
    shown, _ = trial.switching("previewing", "--preview", "1h")
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


@pytest.mark.parametrize("part, stage, instance, cause", [
    ("start", "starting", "api", "the server cannot start"), ("smoke", "smoking", "try", "smoke of"),
    ("migration", "migrating", "migrate", "migration of"), ("worker", "watching", "worker", "worker of"),
    ("scheduler", "watching", "beat", "scheduler of"),
])
def test_a_part_that_fails_leaves_traffic_where_it_was_and_is_named(trial, part, stage, instance, cause):
    live = trial.live
    idle = other(live)
    if trial.stands_by and instance in ("worker", "beat"):
        stage = "starting"
    assert trial.bedplate("stop", f"api@{idle}", f"worker@{idle}", f"beat@{idle}").returncode == 0
    trial.forget_migration()
    flag = trial.breaking(part, idle)
    flag.touch()
    try:
        # A part without a probe is healthy once it runs: that it does not stay so is seen by the watch.
        result = trial.switch(idle, "--watch", "10s")
    finally:
        flag.unlink()
    where = f"{'it stayed on' if stage in ('starting', 'smoking', 'migrating') else 'it went back to'} {live}"
    trial.demand_refusal(result, f"stage: {stage}", cause, next=f"bedplate logs {instance}@{idle}", traffic=where)
    assert trial.demand_one_live_slot() == live


def test_errors_after_the_switch_take_traffic_back_with_an_event_that_says_why(trial):
    live = trial.live
    flag = trial.breaking("server", other(live))
    flag.touch()
    try:
        with trial.traffic(streams=False) as traffic:
            time.sleep(0.5)
            result = trial.switch(other(live), "--watch", "30s")
    finally:
        flag.unlink()
    trial.demand_refusal(result, "stage: watching", "answers of the new slot were errors", next="bedplate logs nginx",
                         traffic=f"it went back to {live}")
    assert {failure[2] for failure in traffic.failures} == {"ConnectionError('HTTP/1.1 500 Broken')"}
    assert trial.demand_one_live_slot() == live
    events = trial.bedplate("events", "--lines", "200", "--json").stdout.splitlines()
    assert any(e["kind"] == "traffic-returned" and "errors" in e["reason"] for e in map(json.loads, events))


def test_a_share_of_the_clients_is_enough_to_see_a_broken_release(trial):
    live = trial.live
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
    assert command.returncode == 1, said
    for text in ["stage: sharing", "answers of the new slot were errors", f"traffic: it went back to {live}", "next: bedplate logs nginx"]:
        assert text in said, said
    assert 0 < statuses.count(500) < statuses.count(200)
    assert trial.demand_one_live_slot() == live


def test_a_second_switch_is_told_who_holds_the_lock_and_a_dead_owner_does_not(trial):
    live = trial.live
    first, _ = trial.switching("watching")
    try:
        result = trial.switch(live)
        assert result.returncode == 75 and f"(process {first.pid}): a switch to {other(live)}" in result.stderr, result.stderr
    finally:
        first.kill()
        first.wait()
    assert trial.switch(live, "--watch", "0").returncode == 0
    assert trial.demand_one_live_slot() == live


@pytest.mark.parametrize("stage", STAGES)
def test_a_command_that_is_killed_at_any_stage_leaves_one_live_slot_after_the_next(trial, stage):
    trial.survives_the_death_of_a_command(stage)


@pytest.mark.parametrize("stage", ["starting", "flipping", "handing", "watching"])
def test_a_supervisor_that_is_killed_at_any_stage_leaves_one_live_slot_after_the_next_start(trial, stage):
    trial.survives_the_death_of_its_supervisor(stage)


@pytest.mark.parametrize("stage", ["testing", "flipping", "verifying", "watching"])
def test_an_nginx_that_is_killed_at_any_stage_leaves_one_live_slot(trial, stage):
    trial.survives_the_death_of_its_nginx(stage)
