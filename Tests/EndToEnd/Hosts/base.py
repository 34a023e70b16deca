"""A freshly bootstrapped Debian 12, as small as one that boots can be."""
import os
import platform
from pathlib import Path

from bed import cached, command

PACKAGES = "systemd,systemd-sysv,dbus,ca-certificates,apt,sudo,iproute2,curl,gnupg"
# A download of apt's own timers would hold its lock at a moment no test chose.
MASKED = ["apt-daily.timer", "apt-daily-upgrade.timer"]


def base() -> Path:
    return cached("debian-12", Path(__file__), platform.machine(), build=bootstrap)


def bootstrap(root: Path) -> None:
    # It unpacks as _apt too, which must be able to come in.
    root.chmod(0o755)
    command("mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", "bookworm", root, timeout=1200)
    # minbase has none of these, and an installed host has.
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n")
    # Empty: the machine gets an id of its own when it boots, and it is no first boot.
    (root / "etc/machine-id").write_text("")
    (root / "etc/hostname").unlink(missing_ok=True)
    (root / "etc/resolv.conf").unlink(missing_ok=True)
    (root / "etc/resolv.conf").touch()
    for timer in MASKED:
        os.symlink("/dev/null", root / "etc/systemd/system" / timer)
