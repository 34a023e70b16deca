"""What an installation can have besides the usual, on a booted Debian 12 without a network: rotated secrets, a certificate
by ACME (from Debian's pebble), Docker (a socket of its group stands in) and scanners (scripts stand in)."""
import pytest
from asking import SECRETS, Asking, ready
from installing import BEDPLATE, answer
from standins import prowler
from waiting import until

PROBE = "/usr/lib/bedplate/bedplate-probe"
DIRECTORY = "https://127.0.0.1:14000/dir"
# It asks for the proof on port 80, as everybody does.
PEBBLE = """{"pebble": {"listenAddress": "127.0.0.1:14000", "managementListenAddress": "127.0.0.1:15000",
  "certificate": "/etc/pebble-test/cert.pem", "privateKey": "/etc/pebble-test/key.pem", "httpPort": 80, "tlsPort": 443,
  "ocspResponderURL": "", "externalAccountBindingRequired": false}}"""


def admits(machine, name: str, value: str) -> bool:
    """Whether the server that a password is for takes this value."""
    machine.write("/etc/probed", value, mode=0o600)
    question = {"REDIS_PASSWORD": ["redis", "127.0.0.1", "6379"],
                "MONGO_PASSWORD": ["mongodb", "127.0.0.1", "27017", "--user", "cspm"],
                "MONGO_ROOT_PASSWORD": ["mongodb", "127.0.0.1", "27017", "--user", "root"]}[name]
    return machine.run(PROBE, *question, "--password-file", "/etc/probed", check=False).returncode == 0


def test_secrets_are_rotated_with_what_asks_for_them_and_a_rotation_that_was_killed_is_ended_by_the_next_installation(running):
    machine = running.machine
    for name in ("REDIS_PASSWORD", "MONGO_PASSWORD", "MONGO_ROOT_PASSWORD"):
        old = machine.read(f"{SECRETS}/{name}")
        machine.run("bedplate", "secrets", "rotate", name, timeout=180)
        new = machine.read(f"{SECRETS}/{name}")
        assert new != old and admits(machine, name, new) and not admits(machine, name, old), name
        assert ready(machine), name
    old = machine.read(f"{SECRETS}/SECRET_KEY")
    machine.run("bedplate", "secrets", "rotate", "SECRET_KEY", timeout=180)
    assert machine.read(f"{SECRETS}/SECRET_KEY_PREVIOUS") == old
    assert running.made() == []

    # Killed when the server knows the new password and nobody else does.
    old = machine.read(f"{SECRETS}/MONGO_PASSWORD")
    machine.sh("bedplate secrets rotate MONGO_PASSWORD >/dev/null 2>&1 & pid=$!; "
               "until grep -q 'let MongoDB take' /var/lib/bedplate/journal.jsonl && "
               "[ \"$(grep -c 'change-done.*let MongoDB take the new MONGO_PASSWORD' /var/lib/bedplate/journal.jsonl)\" -ge 2 ]; "
               "do sleep 0.005; kill -0 $pid || break; done; kill -9 $pid || true", timeout=60)
    assert any(admits(machine, "MONGO_PASSWORD", machine.read(f"{SECRETS}/{place}"))
               for place in ("MONGO_PASSWORD", "MONGO_PASSWORD.next") if place in machine.sh(f"ls {SECRETS}").split())
    running("--yes")
    new = machine.read(f"{SECRETS}/MONGO_PASSWORD")
    assert new != old and admits(machine, "MONGO_PASSWORD", new) and not admits(machine, "MONGO_PASSWORD", old)
    assert not [name for name in machine.sh(f"ls {SECRETS}").split() if "." in name]
    assert ready(machine)


