"""What an API at work costs a small host: of the program it maps what it runs, and of libraries what it needs."""
import re

import pytest
from platform_api import Platform, program


@pytest.fixture
def platform(request, tmp_path):
    if program() is None:
        request.getfixturevalue("bedplate")
    if program().parent.name != "release":
        pytest.skip("only a release build is put in order")
    platform = Platform(tmp_path, CSPM_SLOT="blue")
    platform.start("api")
    platform.sign_in()
    yield platform
    platform.stop()


def code(pid: int) -> tuple[int, int]:
    """Of the program's own code: how much there is, and how much of it is in memory, in KiB."""
    within, size, resident = False, 0, 0
    with open(f"/proc/{pid}/smaps") as file:
        for line in file:
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                within = " r-xp " in line and line.rstrip().endswith("/cspm")
            elif within and line.startswith("Size:"):
                size += int(line.split()[1])
            elif within and line.startswith("Rss:"):
                resident += int(line.split()[1])
    return size, resident


def test_an_api_that_was_asked_for_this_and_that_has_less_than_three_fifths_of_its_code_in_memory(platform):
    for path in ("/api/health", "/api/scans", "/api/keys", "/api/webhooks", "/api/nothing"):
        assert platform.call("GET", path)[0] in (200, 404)
    size, resident = code(platform.programs[0].pid)
    print(f"counts: {resident} of {size} KiB of code in memory")
    # Unordered it is four fifths, in order a third, and half where an older build's object files were kept, in which functions have
    # no sections: see scripts/order-functions.
    assert 0 < resident < 0.6 * size
