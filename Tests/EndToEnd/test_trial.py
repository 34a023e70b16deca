"""The main job, end to end, on the built programs: install, set up, scan, switch under load, survive, stop."""
import json
import os
import signal
import statistics
import subprocess
import time

import archives
import pytest
from load import Load
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from trial import listening, processes_under
from waiting import until


def test_install_prints_where_to_look(trial):
    said = trial.installation.stdout
    assert trial.url in said
    assert "ADMIN_PASSWORD" in said and "SETUP_TOKEN" in said
    assert trial.admin_password not in said + trial.installation.stderr
    assert trial.setup_token not in said + trial.installation.stderr


def test_every_instance_of_the_live_slot_is_healthy_and_the_idle_slot_is_down(trial):
    status = trial.status()
    assert status["live"] == "blue"
    states = {i["name"]: (i["state"], i["healthy"]) for i in status["instances"]}
    for name in ["nginx", "engine", "api@blue", "worker@blue", "web@blue"]:
        assert states[name] == ("up", True), states
    for name in ["api@green", "worker@green", "web@green"]:
        assert states[name][0] == "down", states


def test_secrets_are_readable_by_their_owner_only(trial):
    folder = trial.root / "etc/bedplate/secrets"
    assert folder.stat().st_mode & 0o777 == 0o700
    modes = {file.name: oct(file.stat().st_mode & 0o777) for file in folder.iterdir()}
    assert modes and set(modes.values()) == {"0o600"}, modes


def test_no_secret_is_in_an_argument_vector_an_environment_or_a_log(trial):
    values = {file.name: file.read_text().strip() for file in (trial.root / "etc/bedplate/secrets").iterdir()}
    for instance in trial.status()["instances"]:
        if pid := instance.get("pid"):
            for place in ["cmdline", "environ"]:
                with open(f"/proc/{pid}/{place}", "rb") as file:
                    text = file.read().decode(errors="replace")
                assert not [name for name, value in values.items() if value in text], (instance["name"], place)
    for log in (trial.root / "var/log").rglob("*"):
        if log.is_file():
            text = log.read_text(errors="replace")
            assert not [name for name, value in values.items() if value in text], log


def test_a_second_install_changes_nothing(trial):
    before = {i["name"]: i.get("pid") for i in trial.status()["instances"]}
    result = trial.install()
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 changes" in result.stdout
    assert {i["name"]: i.get("pid") for i in trial.status()["instances"]} == before


def test_until_setup_every_other_route_answers_503(trial):
    for path in ["/api/scans", "/api/scans/unknown", "/api/auth/me", "/api/code/upload-scan", "/api/nonsense"]:
        answer = trial.get(path)
        assert (answer.status, answer.json) == (503, {"detail": "setup required"}), path
    assert trial.get("/api/health").status == 200
    assert trial.get("/api/setup/status").status == 200
    assert trial.post("/api/auth/login", {"username": "admin", "password": "x"}).status == 401


def test_setup_needs_the_token(trial):
    answer = trial.post("/api/setup/complete", {"setup_token": "guess"})
    assert answer.status in (401, 403) and "detail" in answer.json
    trial.complete_setup()
    assert trial.post("/api/setup/complete", {"setup_token": trial.setup_token}).status == 409


def test_sign_in(trial):
    assert trial.post("/api/auth/login", {"username": "admin", "password": "wrong"}).status == 401
    trial.sign_in()
    assert trial.get("/api/auth/me").json["username"] == "admin"


def test_exactly_the_planted_secrets_are_found_in_our_own_sources(trial):
    files, expected, values = archives.planted()
    scan = trial.upload(archives.made_of(archives.own_sources() | files), "sources.zip")
    result = until("the scan ends", lambda: (s := trial.get(f"/api/scans/{scan}").json)["status"] in ("completed", "failed") and s)
    assert result["status"] == "completed", result
    found = trial.findings(scan)
    assert {(f["path"], f["line"], f["rule"]) for f in found} == expected
    assert len({f["fingerprint"] for f in found}) == len(expected)
    # The engine says how the scan ended, and then removes what it unpacked.
    workspaces = trial.root / "var/lib/bedplate/data/workspaces"
    until("the unpacked upload is gone", lambda: not any(p.is_file() for p in workspaces.rglob("*")))
    for value in values:
        assert value not in str(found)
        for file in trial.root.rglob("*"):
            if file.is_file() and file.stat().st_size < 64 << 20:
                assert value.encode() not in file.read_bytes(), file
    trial.last_scan = scan


def test_hostile_archives_fail_with_a_sentence_and_the_next_job_runs(trial):
    for what, archive in archives.hostile().items():
        answer = trial.post("/api/code/upload-scan?file_name=hostile.zip", archive, headers={"Content-Type": "application/zip"})
        if answer.status != 202:
            assert answer.status in (400, 422) and len(answer.json["detail"]) > 10, (what, answer)
            continue
        scan = answer.json["scan_id"]
        result = until(f"'{what}' ends", lambda: (s := trial.get(f"/api/scans/{scan}").json)["status"] in ("completed", "failed") and s, 60)
        assert result["status"] == "failed", (what, result)
        assert len(result["reason"]) > 10 and "\n" not in result["reason"], (what, result)
    assert not os.path.exists("/tmp/escaped")
    good = trial.upload(archives.made_of({"a.txt": "nothing to see"}))
    until("the next job completes", lambda: trial.get(f"/api/scans/{good}").json["status"] == "completed")


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer nonsense", "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.", "Basic YWRtaW46YWRtaW4="])
def test_forged_tokens_are_refused(trial, authorization):
    answer = trial.get("/api/scans", headers={"Authorization": authorization})
    assert answer.status == 401 and list(answer.json) == ["detail"]


