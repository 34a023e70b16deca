import shutil
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from trial import CHECKOUT, Trial  # noqa: E402


@pytest.fixture(scope="session")
def bedplate(tmp_path_factory):
    """The built command, as a first `./install.sh --trial` leaves it in the checkout."""
    trial = Trial.prepare(tmp_path_factory.mktemp("built") / "root")
    result = trial.install()
    assert result.returncode == 0, result.stdout + result.stderr
    assert trial.bedplate("trial", "stop").returncode == 0
    return CHECKOUT / ".build/release/bedplate"


@pytest.fixture(scope="module")
def trial():
    """A running trial of this module's own, stopped and removed afterwards; logs of a failed one are kept."""
    root = Path(tempfile.mkdtemp(prefix="bedplate-trial-"))
    trial = Trial.prepare(root)
    result = trial.install()
    trial.installation = result
    try:
        assert result.returncode == 0, result.stdout + result.stderr
        yield trial
    finally:
        if (root / "usr/bin/bedplate").exists():
            trial.bedplate("trial", "stop")
        kept = CHECKOUT / "test-artifacts" / root.name
        shutil.copytree(root / "var/log", kept, dirs_exist_ok=True) if (root / "var/log").exists() else None
        shutil.rmtree(root)
