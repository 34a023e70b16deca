"""Cloud scans from the API to the findings: with the stand-in that replays a recorded run, and with the real Prowler.

The real one runs only where it is: BEDPLATE_PROWLER names its program, BEDPLATE_MOTO the `moto_server` that stands for
AWS (`uv pip install prowler==5.46.0` and `'moto[server,s3,iam]'`, each in a virtual environment of Python 3.12).
"""
import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from platform_api import SECRETS, Platform, program
from trial import CHECKOUT, free_ports
from waiting import until

STANDIN = CHECKOUT / "Tests/Fixtures/prowler/standin/prowler-standin"
SECRET, TOKEN = "not-a-secret-of-anybody-0123456789", "not-a-session-token-of-anybody"  # bedplate:allow-secret
ACCOUNT = {
    "provider": "aws", "name": "mine", "access_key_id": "AKIAQQQQQQQQQQQQWXYZ", "secret_access_key": SECRET,
    "session_token": TOKEN, "regions": ["us-east-1"],
}


def started(request, folder: Path, **environment) -> Platform:
    if program() is None:
        request.getfixturevalue("bedplate")
    platform = Platform(folder, **environment)
    platform.start("api", "worker", "engine")
    platform.sign_in()
    return platform


def ended(platform: Platform, account: dict, limit: float = 30, **wanted) -> dict:
    """A scan of the account when it is over."""
    status, accepted = platform.call("POST", "/api/cloud-scans/", {"account": account["id"], **wanted})
    assert status == 202, accepted
    return over(platform, accepted["scan_id"], limit)


def over(platform: Platform, identifier: str, limit: float = 30) -> dict:
    def look():
        scan = platform.call("GET", f"/api/scans/{identifier}")[1]
        return scan if scan["status"] not in ("queued", "running") else None
    return until("the scan is over", look, limit)


def findings(platform: Platform, scan: dict) -> list[dict]:
    return platform.call("GET", f"/api/scans/{scan['scan_id']}/findings?limit=200")[1]["items"]


def holds_no_secret(platform: Platform) -> None:
    log = platform.log()
    assert "The scan is finished" in log
    for secret in [SECRET, TOKEN, ACCOUNT["access_key_id"], *SECRETS.values()]:
        assert secret not in log
        for path in (platform.folder / "data").rglob("*"):
            assert not path.is_file() or secret.encode() not in path.read_bytes(), path


def test_a_recorded_run_becomes_findings_and_no_log_or_file_holds_a_secret(request, tmp_path):
    platform = started(request, tmp_path, PROWLER_PROGRAM=str(STANDIN))
    status, account = platform.call("POST", "/api/cloud-accounts", ACCOUNT)
    assert status == 201 and account["key_ending"] == "WXYZ"
    status, answer = platform.call("POST", "/api/cloud-scans/validate", {"account": account["id"]})
    assert status == 200 and answer["ok"] and answer["account_id"] == "123456789012"
    scan = ended(platform, account)
    assert scan["status"] == "partial" and scan["findings"] == 6 and scan["kind"] == "cloud"
    assert len(findings(platform, scan)) == 6
    status, report = platform.call("GET", f"/api/scans/{scan['scan_id']}/report?format=sarif")
    assert status == 200 and len(report["runs"][0]["results"]) == 6
    platform.stop()
    holds_no_secret(platform)


def children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        # A thread may end while we look.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found += [int(word) for word in (task / "children").read_text().split()]
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # The latter between the open and the read.
        return False


def test_a_killed_engine_leaves_no_child_and_the_next_one_completes_the_scan_once(request, tmp_path):
    # Hangs the first time, in the shell itself for nobody writes to the pipe, and replays the second.
    first, pipe = tmp_path / "first", tmp_path / "pipe"
    os.mkfifo(pipe)
    slow = tmp_path / "prowler-standin"
    slow.write_text(f"#!/bin/sh\n[ -e {first} ] || {{ echo > {first}; : < {pipe}; }}\nexec {STANDIN} \"$@\"\n")
    slow.chmod(0o755)
    platform = started(request, tmp_path, PROWLER_PROGRAM=str(slow))
    _, account = platform.call("POST", "/api/cloud-accounts", ACCOUNT)
    status, accepted = platform.call("POST", "/api/cloud-scans/", {"account": account["id"]})
    assert status == 202
    until("Prowler runs", first.exists)
    engine = platform.programs.pop()
    child = until("it is the engine's child", lambda: children(engine.pid))[0]
    line = Path(f"/proc/{child}/cmdline").read_bytes()
    assert b"json-ocsf" in line and not any(word.encode() in line for word in (SECRET, TOKEN, ACCOUNT["access_key_id"]))
    folder = next((tmp_path / "data/workspaces").iterdir())
    assert folder.stat().st_mode & 0o777 == 0o700
    engine.send_signal(signal.SIGKILL)
    engine.wait()
    until("the child is gone", lambda: not alive(child), 2)
    # Code is scanned meanwhile; then the lease is over.
    platform.start("engine")
    scan = over(platform, accepted["scan_id"], 60)
    assert scan["status"] == "partial" and scan["findings"] == 6 and len(findings(platform, scan)) == 6
    assert not any((tmp_path / "data/workspaces").iterdir())
    platform.stop()
    holds_no_secret(platform)


