"""The API keeps its own document: schemathesis makes requests of it, good and bad, and holds the answers against it."""
import re
import subprocess
import sys
from pathlib import Path

import pytest
from platform_api import SECRETS, Platform, program


@pytest.fixture(scope="module")
def platform(request, tmp_path_factory):
    if program() is None:
        request.getfixturevalue("bedplate")
    # Without limits: what is tested is not how often one may ask.
    platform = Platform(
        tmp_path_factory.mktemp("contract"), CSPM_SLOT="blue", RATE_LIMIT_PER_ADDRESS="0", RATE_LIMIT_PER_KEY="0")
    platform.start("api", "worker", "engine")
    platform.sign_in()
    yield platform
    platform.stop()


def schemathesis(platform: Platform, *options: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [Path(sys.executable).parent / "schemathesis", "run", platform.url + "/api/openapi.json", "--no-color",
         "-H", f"Authorization: Bearer {platform.token}", "--continue-on-failure", "--workers", "2", *options],
        cwd=platform.folder, capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL)


def test_no_request_gets_a_5xx_or_an_answer_that_the_document_does_not_have(platform):
    # Bounded, and with a seed. On a busy machine it draws otherwise all the same: a rare failure is a find, too.
    result = schemathesis(platform, "--seed", "1", "--max-examples", "25")
    print("\n".join(result.stdout.splitlines()[-30:]))
    assert result.returncode == 0, result.stdout
    assert re.search(r"Selected: (\d+)/\1\n", result.stdout), "every operation is tested"


def test_after_all_that_nothing_is_broken_and_no_log_holds_a_secret(platform):
    assert all(program.poll() is None for program in platform.programs)
    status, health = platform.call("GET", "/api/health")
    assert status == 200 and health["status"] == "ok"
    log = platform.log()
    assert "nobody foresaw" not in log
    for secret in [*SECRETS.values(), platform.token]:
        assert secret not in log
