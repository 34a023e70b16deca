"""A real FastAPI and Celery application, installed from PyPI and deployed to a trial with a real Redis."""
import json
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import application
import pytest
from application import CHECKOUT, deploy, packed, release
from waiting import until


@pytest.fixture(scope="module")
def app(bedplate):
    root = Path(tempfile.mkdtemp(prefix="bedplate-deploy-"))
    trial = application.start(root)
    try:
        assert trial.installation.returncode == 0, trial.installation.stdout + trial.installation.stderr
        assert "deploy PATH" in trial.installation.stdout
        trial.first = deploy(trial, application.FIXTURE)
        yield trial
    finally:
        application.stop(trial)
        if (root / "var/log").exists():
            shutil.copytree(root / "var/log", CHECKOUT / "test-artifacts" / root.name, dirs_exist_ok=True)
        shutil.rmtree(root)


def slots(trial):
    return json.loads((trial.root / "var/lib/bedplate/slots.json").read_text())


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_first_release_is_live_at_once(app):
    assert (app.first["slot"], app.first["is_live"], app.first["smoke_checks"]) == ("blue", True, 2)
    assert app.first["warnings"] and "orjson" in app.first["warnings"][0]
    health = app.get("/api/health").json
    assert (health["slot"], health["release"]) == ("blue", app.first["release"])
    assert b'<div id="root">' in app.get("/").body
    assert {i["name"] for i in app.status()["instances"] if i["healthy"]} >= {"nginx", "redis", "api@blue", "web@blue"}
    # No switch has led to it, which would run its migration: the deploy has, once, before the first start.
    assert app.kept("migrations") == [f"1 {app.first['release']}"]


def test_a_job_that_is_asked_for_twice_has_its_effect_once(app):
    for _ in range(2):
        assert app.post("/api/jobs/first").status == 202
    until("both runs are over", lambda: app.get("/api/jobs").json["runs"].get("first") == 2)
    assert app.get("/api/jobs").json["effects"] == {"first": 1}


def test_what_is_live_is_not_deployed_again(app):
    pids = {i["name"]: i.get("pid") for i in app.status()["instances"]}
    assert deploy(app, application.FIXTURE)["was_there"]
    assert {i["name"]: i.get("pid") for i in app.status()["instances"]} == pids


def test_a_second_release_is_proven_in_the_idle_slot_with_the_same_environment(app, tmp_path):
    folder = release(tmp_path / "two", version__txt="2")
    second = deploy(app, packed(folder, tmp_path / "two.tar.gz"))
    assert (second["slot"], second["is_live"], second["is_environment_reused"]) == ("green", False, True)
    assert app.get("/api/health").json["slot"] == "blue"
    # Without the folder around it, the content is the same release.
    assert deploy(app, folder)["release"] == second["release"]
    app.second = second["release"]
    print(f"built in {app.first['build_seconds']:.1f} s, and with the same requirements in {second['build_seconds']:.2f} s")


AGAIN = "correct the release and deploy it again"
# The files that make it so, the stage that shows it, the cause, and what to do next.
BROKEN = {
    "its hash does not match": (
        dict(requirements__txt="six==1.17.0 --hash=sha256:" + "0" * 64 + "\n"), "building what it needs", "0000", AGAIN),
    "a critical module is missing": (
        dict(bedplate__yaml="requirements: {critical: [nowhere]}\n"), "loading what it needs", "ModuleNotFoundError: No module named 'nowhere'", AGAIN),
    "its entry point does not load": (
        dict(server__py="import jobs\nraise RuntimeError('no application')\n"), "loading what it needs", "RuntimeError: no application", AGAIN),
    "it ends as soon as it starts": (
        dict(server__py="import os\n\ndef app(*_):\n    raise SystemExit\n\nif 'SLOT' in os.environ:\n    raise SystemExit('no luck')\n",
             bedplate__yaml="{}\n"), "starting it, until all of it is healthy", "api@green is not healthy", "bedplate logs api@green"),
    "it answers wrongly": (
        dict(bedplate__yaml="smoke: [{path: /api/identity, contains: nobody}]\n"), "asking its smoke checks", "GET /api/identity is answered without 'nobody'", "bedplate logs api@green"),
}


