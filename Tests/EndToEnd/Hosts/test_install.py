"""bedplate install on a booted Debian 12 without a network. Node, MongoDB and Python come from stand-ins."""
import json
import re
import shutil
from pathlib import Path

import pytest
from bed import CHECKOUT, build_release, command

# Of the distribution: what an installation installs, what the stand-ins need, and what our own programs link.
OURS = ["libmongoc-1.0-0", "libarchive13", "libsqlite3-0", "libssl3"]
PACKAGES = ["ca-certificates", "build-essential", "libffi-dev", "certbot", "nginx", "redis-server", "yarnpkg", "nodejs",
            "python3", "adduser", *OURS]
PROGRAMS = ["bedplated", "bedplate-probe", "bedplate", "cspm"]
BEDPLATE = "/srv/build/bedplate"


@pytest.fixture(scope="session")
def build(pytestconfig, tmp_path_factory):
    """A folder with all of our programs, and nothing else."""
    programs = pytestconfig.getoption("--programs", None) or build_release(*PROGRAMS)
    place = tmp_path_factory.mktemp("build")
    for product in PROGRAMS:
        shutil.copyfile(programs / product, place / product)
        (place / product).chmod(0o755)
    return place


@pytest.fixture
def fresh(host, build, debian_mirror, node_standin_mirror, mongodb_standin_mirror, python312_standin_archive):
    """A host that has apt's sources and our programs, and nothing else; with `install(…)` typed on it."""
    debian = debian_mirror(*PACKAGES)
    archive = python312_standin_archive
    shows = {**debian.shows, **node_standin_mirror.shows, **mongodb_standin_mirror.shows, "/srv/build": build,
             "/srv/upstream": archive.parent}
    shows |= {f"/srv/checkout/{part}": CHECKOUT / part for part in ("profiles", "web", "units")}
    if runtime := re.search(r"=> (/\S+)/libswiftCore\.so", command("ldd", build / "bedplate")):
        shows[runtime[1]] = Path(runtime[1])  # a debug build brings no runtime of its own
    machine = host(shows=shows)
    machine.sh("rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*")
    machine.write("/etc/apt/sources.list.d/debian.sources", debian.source)
    machine.sh(f"apt-get -qq update && apt-get -qq -y --no-install-recommends install {' '.join(OURS)}", timeout=300)
    digest = archive.with_name(archive.name + ".sha256").read_text().split()[0]
    mirrors = [("https://deb.nodesource.com", node_standin_mirror.uri),
               ("https://repo.mongodb.org", mongodb_standin_mirror.uri),
               ("https://www.mongodb.org", mongodb_standin_mirror.uri)]
    settings = [
        "mirrors=[" + ", ".join(f"{{from: '{a}', to: '{b}'}}" for a, b in mirrors) + "]",
        f"upstreams.node.fingerprint={node_standin_mirror.fingerprint}",
        f"upstreams.mongodb.fingerprint={mongodb_standin_mirror.fingerprint}",
        f"archives.python-x86-64.uri=file:/srv/upstream/{archive.name}", f"archives.python-x86-64.sha256={digest}"]
    sets = [word for setting in settings for word in ("--set", setting)]

    def install(*more, check=True):
        return machine.run(BEDPLATE, "install", "--checkout", "/srv/checkout", *sets, *more, check=check, timeout=600)

    return machine, install


def answer(said: str) -> dict:
    """The last value of `--json`; events come before it."""
    return json.loads(said[said.index("\n{\n") if not said.startswith("{\n") else 0:])


def traces(machine) -> list[str]:
    """Files of ours on its disk."""
    return machine.sh("find /etc /usr /var /lib /opt -xdev -name '*bedplate*' -not -path '/var/cache/*'").split()


