"""Signed apt repositories in folders, shaped as those of the Internet are, for hosts whose only network is loopback."""
import gzip
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bed import BED, cached, command
from overlay import chroot


@dataclass(frozen=True)
class Mirror:
    """What `https://SITE/PATH` serves, as a folder that a host sees at /srv/mirror/SITE."""
    folder: Path
    site: str
    path: str
    suite: str
    component: str
    # Where the site serves the key its repository is signed with.
    key: str

    @property
    def place(self) -> str:
        return f"/srv/mirror/{self.site}"

    @property
    def shows(self) -> dict[str, Path]:
        """For `host(shows=…)`."""
        return {self.place: self.folder}

    @property
    def uri(self) -> str:
        """Instead of `https://SITE`, in a catalogue of upstreams."""
        return f"file:{self.place}"

    @property
    def source(self) -> str:
        """The deb822 file that makes apt use it."""
        return (f"Types: deb\nURIs: {self.uri}/{self.path}\nSuites: {self.suite}\nComponents: {self.component}\n"
                f"Signed-By: {self.place}/{self.key}\n")

    @property
    def fingerprint(self) -> str:
        """Of the key it is signed with."""
        lines = command("gpg", "--batch", "--with-colons", "--show-keys", self.folder / self.key).splitlines()
        return next(line.split(":")[9] for line in lines if line.startswith("fpr:"))


def publish(mirror: Mirror, debs: list[Path], origin: str, expires: str = "2y") -> None:
    """Fills the mirror's folder: a pool, its indexes, and a signature by a key made now, which is kept nowhere."""
    root = mirror.folder / mirror.path
    pool, index = root / "pool", root / "dists" / mirror.suite / mirror.component / "binary-amd64"
    for folder in (pool, index):
        folder.mkdir(parents=True)
    for deb in debs:
        shutil.copyfile(deb, pool / deb.name)
    packages = command("apt-ftparchive", "packages", "pool", cwd=root)
    (index / "Packages").write_text(packages)
    (index / "Packages.gz").write_bytes(gzip.compress(packages.encode(), mtime=0))
    release = root / "dists" / mirror.suite / "Release"
    options = [f"APT::FTPArchive::Release::{field}={value}" for field, value in {
        "Origin": origin, "Label": origin, "Suite": mirror.suite, "Codename": mirror.suite.split("/")[0],
        "Architectures": "amd64", "Components": mirror.component}.items()]
    text = command("apt-ftparchive", *[word for option in options for word in ("-o", option)], "release",
                   release.parent, cwd=root)
    release.write_text(text)
    with tempfile.TemporaryDirectory(prefix="bed-gpg-") as home:
        gpg = ["gpg", "--batch", "--quiet", "--yes", "--homedir", home]
        name = f"{origin} test mirror"
        command(*gpg, "--passphrase", "", "--quick-gen-key", name, "ed25519", "sign", expires)
        command(*gpg, "--armor", "--detach-sign", "--output", release.with_suffix(".gpg"), release)
        command(*gpg, "--clearsign", "--output", release.with_name("InRelease"), release)
        key = mirror.folder / mirror.key
        key.parent.mkdir(parents=True, exist_ok=True)
        command(*gpg, "--armor", "--export", "--output", key, name)
        command("gpgconf", "--homedir", home, "--kill", "gpg-agent")


def debian(base: Path, packages: list[str]) -> Mirror:
    """Every package that `apt-get install PACKAGES` fetches on a fresh host, as Debian serves them today, frozen."""
    shape = Mirror(Path(), "deb.debian.org", "debian", "bookworm", "main", "debian-frozen.asc")

    def build(folder: Path) -> None:
        scratch = Path(tempfile.mkdtemp(prefix="mirror-", dir=BED))
        try:
            with chroot(scratch, [base]) as run:
                run("apt-get", "-qq", "-o", "APT::Update::Error-Mode=any", "update")
                run("apt-get", "-qq", "-y", "--no-install-recommends", "--download-only", "install", *packages)
                debs = sorted((run.root / "var/cache/apt/archives").glob("*.deb"))
                publish(at(shape, folder), debs, "Debian")
        finally:
            shutil.rmtree(scratch)

    return at(shape, cached("debian-mirror", Path(__file__), base.name, " ".join(sorted(packages)), build=build))


def at(shape: Mirror, folder: Path) -> Mirror:
    return Mirror(folder, shape.site, shape.path, shape.suite, shape.component, shape.key)


def repository(shape: Mirror, name: str, debs: list[Path], origin: str) -> Mirror:
    """A third party's repository with these packages."""
    place = cached(name, Path(__file__), shape, *debs, build=lambda folder: publish(at(shape, folder), debs, origin))
    return at(shape, place)