@pytest.mark.parametrize("why", BROKEN)
def test_a_broken_release_changes_nothing(app, tmp_path, why):
    files, stage, cause, next_command = BROKEN[why]
    before = slots(app)
    result = app.bedplate("deploy", str(release(tmp_path / "broken", **files)))
    app.demand_refusal(result, f"{stage} failed: ", cause, next=next_command, traffic="it stays on blue, which runs what it ran")
    assert slots(app) == before
    assert app.get("/api/health").json["release"] == app.first["release"]


def test_an_archive_that_was_cut_short_changes_nothing(app, tmp_path):
    archive = packed(application.FIXTURE, tmp_path / "whole.tar.gz")
    archive.write_bytes(archive.read_bytes()[:-2000])
    before = slots(app), names(app.root / "var/lib/bedplate/releases")
    result = app.bedplate("deploy", str(archive))
    app.demand_refusal(result, "unpacking it failed: ", "whole.tar.gz", next=AGAIN, traffic="it stays on blue, which runs what it ran")
    assert app.get("/api/health").json["release"] == app.first["release"]
    assert (slots(app), names(app.root / "var/lib/bedplate/releases")) == before


def test_a_second_deploy_is_told_who_holds_the_lock_and_a_dead_holder_holds_nothing(app, tmp_path):
    program = ("import fcntl, os, sys, time; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX);"
               "f.write(f'{os.getpid()}\\n'); f.flush(); print('held', flush=True); time.sleep(60)")
    holder = subprocess.Popen(["/usr/bin/python3", "-c", program, app.root / "run/bedplate/switch.lock"],
                              stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    result = app.bedplate("deploy", str(application.FIXTURE))
    assert result.returncode == 75 and f"process {holder.pid}" in result.stderr, result.stderr
    holder.kill()
    holder.wait()
    assert deploy(app, application.FIXTURE)["was_there"]


def test_after_kill_9_of_a_deploy_the_next_one_converges(app, tmp_path):
    """Killed while it unpacks, while pip goes on without it, and while the slot starts."""
    state = app.root / "var/lib/bedplate"
    pinned = (application.FIXTURE / "requirements.txt").read_text()
    other = release(tmp_path / "other", version__txt="other")
    folder = release(tmp_path / "three", requirements__txt=pinned + "# another set\n", version__txt="3")
    known = len(names(state / "releases"))
    moments = [
        ("a copy", other, lambda: len(names(state / "releases")) > known),
        ("an environment", folder, lambda: len(names(state / "environments")) > 1),
        ("a slot", other, lambda: "deploying" in slots(app)),
    ]
    for what, path, has_come in moments:
        process = subprocess.Popen([app.root / "usr/bin/bedplate", "deploy", path], stderr=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        until(f"it is at {what}", lambda: has_come() or process.poll() is not None, 60, 0.002)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, what
        assert app.get("/api/health").json["release"] == app.first["release"]
    third = deploy(app, folder)
    assert third["slot"] == "green" and "deploying" not in slots(app)
    for environment in (state / "environments").iterdir():
        assert (environment / ".bedplate-complete").exists() and (environment / "bin/uvicorn").exists()
    assert not [n for n in names(state / "releases") + names(state / "builds") if n.startswith(".")]


def test_pages_are_built_where_a_release_brings_none(app, tmp_path):
    folder = release(tmp_path / "pages", package__json='{"scripts": {"build": "mkdir dist && cp page.html dist/index.html"}}',
                     page__html="<!doctype html><div id=\"root\">built</div>")
    shutil.rmtree(folder / "dist")
    built = deploy(app, folder)
    assert b"built" in (app.root / "var/lib/bedplate/builds" / built["release"] / "dist/index.html").read_bytes()
    assert not (app.root / "var/lib/bedplate/releases" / built["release"] / "dist").exists()


def test_the_new_release_gets_traffic_by_a_switch_and_the_old_one_is_kept(app):
    before = app.get("/api/health").json
    result = app.bedplate("switch", "green")
    assert result.returncode == 0, result.stdout + result.stderr
    after = app.get("/api/health").json
    assert (before["slot"], after["slot"]) == ("blue", "green") and after["release"] != before["release"]
    assert before["release"] in names(app.root / "var/lib/bedplate/releases")
    assert app.post("/api/jobs/second").status == 202
    until("the job is done", lambda: app.get("/api/jobs").json["effects"].get("second") == 1)