def test_a_scan_of_nobody_is_404(trial):
    for path in ["/api/scans/00000000-0000-0000-0000-000000000000", "/api/scans/nobody%27--", "/api/scans/x/findings"]:
        answer = trial.get(path)
        assert answer.status == 404 and list(answer.json) == ["detail"], answer


def test_ten_switches_under_load_fail_no_request(trial):
    findings = f"/api/scans/{trial.last_scan}/findings"
    requests = [("/api/health", {}), (findings, {"Authorization": f"Bearer {trial.token}"})]
    seconds = []
    with Load(trial.settings["front_door.listen"], requests, rate=50) as load:
        time.sleep(1)
        for _ in range(5):
            for slot in ["green", "blue"]:
                begin = time.monotonic()
                result = trial.bedplate("switch", slot, "--watch", "0")
                seconds.append(time.monotonic() - begin)
                assert result.returncode == 0, result.stdout + result.stderr
                assert trial.status()["live"] == slot
                assert trial.get("/api/health").json["slot"] == slot
        time.sleep(1)
    report = load.report
    print(f"{report.sent} requests, {len(report.failures)} failed; p50 {statistics.median(report.milliseconds):.1f} ms, "
          f"slowest {max(report.milliseconds):.0f} ms; a switch took {statistics.median(seconds):.2f} s (median of 10)")
    assert report.sent >= 50 * sum(seconds) * 0.9
    assert report.failures == []


def test_a_switch_to_the_live_slot_changes_nothing(trial):
    before = {i["name"]: i.get("pid") for i in trial.status()["instances"]}
    result = trial.bedplate("switch", "blue")
    assert result.returncode == 0 and "already live" in result.stdout
    assert {i["name"]: i.get("pid") for i in trial.status()["instances"]} == before


def test_a_killed_api_comes_back_and_counts_one_restart(trial):
    before = trial.instance("api@blue")
    os.kill(before["pid"], signal.SIGKILL)
    after = until("api@blue is back", lambda: (i := trial.instance("api@blue"))["healthy"] and i.get("pid") != before["pid"] and i)
    assert after["restarts"] == before["restarts"] + 1 == 1
    assert trial.get("/api/health").status == 200
    shown = trial.bedplate("status").stdout
    assert "api@blue" in shown and "1 restart" in shown


def test_a_killed_supervisor_is_replaced_and_everything_else_runs_on(trial):
    before = {i["name"]: i.get("pid") for i in trial.status()["instances"]}
    os.kill(trial.status()["supervisor"]["pid"], signal.SIGKILL)
    assert trial.get("/api/health").status == 200
    result = trial.bedplate("trial", "start")
    assert result.returncode == 0, result.stdout + result.stderr
    assert {i["name"]: i.get("pid") for i in trial.status()["instances"]} == before


def test_logs_show_what_an_instance_said(trial):
    result = trial.bedplate("logs", "api@blue", "--lines", "50")
    assert result.returncode == 0 and result.stdout.strip(), result.stderr


def test_events_are_followed_as_they_happen(trial):
    with subprocess.Popen([trial.root / "usr/bin/bedplate", "events", "--follow", "--lines", "1", "--json"],
                          stdout=subprocess.PIPE, text=True) as following:
        try:
            json.loads(following.stdout.readline())
            assert trial.bedplate("restart", "worker@blue").returncode == 0
            for line in following.stdout:
                event = json.loads(line)
                if event.get("instance") == "worker@blue" and event.get("state") == "up":
                    break
            else:
                raise AssertionError("the stream ended before the worker was up again")
        finally:
            following.terminate()


def test_metrics_are_openmetrics_that_name_the_live_slot(trial):
    result = trial.bedplate("metrics")
    assert result.returncode == 0, result.stderr
    found = {family.name: family for family in text_string_to_metric_families(result.stdout)}
    live = {s.labels["slot"]: s.value for s in found["bedplate_slot_live"].samples}
    assert live == {slot: float(slot == trial.status()["live"]) for slot in ("blue", "green")}
    assert found["bedplate_switch_ongoing"].samples == []
    as_json = json.loads(trial.bedplate("metrics", "--json").stdout)
    assert [family["name"] for family in as_json["families"]] == list(found)


def test_stop_leaves_no_process_and_no_port(trial):
    result = trial.bedplate("trial", "stop")
    assert result.returncode == 0, result.stdout + result.stderr
    assert processes_under(trial.root) == []
    assert [port for port in trial.ports if listening(port)] == []
    again = trial.bedplate("trial", "stop")
    assert again.returncode == 0, again.stderr
    assert trial.bedplate("status").returncode == 75


def test_a_stopped_trial_starts_again_with_its_data_and_secrets(trial):
    password = trial.admin_password
    begin = time.monotonic()
    result = trial.bedplate("trial", "start")
    print(f"a stopped trial was healthy after {time.monotonic() - begin:.2f} s")
    assert result.returncode == 0, result.stdout + result.stderr
    assert trial.admin_password == password
    assert trial.get(f"/api/scans/{trial.last_scan}").json["status"] == "completed"


def test_stop_after_the_supervisor_was_killed_leaves_no_process(trial):
    os.kill(trial.status()["supervisor"]["pid"], signal.SIGKILL)
    result = trial.bedplate("trial", "stop")
    assert result.returncode == 0, result.stdout + result.stderr
    assert processes_under(trial.root) == []
    assert [port for port in trial.ports if listening(port)] == []
