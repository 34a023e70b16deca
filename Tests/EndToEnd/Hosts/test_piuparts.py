"""The package as Debian's own tester sees it: what its scripts leave on a host without systemd after each of its lives."""
import shutil
import subprocess

import pytest
from bed import command
from test_package import DEPENDS, EARLIER, LATER, packages  # noqa: F401

# It looks for these by installing packages of the distribution, and we have no such file.
WITHOUT = ["--skip-logrotatefiles-test", "--skip-cronfiles-test", "--no-eatmydata", "--no-adequate"]


@pytest.fixture
def chroot(base, debian_mirror, packages, tmp_path):  # noqa: F811
    """A bare Debian whose apt finds our dependencies and the earlier package, and nothing else."""
    if shutil.which("piuparts") is None:
        pytest.skip("piuparts is not installed: apt-get install piuparts")
    root, debian = tmp_path / "chroot", debian_mirror(*DEPENDS)
    command("cp", "-a", base, root)
    for place, folder in debian.shows.items():
        command("mkdir", "-p", root / place[1:])
        command("cp", "-a", f"{folder}/.", root / place[1:])
    earlier = root / "srv/earlier"
    earlier.mkdir()
    shutil.copy(packages / f"bedplate_{EARLIER}_amd64.deb", earlier)
    (earlier / "Packages").write_text(command("apt-ftparchive", "packages", ".", cwd=earlier))
    sources = root / "etc/apt/sources.list.d"
    for file in sources.iterdir():
        file.unlink()
    (root / "etc/apt/sources.list").write_text("deb [trusted=yes] file:/srv/earlier ./\n")
    (sources / "debian.sources").write_text(debian.source)
    yield root
    shutil.rmtree(root)


def piuparts(chroot, deb):
    # Its working copy goes beside the chroot.
    return subprocess.run(["piuparts", "--keep-sources-list", "--distribution=bookworm", f"--existing-chroot={chroot}",
                           f"--tmpdir={chroot.parent}", *WITHOUT, deb], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=300)


def test_installing_upgrading_removing_and_purging_leave_nothing_behind(chroot, packages):  # noqa: F811
    result = piuparts(chroot, packages / f"bedplate_{LATER}_amd64.deb")
    assert result.returncode == 0, result.stdout[-6000:]
    assert "PASS: Installation and purging test." in result.stdout, result.stdout[-3000:]
    # Both of its lives: this one begins with the earlier version.
    assert "PASS: Installation, upgrade and purging tests." in result.stdout, result.stdout[-3000:]
    assert f"bedplate ({EARLIER})" in result.stdout and f"bedplate ({LATER}) over ({EARLIER})" in result.stdout
