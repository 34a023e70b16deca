"""The installer in a world that is against it: what it says, that it leaves nothing half done, and that all ends well."""
import contextlib

from disk import demand_same, tree

# Takes a lock as apt and dpkg do, says so, and keeps it until somebody opens the pipe.
HOLD = """
import fcntl, os, sys
lock = open(sys.argv[1], "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
os.mkfifo("/run/release")
open("/run/release").read()
os.remove("/run/release")
"""


@contextlib.contextmanager
def held(machine, lock: str):
    """A process of the host that holds a lock; what is given lets it go."""
    machine.run("systemd-run", "--quiet", "--collect", "--unit=holder", "python3", "-c", HOLD, lock)
    machine.sh("until [ -p /run/release ]; do sleep 0.02; done")
    yield lambda: machine.sh("echo >/run/release; while systemctl -q is-active holder; do sleep 0.02; done")


@contextlib.contextmanager
def instead(machine, place: str, other: str):
    """Shows another file or folder of the host in the place of one."""
    machine.run("mount", "--bind", other, place)
    try:
        yield
    finally:
        machine.run("umount", place)


def flipped(machine, path: str) -> str:
    """A copy of a file with one bit of another."""
    copy = f"/srv/flipped/{path.rsplit('/')[-1]}"
    machine.sh(f"mkdir -p /srv/flipped && cp {path} {copy}")
    content = bytearray((machine.root / copy[1:]).read_bytes())
    content[len(content) // 2] ^= 1
    (machine.root / copy[1:]).write_bytes(content)
    return copy


def test_what_is_in_the_way_of_an_installation_is_said_all_at_once_and_nothing_is_changed(bare, expired_key):
    machine = bare.machine
    machine.sh("install -d /srv/other && mount -t tmpfs -o size=20m tmpfs /var/cache/apt && mkdir -p /var/cache/apt/archives/partial")
    machine.write("/srv/other/key.asc", expired_key.text)
    machine.run("systemd-run", "--quiet", "--unit=web", "perl", "-MIO::Socket::INET", "-e",
                'my $door = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1:6379") or die; sleep')
    before = tree(machine.live)

    # A network that is not there: the real addresses, of which none is found.
    away = bare.without("mirrors=")
    said = away.refused()
    for address in ("https://deb.nodesource.com/node_20.x/dists/nodistro/InRelease",
                    "https://repo.mongodb.org/apt/debian/dists/bookworm/mongodb-org/7.0/InRelease",
                    "https://www.mongodb.org/static/pgp/server-7.0.asc"):
        assert address in said, said
    assert "nothing was changed" in said

    node_key = machine.sh("ls /srv/mirror/deb.nodesource.com/gpgkey/*").strip()
    with instead(machine, node_key, "/srv/other/key.asc"), instead(machine, "/srv/mirror/deb.debian.org", "/srv/other"):
        said = bare.adding(f"upstreams.node.fingerprint={expired_key.fingerprint}").refused()
    for part in ("has expired", "a repository of this host cannot be had", "port 6379, for Redis, is taken by process",
                 "MiB free for /var/cache/apt"):
        assert part in said, said

    machine.sh("""sed -e 's/12 (bookworm)/13 (trixie)/' -e 's/="12"/="13"/' /usr/lib/os-release >/srv/other/os-release""")
    with instead(machine, "/usr/lib/os-release", "/srv/other/os-release"):
        said = bare.refused()
        assert "Debian GNU/Linux 13 (trixie) is not supported" in said and "Ubuntu 24.04 and Debian 12" in said, said
    demand_same(before, tree(machine.live), besides=r"/var/log/.*|/var/cache/apt/.*|/var/lib/systemd/.*")