def test_docker_and_a_scanner_are_taken_up_where_the_profile_asks_and_given_back(running):
    machine = running.machine
    # What is there only where the profile asks for it.
    before = machine.sh("cat /proc/sys/net/ipv4/tcp_keepalive_time").strip()
    assert before == "120", "the settings that can be changed in a container are set at boot"
    machine.sh("groupadd --gid 990 docker; systemd-run --quiet --unit=standin-docker python3 -c \"import socket, time; "
               "s = socket.socket(socket.AF_UNIX); s.bind('/run/docker.sock'); time.sleep(600)\"; "
               "until [ -S /run/docker.sock ]; do sleep 0.05; done; chgrp docker /run/docker.sock")
    machine.sh("mkdir /opt/standin && cd /opt/standin && printf '#!/bin/sh\\necho a stand-in\\n' >gitleaks && chmod 755 gitleaks && "
               "tar -czf gitleaks.tar.gz gitleaks")
    digest = machine.sh("sha256sum /opt/standin/gitleaks.tar.gz").split()[0]
    wanted = running.adding("docker={access: [engine]}", "scanners=[gitleaks]",
                            "archives.gitleaks-x86-64={uri: 'file:/opt/standin/gitleaks.tar.gz', sha256: " + digest + "}")
    assert "make cspm a member of the group docker" in wanted.made()
    assert machine.sh("/var/lib/bedplate/runtimes/scanners/gitleaks").strip() == "a stand-in"
    assert "DOCKER_GID=990\n" in machine.read("/etc/bedplate/docker.env")
    assert "docker" in machine.sh("id -nG cspm").split()
    assert wanted.made() == []

    # A flipped byte in what is fetched again is refused, and nothing is half there.
    machine.sh("rm /var/lib/bedplate/runtimes/scanners/gitleaks; printf x >>/opt/standin/gitleaks.tar.gz")
    refused = wanted("--yes", check=False)
    assert refused.returncode == 1 and "gitleaks" in refused.stderr, refused
    assert machine.sh("ls -A /var/lib/bedplate/runtimes/scanners").split() == [".gitleaks.sha256"]

    machine.run(BEDPLATE, "uninstall", "--purge", "--yes", timeout=300)
    assert "cspm" not in machine.sh("getent group docker")


def test_a_cloud_is_scanned_with_the_prowler_that_is_installed_where_the_profile_asks(running):
    machine, platform = running.machine, Asking(running.machine)
    account = platform.say("/api/cloud-accounts", {
        "provider": "aws", "name": "mine", "access_key_id": "AKIAQQQQQQQQQQQQWXYZ", "regions": ["us-east-1"],
        "secret_access_key": "not-a-secret-of-anybody-0123456789"})  # bedplate:allow-secret
    without = platform.say("/api/cloud-scans/", {"account": account["id"]}, check=False)
    assert "add 'scanners: [prowler]' to the profile and run 'bedplate install'" in without["detail"]

    def programs():
        return sorted(machine.sh("pidof cspm").split())

    wheel, place, before = prowler.wheel(), f"/opt/standin/{prowler.NAME}", programs()
    machine.write(place, wheel)
    wanted = running.adding("scanners=[prowler]", prowler.archive(wheel, place))
    assert "install prowler 5.46.0 into /var/lib/bedplate/runtimes/venv-prowler" in wanted.made()
    assert wanted.made() == []

    # Nobody was started anew for it, and it runs as the engine does: without rights, with little of the host to be seen.
    assert programs() == before
    identity = platform.say("/api/cloud-scans/validate", {"account": account["id"]})
    assert identity["ok"] and identity["account_id"] == "123456789012", identity
    scan = platform.say("/api/cloud-scans/", {"account": account["id"]})["scan_id"]
    ended = platform.ended(scan)
    assert ended["status"] == "partial" and ended["kind"] == "cloud", ended
    assert len(platform.findings(scan)) == ended["findings"] == 6


