"""bedplate install on a booted Debian 12 without a network. Node, MongoDB and Python come from stand-ins."""
import fnmatch
import re
from pathlib import Path

import archives
import pytest
from asking import Asking
from disk import configuration, demand_same, tree
from installing import BEDPLATE, BY_CHANCE, Installation, answer
from standins import mongodb
from test_install_faults import instead

# The tree from before is of another machine, and of another boot.
OTHER_MACHINE = r"/etc/(machine-id|hostname)|/var/lib/systemd/random-seed|/var/log/wtmp|/var/tmp/systemd-private-.*"
# dpkg's own lists, which are compared by what they say.
DPKG_LISTS = r"/var/lib/dpkg/(status|statoverride|info/.*)|/etc/(passwd|group|shadow|gshadow)"


# Asks mongod for its databases without saying who asks (OP_MSG of MongoDB's wire protocol), and prints what it says.
STRANGER = """
import socket, struct
fields = b"\\x10listDatabases\\0" + struct.pack("<i", 1) + b"\\x02$db\\0" + struct.pack("<i", 6) + b"admin\\0"
body = struct.pack("<IB", 0, 0) + struct.pack("<i", len(fields) + 5) + fields + b"\\0"
with socket.create_connection(("127.0.0.1", 27017), 10) as door:
    door.sendall(struct.pack("<iiii", len(body) + 16, 1, 0, 2013) + body)
    print(door.recv(65536))
"""


def changes(answered: dict) -> list[tuple[str, str]]:
    return [(step["step"], change["sentence"]) for step in answered["steps"] for change in step["changes"]]


def test_check_on_a_bare_host_lists_exactly_the_changes_that_install_then_makes(installed):
    assert len(changes(installed.planned)) > 60
    assert changes(installed.made) == changes(installed.planned)
    print(f"first run: {installed.seconds:.1f} s, {installed.made['changes']} changes, {len(installed.marks)} marks of progress")


def test_a_bare_host_has_become_a_running_platform_which_comes_back_after_a_power_cut(running):
    machine = running.machine
    for unit in ("bedplated", "mongod", "redis-server", "nginx"):
        assert machine.show(unit, "ActiveState", "UnitFileState") == \
            {"ActiveState": "active", "UnitFileState": "enabled"}, unit
    again = answer(running("--yes", "--json").stdout)
    assert again["changes"] == 0, again
    assert again["result"]["healthy"] == again["result"]["wanted"]
    assert "blue" in machine.sh("curl -s http://127.0.0.1:8080/.bedplate/slot")
    assert '"' in machine.sh("curl -sf http://127.0.0.1:8080/api/health/live")
    assert "NOAUTH" in machine.sh("redis-cli ping || true")
    for setting, value in {"appendonly": "yes", "maxmemory-policy": "noeviction", "bind": "127.0.0.1"}.items():
        said = machine.sh(f"REDISCLI_AUTH=$(cat /etc/bedplate/secrets/REDIS_PASSWORD) redis-cli config get {setting}").split()
        assert said[:2] == [setting, value], said
    said = machine.run("python3", "-c", STRANGER).stdout
    assert "authentication" in said and "totalSize" not in said, said
    assert machine.sh("node --version").startswith("v20.")
    assert re.match(r"\d+\.\d+", machine.sh("yarn --version"))
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


def test_the_installed_platform_finds_the_secrets_in_what_is_uploaded(running):
    machine, platform = running.machine, Asking(running.machine)
    files, expected, _ = archives.planted()
    machine.write("/root/upload.zip", archives.made_of(files))
    scan = platform.ask("/api/code/upload-scan?file_name=upload.zip", "--header", "Content-Type: application/zip",
                        "--data-binary", "@/root/upload.zip")["scan_id"]
    ended = platform.ended(scan)
    assert ended["status"] == "completed", ended
    assert {(finding["path"], finding["line"], finding["rule"]) for finding in platform.findings(scan)} == expected


def test_apt_asks_nobody_restarts_nothing_of_others_and_leaves_a_changed_configuration_file(running):
    machine, settings = running.machine, "/etc/letsencrypt/cli.ini"
    machine.sh("apt-get -qq -y remove certbot >/dev/null 2>&1", timeout=120)
    # Changed by an administrator, and by Debian since: dpkg knows another one as that of the last version.
    machine.sh(f"echo '# changed' >>{settings}")
    machine.sh(f"sed -i 's|^ {settings} .*| {settings} 00000000000000000000000000000000|' /var/lib/dpkg/status")
    # needrestart and debconf look at these of their own accord.
    machine.write("/etc/apt/apt.conf.d/99seen", 'DPkg::Post-Invoke { "env >>/run/seen; readlink /proc/self/fd/0 >>/run/seen"; };\n')
    assert running.made() == ["install certbot"]
    assert machine.read(settings).endswith("# changed\n")
    assert machine.sh(f"ls {settings}*").split() == [settings, f"{settings}.dpkg-dist"]
    seen = machine.sh("cat /run/seen").splitlines()
    assert {"NEEDRESTART_SUSPEND=1", "DEBIAN_FRONTEND=noninteractive", "/dev/null"} <= set(seen), seen


