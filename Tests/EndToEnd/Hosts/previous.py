"""The release before this one: its programs and its package, built from its own commit."""
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bed import CHECKOUT, cached, command

RELEASE = CHECKOUT / "packaging/previous.env"
BUILDER = CHECKOUT / "packaging/build-previous"


@dataclass
class Previous:
    """`folder` holds its package, and `programs` with bedplate, bedplated and bedplate-probe."""
    version: str
    folder: Path

    @property
    def package(self) -> Path:
        return self.folder / f"bedplate_{self.version}_amd64.deb"

    @property
    def programs(self) -> Path:
        return self.folder / "programs"


def named(key: str) -> str:
    return re.search(rf"^{key}=(.+)$", RELEASE.read_text(), re.M)[1]


def absence() -> str | None:
    """Why it cannot be built here, if it cannot."""
    asked = subprocess.run([BUILDER, "--here"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return None if asked.returncode == 0 else " ".join(asked.stderr.split())


def previous(application: Path) -> Previous:
    """Built when it is asked for the first time, which takes minutes. `application`: a cspm to take for its own, which no
    test of two releases looks at."""
    def build(folder: Path) -> None:
        command(BUILDER, "--output", folder, "--application", application, "--level", "0", timeout=3600)
        (folder / "programs").mkdir()
        for program in ("bedplate", "bedplated", "bedplate-probe"):
            os.link(CHECKOUT / ".build/previous" / named("BEDPLATE_COMMIT") / "programs" / program, folder / "programs" / program)

    return Previous(named("BEDPLATE_VERSION"), cached("previous", RELEASE, BUILDER, build=build))
