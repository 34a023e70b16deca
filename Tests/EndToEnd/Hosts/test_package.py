"""The package on a booted Debian 12 without a network: installed, upgraded under load, removed, purged, interrupted."""
import gzip
import json
import os
import random
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from bed import CHECKOUT, build_release, command
from previous import absence, named, previous
from supervised import PROGRAM, Supervised, workload
from waiting import until

# What apt fetches for it, and what lies on every bigger host.
DEPENDS = ["libssl3", "libarchive13", "libcurl4", "libsqlite3-0", "libyaml-0-2", "libmongoc-1.0-0", "ca-certificates"]
PROGRAMS = ["bedplated", "bedplate-probe", "bedplate", "cspm"]
PORTS = {"api@blue": 8001, "web@blue": 3000, "worker@blue": 9001, "engine": 9002}
# The release before this one, and this one.
EARLIER = named("BEDPLATE_VERSION")
LATER = re.search(r'"(.+)"', (CHECKOUT / "Sources/CoreTypes/BedplateVersion.swift").read_text())[1]


def build_deb(programs, place, *more):
    command(CHECKOUT / "packaging/build-deb", "--programs", programs, "--output", place, "--level", "0", "--unchecked", *more)


@pytest.fixture(scope="session")
def packages(pytestconfig, tmp_path_factory):
    """A folder with the package of the earlier release and that of this one, little packed. Where this clone does not have
    the earlier one's commit, it holds this one's programs under its number; the test below says so."""
    programs = pytestconfig.getoption("--programs", None) or build_release(*PROGRAMS)
    place = tmp_path_factory.mktemp("packages")
    build_deb(programs, place)
    if absence():
        build_deb(programs, place, "--version", EARLIER)
    else:
        shutil.copy(previous(programs / "cspm").package, place)
    return place


def test_what_upgrades_begin_with_is_the_release_before_this_one(packages, tmp_path):
    if reason := absence():
        pytest.skip(f"{reason}; upgrades begin with this release's programs under the number {EARLIER}")
    for release in (EARLIER, LATER):
        command("dpkg-deb", "-x", packages / f"bedplate_{release}_amd64.deb", tmp_path / release)
        assert command(tmp_path / release / "usr/bin/bedplate", "--version").strip() == release
    for program in ("usr/bin/bedplate", "usr/lib/bedplate/bedplated"):
        [one, other] = [(tmp_path / release / program).read_bytes() for release in (EARLIER, LATER)]
        assert one != other, program
    # It is the one that its changelog begins with, and this one's goes on from there.
    released = re.findall(r"^bedplate \((.+)\)", (CHECKOUT / "packaging/changelog").read_text(), re.M)
    assert released[:2] == [LATER, EARLIER]


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
    said = apt(machine, "install", deb(LATER)).stdout
    assert "bedplate install" in said, said
    assert version(machine) == f"ii  {LATER}"
    assert machine.run("systemctl", "is-active", "bedplated", check=False).stdout.strip() == "inactive"
    assert [line for line in machine.processes().values() if "bedplate" in line or "cspm" in line] == []
    assert machine.sh("id -un bedplate; stat -c '%a %U' /var/lib/bedplate /var/log/bedplate").split("\n")[:3] == \
        ["bedplate", "755 root", "750 root"]
    # Each program finds all it links.
    for program in ("/usr/bin/bedplate", PROGRAM, "/usr/lib/bedplate/bedplate-probe", "/usr/lib/bedplate/cspm/bin/cspm"):
        assert "not found" not in machine.sh(f"ldd {program}"), program
    assert machine.sh("bedplate --version").strip() == LATER
    assert machine.run("bedplate", "install", "--check", "--json", check=False).returncode in (1, 2)
    assert machine.sh("dpkg --verify bedplate") == ""


