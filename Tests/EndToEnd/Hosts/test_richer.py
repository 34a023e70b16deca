"""What an installation can have besides the usual, on a booted Debian 12 without a network: rotated secrets, a certificate
by ACME (from Debian's pebble), Docker (a socket of its group stands in) and a scanner (a script stands in)."""
import json
import re
import shutil
from pathlib import Path

import pytest
from bed import CHECKOUT, build_release, command

OURS = ["libmongoc-1.0-0", "libarchive13", "libsqlite3-0", "libssl3", "libyaml-0-2"]
PACKAGES = ["ca-certificates", "build-essential", "libffi-dev", "certbot", "nginx", "redis-server", "yarnpkg", "nodejs",
            "python3", "adduser", "pebble", *OURS]
PROGRAMS = ["bedplated", "bedplate-probe", "bedplate", "cspm"]
BEDPLATE = "/srv/build/bedplate"
SECRETS = "/etc/bedplate/secrets"
PROBE = "/usr/lib/bedplate/bedplate-probe"
PEBBLE = """{"pebble": {"listenAddress": "127.0.0.1:14000", "managementListenAddress": "127.0.0.1:15000",
  "certificate": "/etc/pebble-test/cert.pem", "privateKey": "/etc/pebble-test/key.pem", "httpPort": 80, "tlsPort": 443,
  "ocspResponderURL": "", "externalAccountBindingRequired": false}}"""


class Installation:
    """`bedplate install`, typed on a host with these settings."""

    def __init__(self, machine, settings):
        self.machine, self.settings = machine, settings

    def __call__(self, *more, check=True):
        sets = [word for setting in self.settings for word in ("--set", setting)]
        return self.machine.run(BEDPLATE, "install", "--checkout", "/srv/checkout", *sets, *more, check=check, timeout=600)

    def adding(self, *settings):
        return Installation(self.machine, [*self.settings, *settings])

    def made(self) -> list[str]:
        """Installs, and says what was changed for it."""
        said = self("--yes", "--json").stdout
        answer = json.loads(said[said.index("\n{\n") if not said.startswith("{\n") else 0:])
        return [change["sentence"] for step in answer["steps"] for change in step["changes"]]


@pytest.fixture
def running(host, pytestconfig, tmp_path, debian_mirror, node_standin_mirror, mongodb_standin_mirror, python312_standin_archive):
    """A platform that was installed from stand-ins and runs."""
    programs = pytestconfig.getoption("--programs", None) or build_release(*PROGRAMS)
    for product in PROGRAMS:
        shutil.copy(programs / product, tmp_path / product)
    debian, archive = debian_mirror(*PACKAGES), python312_standin_archive
    shows = {**debian.shows, **node_standin_mirror.shows, **mongodb_standin_mirror.shows, "/srv/build": tmp_path,
             "/srv/upstream": archive.parent}
    shows |= {f"/srv/checkout/{part}": CHECKOUT / part for part in ("profiles", "web", "units")}
    if runtime := re.search(r"=> (/\S+)/libswiftCore\.so", command("ldd", tmp_path / "bedplate")):
        shows[runtime[1]] = Path(runtime[1])  # a debug build brings no runtime of its own
    machine = host(shows=shows)
    machine.sh("rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*")
    machine.write("/etc/apt/sources.list.d/debian.sources", debian.source)
    machine.sh(f"apt-get -qq update && apt-get -qq -y --no-install-recommends install {' '.join(OURS)}", timeout=300)
    digest = archive.with_name(archive.name + ".sha256").read_text().split()[0]
    places = [("https://deb.nodesource.com", node_standin_mirror.uri), ("https://repo.mongodb.org", mongodb_standin_mirror.uri),
              ("https://www.mongodb.org", mongodb_standin_mirror.uri)]
    install = Installation(machine, [
        "mirrors=[" + ", ".join(f"{{from: '{a}', to: '{b}'}}" for a, b in places) + "]",
        f"upstreams.node.fingerprint={node_standin_mirror.fingerprint}",
        f"upstreams.mongodb.fingerprint={mongodb_standin_mirror.fingerprint}",
        f"archives.python-x86-64.uri=file:/srv/upstream/{archive.name}", f"archives.python-x86-64.sha256={digest}"])
    install("--yes")
    return install


def admits(machine, name: str, value: str) -> bool:
    """Whether the server that a password is for takes this value."""
    machine.write("/etc/probed", value, mode=0o600)
    question = {"REDIS_PASSWORD": ["redis", "127.0.0.1", "6379"],
                "MONGO_PASSWORD": ["mongodb", "127.0.0.1", "27017", "--user", "cspm"],
                "MONGO_ROOT_PASSWORD": ["mongodb", "127.0.0.1", "27017", "--user", "root"]}[name]
    return machine.run(PROBE, *question, "--password-file", "/etc/probed", check=False).returncode == 0


def ready(machine) -> bool:
    return machine.run("curl", "-sf", "http://127.0.0.1:8080/api/health/ready", check=False).returncode == 0