@pytest.fixture
def moto(tmp_path):
    """AWS as moto has it, with a user who may do everything and two buckets; the user's key."""
    server, prowler = os.environ.get("BEDPLATE_MOTO"), os.environ.get("BEDPLATE_PROWLER")
    if not server or not prowler:
        pytest.skip("BEDPLATE_PROWLER and BEDPLATE_MOTO name no programs: see the head of this file")
    port = free_ports(1)[0]
    with (tmp_path / "moto.log").open("w") as log:
        running = subprocess.Popen([server, "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    seed = f"""
import boto3, json, sys
options = dict(endpoint_url="{url}", region_name="us-east-1", aws_access_key_id="seed", aws_secret_access_key="seed")
s3, iam = boto3.client("s3", **options), boto3.client("iam", **options)
for name in ("one", "two"):
    s3.create_bucket(Bucket=name)
iam.create_user(UserName="alice")
policy = {{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "*", "Resource": "*"}}]}}
iam.put_user_policy(UserName="alice", PolicyName="all", PolicyDocument=json.dumps(policy))
key = iam.create_access_key(UserName="alice")["AccessKey"]
print(json.dumps([key["AccessKeyId"], key["SecretAccessKey"]]))
"""
    def made():
        result = subprocess.run([Path(prowler).parent / "python", "-c", seed], capture_output=True, text=True)
        return result.stdout
    try:
        yield url, prowler, *json.loads(until("moto is seeded", made, 60, 1))
    finally:
        running.terminate()
        running.wait()


def test_the_real_prowler_finds_what_is_wrong_in_an_account_and_is_gone_when_it_is_cancelled(request, tmp_path, moto):
    url, prowler, key, secret = moto
    platform = started(request, tmp_path, PROWLER_PROGRAM=prowler, AWS_ENDPOINT_URL=url)
    status, account = platform.call(
        "POST", "/api/cloud-accounts", {**ACCOUNT, "access_key_id": key, "secret_access_key": secret, "session_token": None})
    assert status == 201, account
    status, answer = platform.call("POST", "/api/cloud-scans/validate", {"account": account["id"]})
    assert status == 200 and answer["ok"] and answer["arn"].endswith("user/alice"), answer
    begin = time.monotonic()
    scan = ended(platform, account, 300, services=["s3", "iam"])
    seconds = time.monotonic() - begin
    found = findings(platform, scan)
    peak = int(Path(f"/proc/{platform.programs[-1].pid}/status").read_text().split("VmHWM:")[1].split()[0])
    print(f"counts: {scan['status']}, {scan['files']} entries, {len(found)} findings in {seconds:.0f} s, engine at most {peak} KB; {scan['reason']}")
    assert scan["status"] in ("completed", "partial") and scan["findings"] == len(found) > 20
    rules = {finding["rule"] for finding in found}
    assert {"s3_bucket_object_versioning", "iam_inline_policy_no_administrative_privileges"} <= rules
    again = ended(platform, account, 300, services=["s3", "iam"])
    assert {f["fingerprint"] for f in findings(platform, again)} == {f["fingerprint"] for f in found}

    unknown = ended(platform, account, 120, services=["nosuch"])
    assert unknown["status"] == "failed" and "valid service names" in unknown["reason"], unknown

    _, accepted = platform.call("POST", "/api/cloud-scans/", {"account": account["id"]})
    child = until("Prowler runs", lambda: children(platform.programs[-1].pid))[0]
    environment = Path(f"/proc/{child}/environ").read_bytes()
    assert secret.encode() in environment and b"CREDENTIALS_DIRECTORY" not in environment
    assert secret.encode() not in Path(f"/proc/{child}/cmdline").read_bytes()
    begin = time.monotonic()
    assert platform.call("POST", f"/api/scans/{accepted['scan_id']}/cancel")[0] == 200
    until("the child is gone", lambda: not alive(child), 3)
    print(f"counts: gone {time.monotonic() - begin:.2f} s after the cancel")
    platform.stop()
    assert secret not in platform.log() and not any((tmp_path / "data/workspaces").iterdir())
