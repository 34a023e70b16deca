"""Reports of a scan with as many findings as are kept: whole, and streamed with little memory."""
import csv
import io
import json
import sqlite3
import urllib.request
from pathlib import Path

import pytest
from platform_api import Platform, program
from waiting import until

FINDINGS = 100_000
MIB = 1 << 20


@pytest.fixture(scope="module")
def platform(request, tmp_path_factory):
    if program() is None:
        request.getfixturevalue("bedplate")
    platform = Platform(tmp_path_factory.mktemp("reports"))
    platform.start("api", "worker", "engine")
    platform.sign_in()
    yield platform
    platform.stop()


@pytest.fixture(scope="module")
def large(platform) -> str:
    """A finished scan; its findings are put beside it, which is faster than finding them."""
    identifier = platform.scan()
    until("the scan is over", lambda: platform.call("GET", f"/api/scans/{identifier}")[1]["status"] == "completed")
    with sqlite3.connect(platform.folder / "data/store.sqlite") as store:
        store.executemany(
            "INSERT INTO findings VALUES (?, ?, ?, ?, ?, 1, 'generic-secret', 'A secret', 'key = … (20 bytes)')",
            ((identifier, f"fingerprint-{n}", n % 5, f"src/{n % 977}/file.py", n) for n in range(FINDINGS)))
    return identifier


def memory(platform: Platform, name: str = "VmRSS") -> int:
    lines = Path(f"/proc/{platform.programs[0].pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) << 10


COUNTED = {
    "json": lambda text: len(json.loads(text)["findings"]),
    "csv": lambda text: len(list(csv.reader(io.StringIO(text)))) - 1,
    "html": lambda text: text.count("<tr><td>"),
    "sarif": lambda text: len(json.loads(text)["runs"][0]["results"]),
}


@pytest.mark.parametrize("kind", COUNTED)
def test_a_report_of_a_hundred_thousand_findings_has_all_of_them_and_takes_little_memory(platform, large, kind):
    before = memory(platform)
    # What it held at most from here on (proc(5), clear_refs).
    Path(f"/proc/{platform.programs[0].pid}/clear_refs").write_text("5")
    request = urllib.request.Request(
        f"{platform.url}/api/scans/{large}/report?format={kind}", headers={"Authorization": f"Bearer {platform.token}"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        text = reply.read().decode()
    grown = memory(platform, "VmHWM") - before
    print(f"counts: {kind}: {len(text) / MIB:.1f} MiB, memory grew by {grown / MIB:.1f} MiB")
    assert COUNTED[kind](text) == FINDINGS
    assert grown < 32 * MIB
