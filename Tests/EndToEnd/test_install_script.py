"""Where install.sh takes its package from, and that it refuses one that is not what was meant. What it would do to this
machine is only written down; dpkg-deb, sha256sum and apt's downloader are the real ones."""
import hashlib
import http.server
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from trial import CHECKOUT

SCRIPT = CHECKOUT / "install.sh"
# What stands in front of the real command: the words are written down, then this is run.
STANDINS = {
    "apt-get": "exit 0", "bedplate": "exit 0", "swift": "exit 0",
    "id": "echo 0",
    # Everything that a build needs is there, and no bedplate.
    "dpkg-query": 'case "$*" in *bedplate*) exit 1 ;; *) printf installed ;; esac',
}


def package(folder: Path, version: str = "1.2.3", name: str = "bedplate", file: str | None = None) -> Path:
    tree = folder / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text(f"Package: {name}\nVersion: {version}\nArchitecture: amd64\nMaintainer: x <x@x.invalid>\n"
                                         "Description: a package\n")
    (tree / "DEBIAN/md5sums").write_text("")
    (tree / "content").write_bytes(os.urandom(20000))
    made = folder / (file or f"bedplate_{version}_amd64.deb")
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, made], check=True, capture_output=True)
    shutil.rmtree(tree)
    return made


class Place:
    """A folder with install.sh in it, and what it did."""

    def __init__(self, folder: Path, swift: bool = False):
        self.folder, self.bin, self.ran, self.scratch = folder / "place", folder / "bin", folder / "ran", folder / "tmp"
        for made in (self.folder / "packaging", self.bin, self.scratch):
            made.mkdir(parents=True)
        shutil.copy(SCRIPT, self.folder)
        for name, then in STANDINS.items():
            if name != "swift" or swift:
                (self.bin / name).write_text(f'#!/bin/sh\necho "{name} $*" >>{self.ran}\n{then}\n')
                (self.bin / name).chmod(0o755)
        for name in ("dirname", "cut", "sha256sum", "dpkg-deb", "sed", "mktemp", "rm", "cmp", "cat", "sh", "tar", "xz", "zstd"):
            if found := shutil.which(name):
                (self.bin / name).symlink_to(found)
        # No proxy for what is on this machine.
        (folder / "apt.conf").write_text('Acquire::http::Proxy::127.0.0.1 "DIRECT";\nAcquire::Retries "0";\n')
        self.environment = {"PATH": str(self.bin), "TMPDIR": str(self.scratch), "APT_CONFIG": str(folder / "apt.conf")}

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(["/bin/sh", "install.sh", *arguments], cwd=self.folder, env=self.environment, text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=120)

    @property
    def changes(self) -> list[str]:
        """What was done to the machine."""
        lines = self.ran.read_text().splitlines() if self.ran.exists() else []
        return [line for line in lines if not line.startswith(("id ", "dpkg-query "))]

    def demand_installed(self, file, *arguments: str) -> None:
        result = self.run(*arguments, "--check", "--set", "a.b=c d")
        assert result.returncode == 0, result
        installs = [line for line in self.changes if " install " in line and line.startswith("apt-get")]
        assert len(installs) == 1 and installs[0].endswith(f" --reinstall {file}"), self.changes
        assert self.changes[-1] == "bedplate install --check --set a.b=c d"
        assert list(self.scratch.iterdir()) == []

    def demand_refused(self, because: str, *arguments: str, exit: int = 1) -> None:
        result = self.run(*arguments)
        assert result.returncode == exit, result
        assert because in result.stderr and re.search(r"^cannot .*\n  next: ", result.stderr, re.M), result.stderr
        assert self.changes == [], self.changes
        assert list(self.scratch.iterdir()) == []


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def test_the_named_package_goes_before_one_that_lies_beside_it(place, tmp_path):
    package(place.folder)
    named = package(tmp_path, "4.5.6")
    place.demand_installed(named, "--deb", str(named))


def test_a_package_beside_the_script_is_taken_and_two_are_refused(place):
    beside = package(place.folder)
    place.demand_installed(beside)
    package(place.folder, "2.0.0")
    place.ran.unlink()
    place.demand_refused("more than one", exit=64)


