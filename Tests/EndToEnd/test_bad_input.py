"""What happens when the operator, or the machine, gets it wrong: one clear sentence, and nothing half changed."""
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
from trial import CHECKOUT, Trial, processes_under

TEN_MISTAKES = """\
profile: Bad Name
sumary: a mistyped key
services: {store: postgres}
secrets:
  lower: {generate: hex}
slots:
  blue: {api: 99999}
  green: {api: 8002}
processes:
  api:
    slotted: maybe
    command: [relative/path]
    requires: [nobody]
    stop: [{signal: NOPE, wait: 10}]
front_door: {listen: 127.0.0.1:8080, manager: supervisor}
routes:
  - {path: /, to: ghost}
"""


@pytest.fixture
def root():
    with tempfile.TemporaryDirectory(prefix="bedplate-bad-") as folder:
        yield Path(folder) / "root"


def start(bedplate: Path, root: Path, *options: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [bedplate, "trial", "start", "--root", root, "--checkout", CHECKOUT, *options],
        capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)


def test_a_profile_with_ten_mistakes_reports_ten_problems_and_starts_nothing(bedplate, root):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as profile:
        profile.write(TEN_MISTAKES)
        profile.flush()
        result = start(bedplate, root, "--profile", profile.name)
        problems = [line for line in result.stderr.splitlines() if line.strip().startswith(profile.name + ":")]
    assert result.returncode == 64, result.stderr
    assert len(problems) >= 10, result.stderr
    assert "did you mean 'summary'" in result.stderr
    assert not root.exists() and processes_under(root) == []


def test_a_taken_port_is_named_with_its_holder_and_nothing_starts(bedplate, root):
    trial = Trial.prepare(root)
    with socket.create_server(("127.0.0.1", trial.settings["slots.blue.api"])):
        result = start(bedplate, root, *[word for key, value in trial.settings.items() for word in ("--set", f"{key}={value}")])
    assert result.returncode != 0
    assert str(trial.settings["slots.blue.api"]) in result.stderr and "python" in result.stderr, result.stderr
    assert processes_under(root) == []


def test_a_mistyped_setting_is_refused_with_a_suggestion(bedplate, root):
    result = start(bedplate, root, "--set", "front_dor.listen=127.0.0.1:9999")
    assert result.returncode == 64 and "front_door" in result.stderr, result.stderr
    assert not root.exists()


@pytest.mark.parametrize("words", [["--nonsense"], ["--root"], ["--set", "a=$(id)"]])
def test_install_refuses_options_it_does_not_know(words):
    result = subprocess.run(["./install.sh", "--trial", *words], cwd=CHECKOUT, capture_output=True, text=True, timeout=60)
    assert result.returncode == 64 and result.stderr.startswith("cannot "), result.stderr


@pytest.fixture
def machine_without_nginx_and_without_root(tmp_path):
    """Programs that stand in for the machine's: nginx is not installed, and we are an ordinary user."""
    (tmp_path / "dpkg-query").write_text('#!/bin/sh\nfor last; do :; done\n[ "$last" = nginx ] && exit 1\nprintf installed\n')
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n")
    (tmp_path / "apt-get").write_text("#!/bin/sh\necho apt-get must not run >&2\nexit 99\n")
    for program in tmp_path.iterdir():
        program.chmod(0o755)
    return {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": "/nonexistent"}


def test_without_root_the_one_apt_line_to_run_is_printed(machine_without_nginx_and_without_root):
    result = subprocess.run(["./install.sh", "--trial"], cwd=CHECKOUT, capture_output=True, text=True, timeout=60,
                            env=machine_without_nginx_and_without_root)
    assert result.returncode == 64, result.stderr
    lines = [line for line in result.stderr.splitlines() if "sudo apt-get install -y" in line]
    assert len(lines) == 1 and lines[0].split()[-1] == "nginx", result.stderr
    assert "must not run" not in result.stderr


def test_a_download_that_was_cut_short_runs_nothing(tmp_path):
    whole = (CHECKOUT / "install.sh").read_text()
    assert whole.rstrip().splitlines()[-1] == 'main "$@"'
    for kept in range(0, len(whole) - len('main "$@"\n'), 97):
        part = tmp_path / "install.sh"
        part.write_text(whole[:kept])
        result = subprocess.run(["sh", part, "--help"], capture_output=True, text=True, timeout=10, cwd=tmp_path)
        assert result.stdout == "", (kept, result.stdout)
        assert [entry.name for entry in tmp_path.iterdir()] == ["install.sh"], kept