# Takes a lock as dpkg does: struct flock of fcntl(2), in the Perl that every Debian has.
HOLD = """open(my $lock, "+<", "/var/lib/dpkg/lock-frontend") or die;
my $whole = pack("ssx4qqlx4", F_WRLCK, 0, 0, 0, 0);
fcntl($lock, F_SETLK, $whole) or die;
open(my $held, ">", "/srv/held"); close $held; sleep"""


@dataclass
class Loaded:
    """A stack that answers requests all the while."""
    it: Supervised
    pids: dict[str, int]
    supervisor: int

    @staticmethod
    def begin(machine) -> "Loaded":
        it = Supervised(machine)
        it.start([workload(name, port) for name, port in PORTS.items()])
        machine.run("systemd-run", "--quiet", "--unit=load", "--property=StandardOutput=file:/srv/load.txt",
                    "/usr/bin/perl", "/srv/load.pl", "200", *PORTS.values())
        return Loaded(it, it.pids(), it.status()["pid"])

    def demand_same(self, release: str, image: str = PROGRAM) -> None:
        """The supervisor is this release as the process that it was, and so is all that it runs."""
        # apt does not wait for it to be the new program.
        status = until(f"it is {release}", lambda: (now := self.it.status())["version"] == release and now)
        assert status["pid"] == self.supervisor, status
        assert self.it.machine.sh(f"readlink /proc/{status['pid']}/exe").strip() == image
        assert self.it.wait_until_healthy() == self.pids

    def end(self) -> None:
        """Every request was answered."""
        self.it.machine.run("systemctl", "stop", "load")
        report = self.it.machine.read("/srv/load.txt").splitlines()
        print(f"{report[0]}, {len(report) - 1} failed")
        assert report[1:] == [] and int(report[0].split()[1]) > 100, report


def test_upgrades_under_load_keep_every_pid_and_refuse_no_request(machine, packages, tmp_path):
    apt(machine, "install", deb(EARLIER))
    loaded = Loaded.begin(machine)
    loaded.demand_same(EARLIER if absence() is None else LATER)
    apt(machine, "install", deb(LATER))
    assert version(machine) == f"ii  {LATER}"
    loaded.demand_same(LATER)

    # The command does the same, and looks for itself.
    def upgrade(*arguments, program="bedplate"):
        return machine.run(program, "upgrade", *arguments, check=False, timeout=300)

    older = upgrade(deb(EARLIER))
    assert older.returncode == 64 and "--downgrade" in older.stderr, older
    assert upgrade("--check", deb(LATER)).returncode == 0
    # It waits for whoever has a lock of dpkg, by name.
    machine.run("systemd-run", "--quiet", "--collect", "--unit=holder", "perl", "-MFcntl", "-e", HOLD)
    until("somebody holds dpkg's lock", lambda: (machine.live / "srv/held").exists())
    # What it says has a file from the moment it is executed.
    machine.run("systemd-run", "--quiet", "--service-type=exec", "--unit=back", "--property=StandardOutput=file:/srv/told",
                "--property=StandardError=file:/srv/said", "bedplate", "upgrade", "--downgrade", deb(EARLIER))
    waiting = r"waiting: /var/lib/dpkg/lock-frontend is held by process \d+ \(perl\)"
    until("it waits", lambda: re.search(waiting, machine.read("/srv/said")))
    assert version(machine) == f"ii  {LATER}"
    machine.run("systemctl", "stop", "holder")
    until("it has gone back", lambda: "still process" in machine.read("/srv/told") or machine.read("/srv/said").count("cannot"), 120)
    assert version(machine) == f"ii  {EARLIER}"
    loaded.demand_same(EARLIER if absence() is None else LATER)
    # What is installed now may know no such command: this release's own does it.
    command("dpkg-deb", "-x", packages / f"bedplate_{LATER}_amd64.deb", tmp_path)
    machine.write("/srv/own/bedplate", (tmp_path / "usr/bin/bedplate").read_bytes(), 0o755)
    asked = upgrade("--check", deb(LATER), program="/srv/own/bedplate")
    assert asked.returncode == 2 and version(machine) == f"ii  {EARLIER}", asked
    made = upgrade("--json", deb(LATER), program="/srv/own/bedplate")
    assert made.returncode == 0, made
    told = json.loads(made.stdout)
    assert (told["from"], told["to"], told["outcome"], told["lost"]) == (EARLIER, LATER, "upgraded", [])
    assert told["supervisor"] == {"pid": loaded.supervisor, "version": LATER, "is_same": True}
    assert sorted(told["kept"]) == sorted(PORTS)
    loaded.demand_same(LATER)
    assert json.loads(upgrade("--json", deb(LATER)).stdout)["outcome"] == "unchanged"

    # One that fails says where it stopped and how to go on, and stops nothing.
    broken = made_to_fail(packages / f"bedplate_{LATER}_amd64.deb", tmp_path / "broken")
    machine.write("/srv/broken.deb", broken.read_bytes())
    failed = upgrade("/srv/broken.deb")
    assert failed.returncode == 1, failed
    assert "now: dpkg has not finished; the supervisor runs on with 4 instances" in failed.stderr, failed
    assert "next: mend that, then dpkg --configure -a" in failed.stderr, failed
    # The files are replaced, and nobody told the supervisor yet.
    loaded.demand_same(LATER, image=f"{PROGRAM} (deleted)")
    assert upgrade("--downgrade", deb(LATER)).returncode == 0
    assert version(machine) == f"ii  {LATER}" and machine.sh("dpkg --audit") == ""
    loaded.demand_same(LATER)
    loaded.end()