@pytest.fixture
def noble(host, upstreams, bare_layer, stocked_layer):
    """Debian 12 with the os-release of Ubuntu 24.04: its packages are Debian's, and MongoDB's are in the place of jammy's."""
    jammy = mongodb.mirror(mongodb.JAMMY)
    shows = upstreams.shows | {"/srv/mirror/jammy": jammy.folder}
    mirrored = [setting.replace("file:/srv/mirror/repo.mongodb.org", "file:/srv/mirror/jammy") for setting in upstreams.settings]
    machine = host(layers=[bare_layer, stocked_layer], shows=shows)
    machine.write("/srv/noble", 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\nVERSION_CODENAME=noble\n'
                                'PRETTY_NAME="Ubuntu 24.04 LTS"\n')
    with instead(machine, "/usr/lib/os-release", "/srv/noble"):
        yield Installation(machine, mirrored).adding(
            f"upstreams.mongodb.fingerprint={jammy.fingerprint}", "runtimes.python.method=standalone")


def test_on_a_host_that_says_it_is_noble_mongodb_comes_from_jammys_repository_and_all_of_it_runs(noble):
    planned = answer(noble("--check", "--json", check=False).stdout)
    made = answer(noble("--yes", "--json").stdout)
    assert changes(made) == changes(planned)
    assert "repository of mongodb (jammy's, as there is none for noble)" in [step["step"] for step in made["steps"]]
    source = noble.machine.read("/etc/apt/sources.list.d/bedplate-mongodb.sources")
    assert "Suites: jammy/mongodb-org/7.0\nComponents: multiverse\n" in source
    assert made["result"]["healthy"] == made["result"]["wanted"] > 0
    assert noble.made() == []


# The most that systemd may count against each, of 10.
EXPOSURE = {"bedplated": 4.0, "nginx": 3.0, "mongod": 3.0, "redis-server": 3.0}


def exposure(machine, unit: str) -> float:
    rated = machine.run("systemd-analyze", "security", "--no-pager", f"{unit}.service").stdout
    return float(re.search(r"exposure level for \S+: ([0-9.]+)", rated)[1])


def complaints(machine, unit: str) -> list[str]:
    """What systemd finds wrong with a unit and its drop-ins. It talks of the units that they need, too."""
    verified = machine.run("systemd-analyze", "verify", "--man=no", f"{unit}.service", check=False)
    return [line for line in (verified.stdout + verified.stderr).splitlines() if f"{unit}.service" in line]


def test_what_listens_is_closed_as_far_as_systemd_can_close_it_and_its_units_are_understood(running):
    machine = running.machine
    said = {unit: exposure(machine, unit) for unit in EXPOSURE}
    print(said)
    assert [unit for unit, most in EXPOSURE.items() if said[unit] > most] == [], said
    assert {unit: found for unit in EXPOSURE if (found := complaints(machine, unit))} == {}

    # Both see what they are there for.
    for unit, most in EXPOSURE.items():
        machine.write(f"/etc/systemd/system/{unit}.service.d/zz-weaker.conf",
                      "[Service]\nNoNewPrivileges=no\nCapabilityBoundingSet=~\nSystemCallFilter=\nProtectSystem=no\n"
                      "RestrictNamespaces=no\nPrivateDevices=no\nProtectKernelModules=no\nRestartSek=1\n")
        machine.run("systemctl", "daemon-reload")
        assert exposure(machine, unit) > most, unit
        assert any("RestartSek" in line for line in complaints(machine, unit)), unit


def test_a_second_run_changes_nothing(running):
    running("--yes")
    before = tree(running.machine.live)
    again = answer(running("--yes", "--json").stdout)
    assert again["changes"] == 0, again
    # The stack works on meanwhile.
    demand_same(before, tree(running.machine.live), besides=BY_CHANCE)
    # Somebody else may use this machine's processors: it counts what it can do.
    seconds = [again["result"]["seconds"], *(answer(running("--yes", "--json").stdout)["result"]["seconds"] for _ in range(2))]
    print(f"second run: {min(seconds)} s")


