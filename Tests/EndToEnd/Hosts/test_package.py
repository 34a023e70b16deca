"""The package on a booted Debian 12 without a network: installed, upgraded under load, removed, purged, interrupted."""
import os
import random
import re
import subprocess

import pytest
from bed import CHECKOUT, build_release, command
from supervised import PROGRAM, Supervised, workload

# What apt fetches for it, and what lies on every bigger host.
DEPENDS = ["libssl3", "libarchive13", "libcurl4", "libsqlite3-0", "libyaml-0-2", "libmongoc-1.0-0", "ca-certificates"]
PROGRAMS = ["bedplated", "bedplate-probe", "bedplate", "cspm"]
PORTS = {"api@blue": 8001, "web@blue": 3000, "worker@blue": 9001, "engine": 9002}
EARLIER, LATER = "0.0.9", "0.1.0~next"


@pytest.fixture(scope="session")
def packages(pytestconfig, tmp_path_factory):
    """A folder with bedplate_0.0.9_amd64.deb and a later one: the same programs under two versions, little packed."""
    programs = pytestconfig.getoption("--programs", None) or build_release(*PROGRAMS)
    place = tmp_path_factory.mktemp("packages")
    for version in (EARLIER, LATER):
        command(CHECKOUT / "packaging/build-deb", "--programs", programs, "--output", place, "--version", version,
                "--level", "0", "--unchecked")
    return place


@pytest.fixture
def machine(host, packages, debian_mirror):
    debian = debian_mirror(*DEPENDS)
    made = host(shows={**debian.shows, "/srv/packages": packages, "/srv/install.sh": CHECKOUT / "install.sh"})
    made.sh("rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*")
    made.write("/etc/apt/sources.list.d/debian.sources", debian.source)
    made.sh("apt-get -qq update")
    return made


def deb(version: str) -> str:
    return f"/srv/packages/bedplate_{version}_amd64.deb"


def apt(machine, *arguments, **options):
    return machine.run("apt-get", "-qq", "-y", "-o", "Dpkg::Use-Pty=0", "--no-install-recommends", *arguments,
                       timeout=300, **options)


def version(machine) -> str:
    return machine.sh("dpkg-query -W -f '${db:Status-Abbrev} ${Version}' bedplate").strip()


def test_installing_it_runs_nothing_and_says_the_next_command(machine):
    said = apt(machine, "install", deb(EARLIER)).stdout
    assert "bedplate install" in said, said
    assert version(machine) == f"ii  {EARLIER}"
    assert machine.run("systemctl", "is-active", "bedplated", check=False).stdout.strip() == "inactive"
    assert [line for line in machine.processes().values() if "bedplate" in line or "cspm" in line] == []
    assert machine.sh("id -un bedplate; stat -c '%a %U' /var/lib/bedplate /var/log/bedplate").split("\n")[:3] == \
        ["bedplate", "755 root", "750 root"]
    # Each program finds all it links.
    for program in ("/usr/bin/bedplate", PROGRAM, "/usr/lib/bedplate/bedplate-probe", "/usr/lib/bedplate/cspm/bin/cspm"):
        assert "not found" not in machine.sh(f"ldd {program}"), program
    constant = (CHECKOUT / "Sources/CoreTypes/BedplateVersion.swift").read_text()
    assert machine.sh("bedplate --version").strip() == re.search(r'"(.+)"', constant)[1]
    assert machine.run("bedplate", "install", "--check", "--json", check=False).returncode in (1, 2)
    assert machine.sh("dpkg --verify bedplate") == ""


def test_an_upgrade_under_load_keeps_every_pid_and_refuses_no_request(machine):
    apt(machine, "install", deb(EARLIER))
    it = Supervised(machine)
    it.start([workload(name, port) for name, port in PORTS.items()])
    before, status = it.pids(), it.status()
    machine.run("systemd-run", "--quiet", "--unit=load", "--property=StandardOutput=file:/srv/load.txt",
                "/usr/bin/perl", "/srv/load.pl", "200", *PORTS.values())
    apt(machine, "install", deb(LATER))
    assert version(machine) == f"ii  {LATER}"
    # The new image is what runs, as the process that it was.
    assert machine.sh(f"readlink /proc/{it.status()['pid']}/exe").strip() == PROGRAM
    assert it.status()["pid"] == status["pid"] and it.status()["since"] > status["since"]
    assert it.wait_until_healthy() == before
    machine.run("systemctl", "stop", "load")
    report = machine.read("/srv/load.txt").splitlines()
    assert report[1:] == [] and int(report[0].split()[1]) > 100, report

    # Removal stops the stack, keeps what is the operator's, and comes back; a purge takes it.
    machine.sh("install -d /etc/bedplate/conf.d && echo x >/etc/bedplate/conf.d/mine.yaml")
    apt(machine, "remove", "bedplate")
    assert it.stack_processes() == {}
    assert machine.sh("ls /etc/bedplate/conf.d/mine.yaml /var/lib/bedplate/stack.json /var/log/bedplate/engine/current")
    apt(machine, "install", deb(LATER))
    assert it.stack_processes() == {}, "installing starts nothing"
    machine.run("systemctl", "start", "bedplated")
    assert set(it.wait_until_healthy()) == set(before)
    apt(machine, "purge", "bedplate")
    assert it.stack_processes() == {}
    assert machine.sh("find / -xdev -name '*bedplate*' -not -path '/srv/*' -not -path '/proc/*' "
                      "-not -path '/var/log/journal/*' -not -path '/var/log/apt/*'") == ""