def made_to_fail(package: Path, place: Path) -> Path:
    """The same package as a later version that cannot be configured."""
    command("dpkg-deb", "-R", package, place)
    control = place / "DEBIAN/control"
    control.write_text(control.read_text().replace(f"Version: {LATER}", f"Version: {LATER}+broken"))
    (place / "DEBIAN/postinst").write_text("#!/bin/sh\nexit 1\n")
    made = place.with_suffix(".deb")
    command("dpkg-deb", "--root-owner-group", "-Znone", "--build", place, made)
    return made


def test_removal_stops_the_stack_and_keeps_what_is_the_operators_and_a_purge_takes_it(machine):
    apt(machine, "install", deb(LATER))
    it = Supervised(machine)
    it.start([workload(name, port) for name, port in PORTS.items()])
    it.wait_until_healthy()
    kept = ["/etc/bedplate/conf.d/mine.yaml", "/etc/bedplate/secrets/TOKEN", "/var/lib/bedplate/data/mine"]
    for path in kept:
        machine.write(path, f"what is in {path}".encode())

    apt(machine, "remove", "bedplate")
    assert version(machine) == f"rc  {LATER}"
    assert it.stack_processes() == {}
    # In order, and not by force.
    for name in PORTS:
        assert it.log(name)[-1] == "last words", name
    assert [machine.read(path) for path in kept] == [f"what is in {path}" for path in kept]
    assert machine.sh("ls /var/lib/bedplate/stack.json")

    apt(machine, "install", deb(LATER))
    assert it.stack_processes() == {}, "installing starts nothing"
    machine.run("systemctl", "start", "bedplated")
    assert set(it.wait_until_healthy()) == set(PORTS)

    apt(machine, "purge", "bedplate")
    assert it.stack_processes() == {}
    assert machine.sh("find / -xdev -name '*bedplate*' -not -path '/srv/*' -not -path '/proc/*' "
                      "-not -path '/var/log/journal/*' -not -path '/var/log/apt/*'") == ""
    assert machine.run("dpkg-query", "-W", "bedplate", check=False).returncode != 0

    apt(machine, "install", deb(LATER))
    assert version(machine) == f"ii  {LATER}" and it.stack_processes() == {}


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
        installed = version(machine).removeprefix("ii  ")
        assert installed in (EARLIER, LATER), number
        if absence() is None:
            until("the supervisor is what is installed", lambda: it.status()["version"] == installed)
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
    build_deb(programs, tmp_path)
    name = f"bedplate_{LATER}_amd64.deb"
    assert (tmp_path / name).read_bytes() == (packages / name).read_bytes()