def test_secrets_are_rotated_a_certificate_comes_by_acme_and_docker_and_a_scanner_are_taken_up_and_given_back(running):
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

    # What is there only where the profile asks for it.
    before = machine.sh("cat /proc/sys/net/ipv4/tcp_keepalive_time").strip()
    assert before == "120", "the settings that can be changed in a container are set at boot"
    machine.sh("apt-get -qq update && apt-get -qq -y --no-install-recommends install pebble", timeout=120)
    machine.write("/etc/pebble-test/config.json", PEBBLE)
    machine.sh("cd /etc/pebble-test && openssl req -x509 -newkey rsa:2048 -nodes -days 5 -subj /CN=127.0.0.1 "
               "-addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem 2>/dev/null && "
               "cp cert.pem /usr/local/share/ca-certificates/pebble-test.crt && update-ca-certificates >/dev/null && "
               "echo 127.0.0.1 scans.test >>/etc/hosts")
    machine.run("systemd-run", "--quiet", "--unit=pebble", "--setenv=PEBBLE_VA_NOSLEEP=1", "--setenv=PEBBLE_WFE_NONCEREJECT=0",
                "/usr/bin/pebble", "-config", "/etc/pebble-test/config.json")
    machine.sh("groupadd --gid 990 docker; systemd-run --quiet --unit=standin-docker python3 -c \"import socket, time; "
               "s = socket.socket(socket.AF_UNIX); s.bind('/run/docker.sock'); time.sleep(600)\"; "
               "until [ -S /run/docker.sock ]; do sleep 0.05; done; chgrp docker /run/docker.sock")
    machine.sh("mkdir /opt/standin && cd /opt/standin && printf '#!/bin/sh\\necho a stand-in\\n' >gitleaks && chmod 755 gitleaks && "
               "tar -czf gitleaks.tar.gz gitleaks")
    digest = machine.sh("sha256sum /opt/standin/gitleaks.tar.gz").split()[0]
    wanted = running.adding("docker={access: [engine]}", "scanners=[gitleaks]",
                           "archives.gitleaks-x86-64={uri: 'file:/opt/standin/gitleaks.tar.gz', sha256: " + digest + "}",
                           "front_door.tls={domain: scans.test, acme: 'https://127.0.0.1:14000/dir'}")
    # nginx's servers are the test's own: what is looked at here is where certificate and challenges are.
    machine.write("/etc/nginx/conf.d/challenge.conf", "server { listen 80; server_name scans.test; "
                  "location /.well-known/acme-challenge/ { root /var/lib/bedplate/challenges; } }")
    machine.sh("systemctl reload nginx")
    made = wanted.made()
    machine.write("/etc/nginx/conf.d/tls.conf", "server { listen 443 ssl; server_name scans.test; ssl_certificate "
                  "/etc/nginx/bedplate/tls/certificate.pem; ssl_certificate_key /etc/nginx/bedplate/tls/key.pem; }")
    machine.sh("nginx -q -t && systemctl reload nginx")
    assert "make a certificate for scans.test that we sign ourselves" in made, made
    assert "ask https://127.0.0.1:14000/dir for a certificate of scans.test" in made, made
    assert "make cspm a member of the group docker" in made, made

    shown = machine.sh("echo | openssl s_client -connect 127.0.0.1:443 -servername scans.test 2>/dev/null | openssl x509 -noout "
                       "-issuer -ext subjectAltName")
    assert "Pebble" in shown and "DNS:scans.test" in shown, shown
    assert machine.sh("/var/lib/bedplate/runtimes/scanners/gitleaks").strip() == "a stand-in"
    assert "DOCKER_GID=990\n" in machine.read("/etc/bedplate/docker.env")
    assert "docker" in machine.sh("id -nG cspm").split()
    assert wanted.made() == []

    # Renewed as certbot.timer does it; nginx shows the new one without anybody's help.
    serial = "echo | openssl s_client -connect 127.0.0.1:443 -servername scans.test 2>/dev/null | openssl x509 -noout -serial"
    first = machine.sh(serial)
    machine.sh("certbot -q renew --force-renewal --no-random-sleep-on-renew", timeout=120)
    machine.sh(f"for i in $(seq 100); do [ \"$({serial})\" != '{first.strip()}' ] && exit 0; sleep 0.1; done; exit 1", timeout=60)

    # A flipped byte in what is fetched again is refused, and nothing is half there.
    machine.sh("rm /var/lib/bedplate/runtimes/scanners/gitleaks; printf x >>/opt/standin/gitleaks.tar.gz")
    refused = wanted("--yes", check=False)
    assert refused.returncode == 1 and "gitleaks" in refused.stderr, refused
    assert machine.sh("ls -A /var/lib/bedplate/runtimes/scanners").split() == [".gitleaks.sha256"]

    machine.run("/srv/build/bedplate", "uninstall", "--purge", "--yes", timeout=300)
    assert "cspm" not in machine.sh("getent group docker")
    assert machine.run("test", "-e", "/etc/letsencrypt/live/bedplate", check=False).returncode != 0
    assert machine.run("test", "-e", "/etc/nginx/bedplate/tls", check=False).returncode != 0