@pytest.fixture
def acme(running):
    """The same with an ACME server, whose own certificate the host trusts."""
    machine = running.machine
    machine.sh("apt-get -qq -y --no-install-recommends install pebble", timeout=120)
    machine.write("/etc/pebble-test/config.json", PEBBLE)
    machine.sh("cd /etc/pebble-test && openssl req -x509 -newkey rsa:2048 -nodes -days 5 -subj /CN=127.0.0.1 "
               "-addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem 2>/dev/null && "
               "cp cert.pem /usr/local/share/ca-certificates/pebble-test.crt && update-ca-certificates >/dev/null && "
               "echo 127.0.0.1 scans.test >>/etc/hosts")
    machine.run("systemd-run", "--quiet", "--unit=pebble", "--setenv=PEBBLE_VA_NOSLEEP=1", "--setenv=PEBBLE_WFE_NONCEREJECT=0",
                "/usr/bin/pebble", "-config", "/etc/pebble-test/config.json")
    return running


def test_a_certificate_comes_by_acme_through_our_own_front_door_and_its_renewal_is_shown_without_anybodys_help(acme):
    machine = acme.machine
    wanted = acme.adding("front_door.listen=127.0.0.1:443", f"front_door.tls={{domain: scans.test, acme: '{DIRECTORY}'}}")
    made = wanted.made()
    assert "make a certificate for scans.test that we sign ourselves" in made, made
    assert f"ask {DIRECTORY} for a certificate of scans.test" in made, made
    assert wanted.made() == []
    # Nobody else's server was there to answer.
    assert machine.sh("cd /etc/nginx && ls conf.d sites-enabled").split() == ["conf.d:", "bedplate.conf", "sites-enabled:"]

    def shown(*what: str) -> str:
        return machine.sh("echo | openssl s_client -connect 127.0.0.1:443 -servername scans.test 2>/dev/null | "
                          f"openssl x509 -noout {' '.join(what)}")

    certificate = shown("-issuer", "-ext", "subjectAltName")
    assert "Pebble" in certificate and "DNS:scans.test" in certificate, certificate
    assert machine.sh("curl -sk --resolve scans.test:443:127.0.0.1 https://scans.test/api/health/live")
    assert machine.sh("curl -s -o /dev/null -w '%{http_code} %{redirect_url}' http://scans.test/x") == "308 https://scans.test/x"
    machine.sh("cd /var/lib/bedplate/challenges && mkdir -p .well-known/acme-challenge && echo proof >.well-known/acme-challenge/token")
    assert machine.sh("curl -s http://scans.test/.well-known/acme-challenge/token") == "proof\n"

    # As certbot.timer does it, when it is time: certbot is told that it is.
    first, renewal = shown("-serial"), "/etc/letsencrypt/renewal/bedplate.conf"
    assert machine.show("certbot.timer", "ActiveState", "UnitFileState") == {"ActiveState": "active", "UnitFileState": "enabled"}
    machine.sh(f"sed -i '1i renew_before_expiry = 20000 days' {renewal}")
    machine.run("systemctl", "start", "certbot.service", timeout=120)
    # A reload is over when the old workers take no connection any more.
    until("nginx shows the renewed certificate", lambda: shown("-serial") != first, 10)
    assert "Pebble" in shown("-issuer")
    assert wanted.made() == []

    # The certificate, its key and the account are what nobody gives a second time so soon.
    folders = [f"/etc/letsencrypt/{name}" for name in ("accounts", "archive", "live", "renewal")]
    listing = f"find {' '.join(folders)} -type f -exec sha256sum {{}} + | sort"
    before = machine.sh(listing)
    kept = answer(machine.run(BEDPLATE, "uninstall", "--yes", "--json", timeout=300).stdout)["kept"]
    assert set(folders) <= set(kept), kept
    assert machine.sh(listing) == before and "privkey" in before and "private_key.json" in before

    machine.run(BEDPLATE, "uninstall", "--purge", "--yes", timeout=300)
    for place in ("/etc/letsencrypt", "/etc/nginx"):
        assert machine.run("test", "-e", place, check=False).returncode != 0, place