def test_no_secret_is_where_somebody_else_could_read_it(running):
    machine = running.machine
    written = machine.sh("cat /var/log/bedplate/install-*.log /var/lib/bedplate/journal.jsonl /var/log/apt/term.log; "
                         "find / -xdev -type f -perm /o+r -path '*bedplate*' -size -200k -exec cat {} + | tr -d '\\0'")
    for name in machine.sh("ls /etc/bedplate/secrets").split():
        assert machine.read(f"/etc/bedplate/secrets/{name}").strip() not in written, name


def test_each_drift_is_repaired_and_only_it(running, installed):
    machine = running.machine

    def repaired(script: str) -> list[str]:
        machine.sh(script, timeout=120)
        return running.made()

    assert repaired("echo '# edited' >>/etc/bedplate/mongod.conf") == \
        ["replace /etc/bedplate/mongod.conf, which has another content"]
    assert repaired("systemctl stop redis-server") == ["start redis-server.service"]
    # Not by systemctl disable, which changes links in /etc/rc?.d, too, that nobody looks at.
    assert repaired("rm /etc/systemd/system/multi-user.target.wants/nginx.service; systemctl daemon-reload; systemctl stop nginx") == \
        ["enable nginx.service", "start nginx.service"]
    assert repaired("chmod 644 /etc/bedplate/secrets/SECRET_KEY") == \
        ["close what is open: /etc/bedplate/secrets/SECRET_KEY has mode 0644 instead of 0600"]
    assert repaired("apt-get -qq -y remove certbot >/dev/null 2>&1") == ["install certbot"]
    assert repaired("apt-mark -q unhold mongodb-org >/dev/null") == ["hold mongodb-org at 7.0"]
    assert repaired("rm /etc/nginx/conf.d/bedplate.conf") == \
        ["write /etc/nginx/conf.d/bedplate.conf (0644)"]
    assert repaired("chmod 777 /var/lib/bedplate/releases") == \
        ["make /var/lib/bedplate/releases a directory (0755)"]
    # It gets its numbers back, so that its data are its own again.
    user, group = machine.sh("stat -c '%u %g' /var/lib/bedplate/data").split()
    assert repaired("userdel --force cspm") == \
        [f"create the system group cspm, again as number {group}", f"create the system user cspm, again as number {user}"]
    assert machine.sh("stat -c %U:%G /var/lib/bedplate/data").strip() == "cspm:cspm"
    assert running.made() == []
    running.outcome().demand_same(installed.outcome)


def said(sentences: list[str], root: Path) -> str:
    """A pattern of all that these sentences name: paths with what is below them, and with the folders that they are in."""
    words = [word.strip(",:") for sentence in sentences for word in sentence.split() if word.startswith("/")]
    patterns = [fnmatch.translate(word) for word in words] + [fnmatch.translate(f"{word}/*") for word in words]
    if any("which dpkg keeps" in sentence for sentence in sentences):
        patterns += map(re.escape, configuration(root))
    folders = {str(folder) for word in words for folder in Path(word).parents}
    return "|".join(patterns + [re.escape(folder) for folder in folders])


def test_uninstall_leaves_the_host_as_it_was_but_for_what_it_says_it_kept_and_purge_leaves_nothing(running, installed):
    machine, before = running.machine, installed.before

    answered = answer(machine.run(BEDPLATE, "uninstall", "--yes", "--json", timeout=300).stdout)
    kept, records = answered["kept"], answered["records"]
    after = running.outcome()
    demand_same(before.tree, after.tree, besides=f"{OTHER_MACHINE}|{DPKG_LISTS}|{said(kept + records, machine.live)}")
    assert any(sentence.startswith("/etc/bedplate/secrets") for sentence in kept)
    # Of packages their configuration, and of accounts those that have kept files.
    assert {status for _, status in after.packages ^ before.packages} == {"deinstall ok config-files"}
    users = {name for sentence in kept for name in re.findall(r"the (?:user|group) (\S+),", sentence)}
    assert {account[1] for account in after.accounts ^ before.accounts} == users
    assert after.units == before.units
    print("kept:", *kept, sep="\n  ")

    answered = answer(machine.run(BEDPLATE, "uninstall", "--purge", "--yes", "--json", timeout=300).stdout)
    after = running.outcome()
    assert answered["kept"] == []
    demand_same(before.tree, after.tree, besides=f"{OTHER_MACHINE}|{said(answered['records'], machine.live)}")
    assert (after.packages, after.accounts, after.units) == (before.packages, before.accounts, before.units)
