"""Where the test bed keeps what it builds, and that it builds each thing once."""
import contextlib
import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from trial import CHECKOUT  # noqa: E402

BED = CHECKOUT / ".build/hosts"


class BuildFailed(Exception):
    """A command that builds part of the bed failed; its last lines are in the message."""


def command(*arguments, timeout: float = 600, **options) -> str:
    """Runs a command on this machine to its end and gives its output."""
    options.setdefault("stdin", subprocess.DEVNULL)
    result = subprocess.run([str(a) for a in arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            timeout=timeout, **options)
    if result.returncode != 0:
        last = "\n".join(result.stdout.splitlines()[-20:])
        raise BuildFailed(f"cannot run {' '.join(map(str, arguments))}: exit {result.returncode}\n{last}")
    return result.stdout


@functools.cache
def build_release(*products: str) -> Path:
    """Builds programs that need no Swift runtime, as install.sh builds them, and says in which folder they are."""
    command(CHECKOUT / "scripts/build-release", *products, timeout=3600)
    return CHECKOUT / ".build/release"


@contextlib.contextmanager
def held(path: Path, wait: bool = True):
    """A lock that is free the moment its holder dies. Without `wait`, BlockingIOError when somebody has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield file


def cached(name: str, *ingredients, build) -> Path:
    """The folder that `build(folder)` fills, built only when there is none of these ingredients.

    An ingredient is a text, or a file of ours whose content counts.
    """
    digest = hashlib.sha256()
    for ingredient in ingredients:
        content = ingredient.read_bytes() if isinstance(ingredient, Path) else str(ingredient).encode()
        digest.update(len(content).to_bytes(8, "big") + content)
    place = BED / "cache" / f"{name}-{digest.hexdigest()[:16]}"
    with held(BED / "cache" / f"{name}.lock"):
        if not place.exists():
            scratch = place.with_name(place.name + ".partial")
            remove(scratch)
            scratch.mkdir(parents=True)
            build(scratch)
            os.sync()
            scratch.rename(place)
    return place


def remove(folder: Path) -> None:
    """Removes a tree that may hold anything but another file system."""
    if folder.exists():
        if any(str(folder) == line.split()[4] or line.split()[4].startswith(f"{folder}/")
               for line in Path("/proc/self/mountinfo").read_text().splitlines()):
            raise BuildFailed(f"cannot remove {folder}: something is mounted in it")
        shutil.rmtree(folder)
