"""Every command the README shows is run, in its order, as a newcomer would."""
import re
import subprocess

import pytest
from trial import CHECKOUT, listening

README = (CHECKOUT / "README.md").read_text()
COMMANDS = [
    line.partition("  #")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.strip() and not line.startswith("#")
]

# What cannot be run from inside the run itself: the clone this is, and the test run this is part of.
ELSEWHERE = ("git clone", "cd bedplate", "scripts/test")


@pytest.fixture(scope="module", autouse=True)
def default_ports_are_free():
    taken = [port for port in (8080, 8001, 8002, 3000, 3001) if listening(port)]
    if taken:
        pytest.skip(f"ports {taken} are taken, and the README's commands use the default ones")
    yield
    if (CHECKOUT / ".trial/usr/bin/bedplate").exists():
        subprocess.run([".trial/usr/bin/bedplate", "trial", "stop"], cwd=CHECKOUT, capture_output=True, timeout=120)


def test_the_readme_shows_the_two_commands():
    assert "./install.sh --trial" in COMMANDS and "scripts/test" in COMMANDS


@pytest.mark.parametrize("command", [c for c in COMMANDS if not c.startswith(ELSEWHERE)])
def test_command_of_the_readme_works(command):
    result = subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=CHECKOUT, capture_output=True, text=True,
                            timeout=1800, stdin=subprocess.DEVNULL)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_readme_names_every_top_level_folder():
    tracked = subprocess.run(["git", "ls-files"], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    folders = {line.split("/")[0] for line in tracked.splitlines() if "/" in line}
    assert [name for name in sorted(folders) if f"`{name}" not in README] == []
