"""The installer stopped half-way by the world, which is then put right: the same command again ends as if nothing had been."""
import re
import time

from disk import half_done
from installing import Installation
from killing import Attempt
from test_install_faults import flipped, held, instead

# Serves the frozen mirror by HTTP. The connection breaks in the middle of the file whose name has WORD in it, and there is
# no server any more, as when a cable is pulled.
BREAKING = """
import http.server, os, sys
class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def copyfile(self, source, output):
        if len(sys.argv) > 1 and sys.argv[1] in self.path:
            output.write(source.read(1000))
            output.flush()
            os._exit(0)
        super().copyfile(source, output)
os.chdir("/srv/mirror/deb.debian.org")
http.server.ThreadingHTTPServer(("127.0.0.1", 8181), Handler).serve_forever()
"""
SOURCES = "/etc/apt/sources.list.d/debian.sources"


def told(said: str, *because: str) -> None:
    """What an operator is told: what cannot be done, why, and what to do next."""
    found = re.search(r"cannot (.+?): (.+)\n  next: .+", said, re.S)
    assert found and all(part in found[2] for part in because), said


def ends_well(install: Installation, stocked_outcome) -> None:
    """With the same command."""
    install("--yes")
    assert install.made() == []
    install.outcome().demand_same(stocked_outcome)


def test_a_disk_that_fills_while_packages_are_unpacked_is_said_and_with_room_again_the_same_command_ends_well(
        stocked, stocked_outcome):
    machine = stocked.machine
    machine.sh("mkdir /run/var && mount -t tmpfs -o size=4g,mode=755 tmpfs /run/var && cp -a /var/. /run/var && mount --bind /run/var /var")
    with Attempt(stocked, 0, json=False) as attempt:
        while True:
            assert not attempt.is_over, attempt.end()
            with attempt.still() as is_there:
                if is_there and "install reinstreq half-installed" in half_done(machine.live).values():
                    # What is written already stays, and nothing more finds room.
                    machine.sh("mount -o remount,size=$(df --output=used -k /var | tail -1)k /var")
                    break
            time.sleep(0.001)
        said = attempt.end()
    assert attempt.process.returncode == 1
    told(said)
    assert re.search(r"cannot install certbot: .*(No space left on device|the file system at /var is full)", said, re.S), said
    machine.sh("mount -o remount,size=4g /var")
    ends_well(stocked, stocked_outcome)


def test_a_network_that_goes_in_the_middle_of_a_download_is_said_and_with_it_again_the_same_command_ends_well(
        stocked, stocked_outcome):
    machine = stocked.machine
    files, web = machine.read(SOURCES), ["systemd-run", "--quiet", "--collect", "--unit=web", "python3", "-c", BREAKING]
    machine.write(SOURCES, files.replace("URIs: file:/srv/mirror/deb.debian.org", "URIs: http://127.0.0.1:8181"))
    answers = "until curl -sfo /dev/null http://127.0.0.1:8181/debian/dists/bookworm/InRelease; do sleep 0.05; done"
    machine.run(*web, "/certbot_")
    machine.sh(answers)
    said = stocked.refused()
    told(said, "Failed to fetch", "certbot")
    assert "cannot install certbot" in said
    machine.run(*web)
    machine.sh(answers)
    stocked("--yes")
    # The addresses are the host's own, and not what was repaired.
    machine.write(SOURCES, files)
    machine.run("systemctl", "stop", "web")
    ends_well(stocked, stocked_outcome)


def test_a_flipped_byte_in_a_package_and_in_an_archive_is_said_and_with_it_right_the_same_command_ends_well(
        stocked, stocked_outcome):
    machine = stocked.machine
    # A package, whose digest is in a signed index.
    deb = machine.sh("ls /srv/mirror/deb.debian.org/debian/pool/certbot_*.deb").strip()
    with instead(machine, deb, flipped(machine, deb)):
        said = stocked.refused()
        told(said, "Hash Sum mismatch")
        assert "cannot install certbot" in said
    # The archive of Python, which is known by its digest.
    archive = machine.sh("ls /srv/upstream/*.tar.gz").strip()
    with instead(machine, archive, flipped(machine, archive)):
        said = stocked.refused()
        assert "cannot fetch file:/srv/upstream/" in said, said
    ends_well(stocked, stocked_outcome)


def test_a_key_that_has_expired_is_said_and_with_a_new_one_the_same_command_ends_well(stocked, stocked_outcome, expired_key):
    machine = stocked.machine
    machine.write("/srv/other/key.asc", expired_key.text)
    key = machine.sh("ls /srv/mirror/deb.nodesource.com/gpgkey/*").strip()
    with instead(machine, key, "/srv/other/key.asc"):
        told(stocked.adding(f"upstreams.node.fingerprint={expired_key.fingerprint}").refused(), "has expired")
    ends_well(stocked, stocked_outcome)


def test_what_a_dpkg_left_half_done_while_its_lock_was_waited_for_is_finished_first(stocked, stocked_outcome):
    machine = stocked.machine
    with held(machine, "/var/lib/dpkg/lock-frontend") as release, stocked.until("waiting") as (first, _):
        # As dpkg leaves them when it is killed while it unpacks: notes beside its database.
        left = {"libffi-dev": "install reinstreq half-installed", "libmpc3": "install reinstreq unpacked"}
        for number, (package, state) in enumerate(left.items()):
            machine.sh(f"dpkg-query --status {package} | sed 's/^Status: .*/Status: {state}/' >/var/lib/dpkg/updates/000{number}")
        assert half_done(machine.live) == left
        release()
        status, said = first.end()
    assert status == 0, said
    assert half_done(machine.live) == {}
    ends_well(stocked, stocked_outcome)
