"""The upstreams that an installation on a host without a network is fed from. What stands in for another is named so."""
import hashlib
import re
import shutil

import pytest
from supervised import Supervised, instance


def use(machine, *mirrors) -> None:
    """Makes the mirrors apt's only sources, and reads their indexes: an index that is not signed is an error."""
    machine.sh("rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*")
    for mirror in mirrors:
        machine.write(f"/etc/apt/sources.list.d/{mirror.site}.sources", mirror.source)
    machine.run("apt-get", "-qq", "-o", "APT::Update::Error-Mode=any", "update")


def install(machine, *packages) -> None:
    machine.run("apt-get", "-qq", "-y", "--no-install-recommends", "install", *packages, timeout=300)


def test_redis_nginx_and_python_s_venv_install_from_a_frozen_mirror_and_run(host, debian_mirror):
    mirror = debian_mirror("redis-server", "nginx", "python3-venv", "procps")
    it = host(shows=mirror.shows)
    use(it, mirror)
    install(it, "redis-server", "nginx", "python3-venv", "procps")
    assert it.sh("redis-cli ping").strip() == "PONG"
    assert "Welcome to nginx" in it.sh("curl -s http://127.0.0.1/")
    it.sh("python3 -m venv /srv/venv && /srv/venv/bin/python -m pip --version")
    for unit in ("redis-server", "nginx"):
        assert it.show(unit, "ActiveState")["ActiveState"] == "active"


@pytest.mark.parametrize("file", ["Packages", "InRelease"])
def test_a_flipped_byte_in_a_mirror_is_refused(file, host, debian_mirror, tmp_path):
    mirror = debian_mirror("redis-server", "nginx", "python3-venv", "procps")
    shutil.copytree(mirror.folder / "debian/dists", tmp_path / "dists")
    victim = next((tmp_path / "dists").rglob(file))
    content = bytearray(victim.read_bytes())
    content[len(content) // 3] ^= 1
    victim.write_bytes(content)
    if file == "Packages":
        victim.with_name("Packages.gz").unlink()
    it = host(shows={**mirror.shows, f"{mirror.place}/debian/dists": tmp_path / "dists"})
    it.sh("rm -f /etc/apt/sources.list")
    it.write("/etc/apt/sources.list.d/debian.sources", mirror.source)
    refused = it.run("apt-get", "-o", "APT::Update::Error-Mode=any", "update", check=False)
    assert refused.returncode != 0, refused
    assert ("Hash Sum mismatch" if file == "Packages" else "BADSIG") in refused.stdout + refused.stderr


def test_node_20_standin_repacked_from_nodesource_s_package_is_chosen_over_debian_s_18_and_serves_within_our_unit(
        host, debian_mirror, node_standin_mirror, programs):
    # The second is what NodeSource's package needs of Debian.
    debian = debian_mirror("nodejs", "python3")
    it = host(shows=debian.shows | node_standin_mirror.shows)
    use(it, debian, node_standin_mirror)
    it.write("/etc/apt/preferences.d/nodesource", "Package: nodejs\nPin: release o=NodeSource\nPin-Priority: 600\n")
    policy = it.sh("apt-cache policy nodejs")
    assert re.search(r"Candidate: 20\.", policy) and re.search(r"^ +18\.\S+ 500$", policy, re.M), policy
    install(it, "nodejs")
    assert it.sh("node --version").startswith("v20.")
    # It compiles while it runs, which a unit can forbid to everything that it starts.
    server = "require('http').createServer((_, answer) => answer.end('node')).listen(8001, '127.0.0.1')"
    probe = {"check": {"http": {"port": 8001, "path": "/", "method": "GET", "statuses": [], "headers": {}}},
             "interval": "1s", "timeout": "5s", "startPeriod": "0s", "failureThreshold": 3, "successThreshold": 1}
    Supervised(it, programs).install([
        instance("node", ["/usr/bin/node", "-e", server], user="nobody", probes={"startup": probe, "liveness": probe})])
    assert it.sh("curl -s http://127.0.0.1:8001/") == "node"


PING = """
import sys
sys.path.insert(0, "/usr/lib/mongodb-standin")
import pymongo
from pymongo.errors import OperationFailure
where = "mongodb://127.0.0.1:27017/"
open_client = pymongo.MongoClient(where, serverSelectionTimeoutMS=30000, directConnection=True)
assert open_client.server_info()["version"].startswith("7.0."), open_client.server_info()
try:
    open_client.app.things.find_one()
    sys.exit("it let a stranger in")
except OperationFailure as error:
    print("refused:", error.code)
open_client.admin.command("createUser", "root", pwd="first", roles=["root"])
root = pymongo.MongoClient(where, username="root", password="first", authMechanism="SCRAM-SHA-256", directConnection=True)
root.app.things.insert_one({"_id": 1})
try:
    open_client.admin.command("createUser", "second", pwd="x", roles=["root"])
    sys.exit("it let a stranger make a second user")
except OperationFailure as error:
    print("refused:", error.code)
print("kept:", root.app.things.count_documents({}))
"""


def test_mongodb_standin_installs_as_mongodb_org_and_lets_nobody_in_but_the_first_user_from_loopback(
        host, debian_mirror, mongodb_standin_mirror):
    debian = debian_mirror("python3", "adduser", "libstdc++6")
    it = host(shows=debian.shows | mongodb_standin_mirror.shows)
    use(it, debian, mongodb_standin_mirror)
    install(it, "mongodb-org")
    assert it.sh("mongod --version").startswith("db version v7.0.")
    it.sh("printf 'security:\\n  authorization: enabled\\n' >>/etc/mongod.conf")
    it.run("systemctl", "start", "mongod")
    said = it.run("python3", "-", input=PING).stdout
    assert said.splitlines() == ["refused: 13", "refused: 13", "kept: 1"], said
    it.run("systemctl", "stop", "mongod")
    assert it.show("mongod", "Result", "ActiveState") == {"Result": "success", "ActiveState": "inactive"}


def test_python_312_standin_makes_a_working_venv_on_a_host_that_has_no_python(host, python312_standin_archive):
    archive = python312_standin_archive
    digest = archive.with_name(archive.name + ".sha256").read_text().split()[0]
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == digest
    it = host(shows={"/srv/upstream": archive.parent})
    assert it.run("which", "python3", check=False).returncode != 0
    it.sh(f"mkdir /opt/runtime && tar -xzf /srv/upstream/{archive.name} -C /opt/runtime")
    it.sh("/opt/runtime/python/bin/python3.12 -m venv /srv/venv")
    said = it.sh("/srv/venv/bin/python -c 'import ssl, sqlite3, ctypes, sys, zlib; print(sys.prefix, sys.base_prefix)'")
    assert said.split() == ["/srv/venv", "/opt/runtime/python"]
    assert "pip" in it.sh("/srv/venv/bin/python -m pip --version")