def test_it_is_small_needs_what_both_distributions_have_and_lintian_is_content(tmp_path, pytestconfig):
    programs = pytestconfig.getoption("--programs", None) or build_release(*PROGRAMS)
    print(command(CHECKOUT / "packaging/build-deb", "--programs", programs, "--output", tmp_path, timeout=600))


def test_a_package_that_outgrows_a_limit_or_displeases_lintian_is_refused(packages, tmp_path):
    package = packages / f"bedplate_{LATER}_amd64.deb"
    text = (CHECKOUT / "packaging/check-deb").read_text()
    tight = tmp_path / "check-deb"
    for what, less in ((r"libyaml-0\.so\.2", ""), (r"most_glibc=\S+", "most_glibc=2.30"), (r"most_installed=\S+", "most_installed=1000"),
                       (r"most_package=\S+", "most_package=1000")):
        text, changes = re.subn(what, less, text)
        assert changes == 1, what
    tight.write_text(text)
    # What lintian says of this one, the test above sees.
    (tmp_path / "lintian").symlink_to("/bin/true")
    refused = subprocess.run(["bash", tight, package], capture_output=True, text=True, timeout=300,
                             env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert refused.returncode == 1, refused
    for finding in ("needs libyaml-0.so.2, which is not among those", "needs glibc 2.36, more than 2.30", "KiB installed, more than 1000",
                    "bytes, more than 1000"):
        assert finding in refused.stdout, refused.stdout

    command("dpkg-deb", "-R", package, tmp_path / "tree")
    (tmp_path / "tree/opt/bedplate").mkdir(parents=True)
    (tmp_path / "tree/usr/bin/bedplate").chmod(0o4777)
    command("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", tmp_path / "tree", tmp_path / "worse.deb")
    refused = subprocess.run([CHECKOUT / "packaging/check-deb", tmp_path / "worse.deb"], capture_output=True, text=True, timeout=300)
    assert refused.returncode == 1 and "dir-or-file-in-opt" in refused.stdout and "lintian is not content" in refused.stdout, refused


def test_the_manual_and_the_completions_know_every_command(packages, tmp_path):
    command("dpkg-deb", "-x", packages / f"bedplate_{LATER}_amd64.deb", tmp_path)
    told = command(tmp_path / "usr/bin/bedplate", "--help")
    commands = re.findall(r"^  ([a-z]+) ", told[told.index("SUBCOMMANDS:"):], re.M)
    assert {"install", "status", "switch", "upgrade", "uninstall"} <= set(commands), told
    page = gzip.decompress((tmp_path / "usr/share/man/man1/bedplate.1.gz").read_bytes()).decode()
    shells = [tmp_path / "usr/share" / path for path in ("bash-completion/completions/bedplate", "zsh/vendor-completions/_bedplate",
                                                         "fish/vendor_completions.d/bedplate.fish")]
    for name in commands:
        assert re.search(rf"^\.S[SHS] .*\b{name}\b", page, re.M), name
        for shell in shells:
            assert re.search(rf"\b{name}\b", shell.read_text()), (name, shell)
    # The supervisor alone runs this one.
    assert "keeper" not in commands and "keeper" not in page
    command("bash", "-n", shells[0])
    assert gzip.decompress((tmp_path / "usr/share/man/man8/bedplated.8.gz").read_bytes()).startswith(b".TH")
    assert (tmp_path / "usr/share/doc/bedplate/copyright").is_file() and (tmp_path / "usr/share/doc/bedplate/changelog.gz").is_file()


def test_a_program_that_is_built_in_another_folder_has_the_same_bytes():
    """The one that takes the least time; all four, and the package, are compared by the command without an argument."""
    assert command(CHECKOUT / "packaging/check-reproducible", "bedplate-probe", timeout=1800).splitlines()[-1] == "same: bedplate-probe"
