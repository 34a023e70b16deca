"""A root file system made of layers: what is written goes into the topmost, and is gone with it."""
import contextlib
import subprocess
import time
from pathlib import Path

from bed import BuildFailed, command


class Overlay:
    """`layers`, from the bottom up, stay as they are; changes go to `upper`; `root` shows the whole.

    It is volatile: what is written is visible at once, and waits for no disk, not even for an fsync.
    """

    def __init__(self, folder: Path, layers: list[Path]):
        self.upper, self.work, self.root = folder / "upper", folder / "work", folder / "root"
        self.layers = layers

    def mount(self) -> None:
        for place in (self.upper, self.work, self.root):
            place.mkdir(parents=True, exist_ok=True)
        lower = ":".join(str(layer) for layer in reversed(self.layers))
        command("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={lower},upperdir={self.upper},workdir={self.work},volatile",
                self.root)

    def unmount(self) -> None:
        """What still uses it, while a machine is going down, gets a moment; nothing may stay mounted."""
        end = time.monotonic() + 10
        while subprocess.run(["mountpoint", "-q", self.root], stdin=subprocess.DEVNULL).returncode == 0:
            if subprocess.run(["umount", self.root], stdin=subprocess.DEVNULL, capture_output=True).returncode == 0:
                continue
            if time.monotonic() > end:
                raise BuildFailed(f"cannot unmount {self.root}: it is busy")
            time.sleep(0.05)


# No program of a package is to start a service while it is installed into a folder.
POLICY = "#!/bin/sh\nexit 101\n"


@contextlib.contextmanager
def chroot(folder: Path, layers: list[Path]):
    """A function that runs a command of this machine's network in the layers, as a package build does. Use it for
    trusted packages of the distribution only: it is no sandbox."""
    overlay = Overlay(folder, layers)
    overlay.mount()
    device = overlay.root / "dev"
    try:
        command("mount", "--bind", "/dev", device)
        policy = overlay.root / "usr/sbin/policy-rc.d"
        policy.write_text(POLICY)
        policy.chmod(0o755)
        resolver = overlay.root / "etc/resolv.conf"
        resolver.write_bytes(Path("/etc/resolv.conf").read_bytes())

        def run(*arguments) -> str:
            return command("chroot", overlay.root, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
                           "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", *arguments)

        run.root = overlay.root
        yield run
        policy.unlink()
    finally:
        subprocess.run(["umount", device], stdin=subprocess.DEVNULL, capture_output=True)
        overlay.unmount()