@pytest.mark.parametrize("damage, because", [
    (lambda file: file.write_bytes(file.read_bytes()[:12000]), "no whole package"),
    (lambda file: file.write_bytes(b"!<arch>\n"), "no whole package"),
    (lambda file: file.with_name(file.name + ".sha256").write_text("0" * 64 + "  x\n"), "sha256"),
    (lambda file: file.with_name(file.name + ".sha256").write_text(""), "sha256"),
    (lambda file: package(file.parent, name="curl", file=file.name), "no whole package"),
])
def test_a_package_that_is_not_what_it_should_be_changes_nothing(place, damage, because):
    damage(package(place.folder))
    place.demand_refused(because)


def test_in_a_checkout_it_is_built(tmp_path):
    place = Place(tmp_path, swift=True)
    (place.folder / "Package.swift").write_text("")
    (place.folder / "scripts").mkdir()
    built = package(place.folder / "scripts")
    for script, then in (("scripts/build-release", "exit 0"), ("packaging/build-deb", f"echo scripts/{built.name}")):
        (place.folder / script).write_text(f'#!/bin/sh\necho "{script} $*" >>{place.ran}\n{then}\n')
        (place.folder / script).chmod(0o755)
    place.demand_installed(built)
    assert [line for line in place.changes if not line.startswith(("apt-get", "bedplate"))] == \
        ["scripts/build-release ", "packaging/build-deb --programs .build/release"]
    # A build that fails installs nothing.
    place.ran.unlink()
    (place.folder / "packaging/build-deb").write_text("#!/bin/sh\nexit 1\n")
    assert place.run("--check").returncode == 1
    assert [line for line in place.changes if line.startswith(("apt-get", "bedplate"))] == []


def test_without_package_toolchain_and_release_it_says_what_is_missing(place):
    place.demand_refused("no Swift toolchain", exit=64)


@pytest.fixture
def site(tmp_path):
    """An HTTP server on loopback: `site.content` is what every address has, and how much of it is sent before the end."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            content = self.server.content
            self.send_response(200 if content else 404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[:self.server.sent])

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.content, server.sent = b"", None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def release(place: Place, site, digest: str) -> None:
    (place.folder / "packaging/release.env").write_text(
        f"# A comment.\nBEDPLATE_URL=http://127.0.0.1:{site.server_port}/bedplate_1.2.3_amd64.deb\nBEDPLATE_SHA256={digest}\n")


@pytest.mark.skipif(not Path("/usr/lib/apt/apt-helper").exists(), reason="this machine has no apt")
def test_the_released_package_is_fetched_and_installed_only_when_it_is_the_one_of_the_digest(place, site, tmp_path):
    whole = package(tmp_path).read_bytes()
    digest = hashlib.sha256(whole).hexdigest()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    release(place, site, digest)
    for content, sent in ((b"", None), (whole, 7000), (whole[:7000], None), (bytes(flipped), None)):
        site.content, site.sent = content, sent
        place.demand_refused("cannot fetch http://127.0.0.1")
    site.content, site.sent = whole, None
    release(place, site, "0" * 64)
    place.demand_refused("SHA-256")
    # What stands there is data, and never run.
    release(place, site, f"{digest}; touch {place.ran}")
    place.demand_refused("cannot fetch")

    release(place, site, digest)
    result = place.run("--check")
    assert result.returncode == 0, result
    assert re.search(rf" --reinstall {place.scratch}/\S+/bedplate.deb$", place.changes[-2]), place.changes
    assert place.changes[-1] == "bedplate install --check"
    assert list(place.scratch.iterdir()) == []


def test_its_help_names_every_option_and_exit_code_and_it_is_short():
    text = SCRIPT.read_text()
    told = subprocess.run(["/bin/sh", SCRIPT, "--help"], capture_output=True, text=True, timeout=10, check=True).stdout
    for option in set(re.findall(r"^ +(--[a-z]+)(?: \| --[a-z]+)*\)", text, re.M)) | set(re.findall(r"\| (--[a-z]+)\)", text)):
        assert option in told, option
    for code in set(re.findall(r'" (\d+)$|exit (\d+)$', text, re.M)):
        assert re.search(rf"\b{code[0] or code[1]}\b", told[told.index("Exit codes"):]), code
    for way in ("--deb", "beside this script", "built from this checkout", "packaging/release.env", "bedplate install", ".sha256"):
        assert way in told, way
    assert text.startswith("#!/bin/sh\n") and text.count("\n") < 200