def test_dpkg_killed_at_any_moment_of_an_upgrade_ends_installed_and_what_runs_keeps_running(machine):
    apt(machine, "install", deb(EARLIER))
    it = Supervised(machine)
    it.start([workload(name, port) for name, port in PORTS.items()])
    before = it.pids()
    seed = int(os.environ.get("BEDPLATE_SEED", random.randrange(1 << 32)))
    print(f"BEDPLATE_SEED={seed}")
    moments = random.Random(seed)
    interrupted = 0
    for number in range(12):
        target = LATER if number % 2 == 0 else EARLIER
        # By what dpkg has logged of it, not by time: any line from the first to the last.
        lines = moments.randrange(1, 10)
        script = (f"set +e; rm -f /var/log/dpkg.log; setsid dpkg -i --force-downgrade {deb(target)} >/dev/null 2>&1 & "
                  f"until [ \"$(cat /var/log/dpkg.log 2>/dev/null | wc -l)\" -ge {lines} ] || ! kill -0 $! 2>/dev/null; do :; done; "
                  "kill -9 -- -$! 2>/dev/null; wait $!; echo $?")
        interrupted += machine.sh(script).strip() == "137"
        # What an unpacking was killed in the middle of, dpkg says so of, and wants to have whole again.
        machine.sh(f"dpkg --configure -a --force-confold || :; dpkg-query -W -f '${{db:Status-Abbrev}}' bedplate | grep -q ^ii || "
                   f"dpkg -i --force-downgrade {deb(target)}", timeout=120)
        assert version(machine).startswith("ii "), number
        assert machine.sh("dpkg --audit") == "" and machine.sh("dpkg --verify bedplate") == ""
        assert it.wait_until_healthy() == before, number
    print(f"{interrupted} of 12 upgrades were killed")
    assert interrupted > 0


def test_the_script_installs_the_package_that_is_named_once_and_refuses_one_that_is_not_whole(machine, packages):
    def script(*arguments):
        return machine.run("sh", "/srv/install.sh", *arguments, check=False, timeout=300)

    whole = (packages / f"bedplate_{EARLIER}_amd64.deb").read_bytes()
    machine.write("/srv/cut/bedplate_cut_amd64.deb", whole[:len(whole) // 2])
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    machine.write("/srv/flipped.deb", bytes(flipped))
    digest = command("sha256sum", packages / f"bedplate_{EARLIER}_amd64.deb").split()[0]
    machine.write("/srv/flipped.deb.sha256", f"{digest}  flipped.deb\n")
    for file, because in (("/srv/cut/bedplate_cut_amd64.deb", "no whole package"), ("/srv/flipped.deb", "sha256"),
                          ("/srv/absent.deb", "no such file"), ("/srv/install.sh", "no whole package")):
        refused = script("--deb", file, "--check")
        assert refused.returncode in (1, 64) and because in refused.stderr and "next:" in refused.stderr, refused
    assert machine.run("dpkg-query", "-W", "bedplate", check=False).returncode != 0

    for _ in range(2):
        asked = script("--deb", deb(EARLIER), "--check", "--json")
        assert asked.returncode in (1, 2), asked
        assert version(machine) == f"ii  {EARLIER}"
    log = machine.read("/var/log/dpkg.log")
    assert len(re.findall(r" status installed bedplate:amd64 ", log)) == 1, log


def test_a_script_that_was_cut_short_runs_nothing(tmp_path):
    text = (CHECKOUT / "install.sh").read_text()
    trap = tmp_path / "bin"
    trap.mkdir()
    for name in ("apt-get", "dpkg-deb", "dpkg-query", "id", "mktemp", "swift", "sed", "dirname", "cut"):
        (trap / name).write_text(f"#!/bin/sh\necho {name} >>{tmp_path}/ran\nexit 1\n")
        (trap / name).chmod(0o755)
    for length in sorted({*range(0, len(text) - len('main "$@"\n'), 97), *(m.start() for m in re.finditer("\n", text))}):
        if text[:length].rstrip().endswith('main "$@"'):
            continue
        subprocess.run(["/bin/sh", "-s", "--", "--deb", "/srv/x.deb"], input=text[:length], text=True, capture_output=True,
                       env={"PATH": str(trap)}, timeout=20)
        assert not (tmp_path / "ran").exists(), (length, (tmp_path / "ran").read_text())


def test_one_commit_gives_one_package(packages, tmp_path, pytestconfig):
    programs = pytestconfig.getoption("--programs", None) or CHECKOUT / ".build/release"
    command(CHECKOUT / "packaging/build-deb", "--programs", programs, "--output", tmp_path, "--version", EARLIER,
            "--level", "0", "--unchecked")
    name = f"bedplate_{EARLIER}_amd64.deb"
    assert (tmp_path / name).read_bytes() == (packages / name).read_bytes()


def test_it_is_small_needs_what_both_distributions_have_and_lintian_is_content(tmp_path, pytestconfig):
    programs = pytestconfig.getoption("--programs", None) or build_release(*PROGRAMS)
    print(command(CHECKOUT / "packaging/build-deb", "--programs", programs, "--output", tmp_path, timeout=600))
