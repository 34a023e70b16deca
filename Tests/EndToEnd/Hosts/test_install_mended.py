"""The installer stopped half-way by the world, which is then put right: the same command again ends as if nothing had been."""
import json
import re
import time

import pytest
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
APT_LOCKS = ["/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/lib/apt/lists/lock", "/var/cache/apt/archives/lock"]
# Takes one lock after the other as apt and dpkg do, each before it lets go of the one before. Told to begin, it keeps each for
# as long as somebody's own update may take, and says for how long it had it and whether there was certbot by then.
HOLD = """
import fcntl, os, sys, time
before = None
for path in sys.argv[1:]:
    lock = open(path, "w")
    fcntl.lockf(lock, fcntl.LOCK_EX)
    if before:
        before.close()
    else:
        os.mkfifo("/run/begin")
        open("/run/begin").read()
    begin, before = time.monotonic(), lock
    time.sleep(20)
    with open("/run/held", "a") as held:
        print(path, time.monotonic() - begin, os.path.exists("/usr/bin/certbot"), file=held)
"""


@pytest.fixture(scope="module", autouse=True)
def behind_locks(shared_host, upstreams, bare_layer, installed):
    """An installation that waits while the other tests of this module run, as it has nothing to do for long."""
    install = Installation(shared_host(layers=[bare_layer, installed.layer], shows=upstreams.shows), upstreams.settings)
    machine = install.machine
    machine.sh("apt-get -qq -y remove certbot >/dev/null 2>&1", timeout=120)
    machine.run("systemd-run", "--quiet", "--collect", "--unit=holder", "python3", "-c", HOLD, *APT_LOCKS)
    machine.sh("until [ -p /run/begin ]; do sleep 0.02; done")
    with install.until("waiting", subject=APT_LOCKS[0]) as (first, _):
        sent_away = install.refused(exit=75)
        machine.sh("echo >/run/begin")
        yield install, first, sent_away


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


def test_each_lock_of_apt_is_waited_for_by_name_for_20_seconds_and_a_second_installer_is_sent_away_with_the_name_of_the_first(
        behind_locks, installed):
    install, first, sent_away = behind_locks
    assert "another installation is running (process " in sent_away, sent_away
    status, said = first.end()
    assert status == 0, said
    events = [json.loads(line) for line in said.splitlines() if line.startswith('{"')]
    waits = [event for event in events if event["event"] == "waiting"]
    assert [wait["subject"] for wait in waits] == APT_LOCKS
    assert all("(python3)" in wait["sentence"] for wait in waits), waits
    kept = [line.split() for line in install.machine.sh("cat /run/held").splitlines()]
    assert [(path, float(seconds) >= 20, there) for path, seconds, there in kept] == [(path, True, "False") for path in APT_LOCKS]
    assert "install certbot" in [event.get("sentence") for event in events if event["event"] == "changed"]
    assert install.made() == []
    install.outcome().demand_same(installed.outcome)