def test_a_bare_host_becomes_a_running_platform_the_second_run_changes_nothing_drift_is_repaired_and_uninstall_takes_it_away(fresh):
    machine, install = fresh
    before = set(machine.sh("dpkg-query -W -f '${Package}\\n'").split())
    planned = install("--check", "--json", check=False)
    assert planned.returncode == 2, planned
    made = install("--yes", "--json")
    assert [(s["step"], c["sentence"]) for s in answer(made.stdout)["steps"] for c in s["changes"]] == \
        [(s["step"], c["sentence"]) for s in answer(planned.stdout)["steps"] for c in s["changes"]]

    # What runs, asked for itself.
    for unit in ("bedplated", "mongod", "redis-server", "nginx"):
        assert machine.show(unit, "ActiveState", "UnitFileState") == \
            {"ActiveState": "active", "UnitFileState": "enabled"}, unit
    assert re.search(r"blue", machine.sh("curl -s http://127.0.0.1:8080/.bedplate/slot"))
    assert '"' in machine.sh("curl -sf http://127.0.0.1:8080/api/health/live")
    assert "NOAUTH" in machine.sh("redis-cli ping || true")
    assert machine.sh("node --version").startswith("v20.")
    assert machine.sh("/var/lib/bedplate/runtimes/venv-3.12/bin/python --version").startswith("Python 3.12")
    assert "mongodb-org" in machine.sh("apt-mark showhold")
    assert machine.sh("for pid in $(pidof cspm); do stat -c %U /proc/$pid; done | sort -u").split() == ["cspm"]

    # The probes that the supervisor has a helper for, asked of the real systemd and of the servers with their passwords.
    probe = "/usr/lib/bedplate/bedplate-probe"
    secrets = "/etc/bedplate/secrets"
    machine.run(probe, "unit", "redis-server.service")
    machine.run(probe, "redis", "127.0.0.1", "6379", "--password-file", f"{secrets}/REDIS_PASSWORD")
    machine.run(probe, "mongodb", "127.0.0.1", "27017", "--user", "root", "--password-file", f"{secrets}/MONGO_ROOT_PASSWORD")
    for question in (["unit", "nowhere.service"], ["redis", "127.0.0.1", "6379"]):
        refused = machine.run(probe, *question, check=False)
        assert refused.returncode == 1 and len(refused.stdout.splitlines()) == 1, (question, refused)

    # No secret where somebody else could read it.
    log = machine.sh("cat /var/log/bedplate/install-*.log /var/lib/bedplate/journal.jsonl")
    for name in machine.sh("ls /etc/bedplate/secrets").split():
        assert machine.read(f"/etc/bedplate/secrets/{name}") not in log, name

    again = answer(install("--yes", "--json").stdout)
    assert again["changes"] == 0, again
    print(f"second run: {again['result']['seconds']} s")

    # Each drift is repaired, and only it.
    def repaired(script: str) -> list[str]:
        machine.sh(script, timeout=120)
        return [c["sentence"] for s in answer(install("--yes", "--json").stdout)["steps"] for c in s["changes"]]

    assert repaired("echo '# edited' >>/etc/bedplate/mongod.conf") == \
        ["replace /etc/bedplate/mongod.conf, which has another content"]
    assert repaired("systemctl stop redis-server") == ["start redis-server.service"]
    assert len(repaired("chmod 644 /etc/bedplate/secrets/SECRET_KEY")) == 1
    assert machine.sh("stat -c %a /etc/bedplate/secrets/SECRET_KEY").strip() == "600"
    # The lock that apt itself does not wait for is waited for, too.
    hold = "import fcntl, time; f = open('/var/lib/apt/lists/lock', 'w'); fcntl.lockf(f, 2); time.sleep(5)"
    assert repaired("apt-get -qq -y remove certbot >/dev/null 2>&1; "
                    f'systemd-run --quiet --unit=holder python3 -c "{hold}"; sleep 1') == ["install certbot"]

    kept = machine.run(BEDPLATE, "uninstall", "--yes", timeout=300).stdout
    assert "/etc/bedplate/secrets" in kept, kept
    assert set(machine.sh("dpkg-query -W -f '${Package} ${db:Status-Status}\\n' | sed -n 's/ installed$//p'").split()) == before
    assert machine.run("systemctl", "is-active", "bedplated", check=False).returncode != 0
    assert machine.run("test", "-e", "/etc/nginx/conf.d/bedplate.conf", check=False).returncode != 0
    machine.run(BEDPLATE, "uninstall", "--purge", "--yes", timeout=300)
    assert traces(machine) == []
    assert machine.run("id", "cspm", check=False).returncode != 0


def test_killed_five_times_it_converges_on_the_next_run_and_still_knows_what_to_take_away(fresh):
    machine, install = fresh
    # By the journal's own length: each of its lines is a boundary.
    for lines in (12, 45, 70, 95, 120):
        script = (f"while [ \"$(wc -l </var/lib/bedplate/journal.jsonl 2>/dev/null || echo 0)\" -lt {lines} ]; do sleep 0.01; done; "
                  "kill -9 $(pidof bedplate) || true")
        machine.run("systemd-run", "--quiet", f"--unit=killer-{lines}", "bash", "-c", script)
        install("--yes", check=False)
        machine.run("systemctl", "stop", f"killer-{lines}", check=False)
    done = answer(install("--yes", "--json").stdout)
    assert done["result"]["healthy"] == done["result"]["wanted"]
    assert answer(install("--yes", "--json").stdout)["changes"] == 0
    machine.run(BEDPLATE, "uninstall", "--purge", "--yes", timeout=300)
    assert traces(machine) == []
