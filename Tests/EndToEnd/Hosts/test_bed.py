"""What the other tests on hosts rely on: a host is real, its own, and leaves nothing behind."""
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import machine as machines
import pytest
from bed import CHECKOUT
from waiting import until


def test_a_host_boots_a_fresh_debian_12_whose_units_all_work(host):
    it = host()
    assert it.state == "running", it.run("systemctl", "--failed").stdout
    assert "VERSION_CODENAME=bookworm" in it.sh("cat /etc/os-release")
    assert it.sh("hostname").strip() == it.name
    assert it.sh("cat /proc/1/comm").strip() == "systemd"
    assert it.sh("getent hosts localhost").strip() != ""
    assert it.run("id", "--user", "--name", user="nobody").stdout.strip() == "nobody"


def test_what_a_test_changes_is_gone_for_the_next_host_and_kept_across_its_own_reboot(host):
    first = host()
    first.sh("echo changed >/etc/issue; rm /etc/debian_version; useradd --system app")
    first.reboot()
    assert first.sh("cat /etc/issue; id -u app").split()[0] == "changed"
    second = host()
    assert "Debian" in second.sh("cat /etc/issue; cat /etc/debian_version")
    assert second.run("id", "app", check=False).returncode != 0


def test_two_hosts_have_networks_processes_and_ids_of_their_own(host):
    one, other = host(), host()
    ids = {it.sh("cat /etc/machine-id").strip() for it in (one, other)}
    assert len(ids) == 2 and all(len(text) == 32 for text in ids)
    for it in (one, other):
        it.run("systemd-run", "--quiet", "--unit=listener", "/usr/bin/perl", "-MIO::Socket::INET", "-e",
               'my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => 8001, Listen => 1) or die; sleep 1000')
        until("it listens", lambda: ":8001" in it.sh("ss -Hltn"))
    one.run("systemctl", "stop", "listener")
    assert ":8001" not in one.sh("ss -Hltn") and ":8001" in other.sh("ss -Hltn")
    assert "lo" in one.sh("ip -br link") and len(one.sh("ip -br link").splitlines()) == 1


def test_what_runs_in_a_host_cannot_set_the_clock_of_this_machine(host):
    before = host().run("date", "--set", "2001-01-01", check=False)
    assert before.returncode != 0 and "Operation not permitted" in before.stderr


def test_a_power_cut_leaves_the_disk_and_the_machine_boots_again(host):
    it = host()
    it.sh("echo written >/srv/file")
    it.cut_power()
    assert it.boot() == "running"
    assert it.sh("cat /srv/file").strip() == "written"


def test_a_file_is_written_where_the_host_would_find_it_and_never_outside_of_it(host, tmp_path):
    it = host()
    it.sh(f"mkdir -p {tmp_path}; ln -s {tmp_path}/through /srv/link; ln -s ../../../../../../.. /srv/up")
    it.write("/srv/link", "one")
    it.write("/srv/up/srv/file", "two")
    assert list(tmp_path.iterdir()) == []
    # Its /tmp is in its memory, over the folder on its disk.
    assert (it.root / str(tmp_path)[1:] / "through").read_text() == it.read("/srv/link") == "one"
    assert it.sh("cat /srv/file") == "two"


INNER = textwrap.dedent("""
    import os, signal
    from pathlib import Path
    def test_inner(host):
        one, other = host(), host()
        Path(os.environ["NAMES"]).write_text(f"{one.name} {other.name}")
        if os.environ["FATE"] == "fails":
            one.write("/var/log/bedplate/api/current", "what it said")
            assert False, "as told"
        while True:
            signal.pause()
""")


@pytest.mark.parametrize("fate", ["fails", "SIGINT", "SIGTERM", "SIGKILL"])
def test_nothing_of_a_host_stays_when_its_test(fate, base, tmp_path):
    """… fails, or is ended by Ctrl-C, TERM or KILL."""
    names = tmp_path / "names"
    inner = Path(__file__).with_name(f"test_inner_{os.getpid()}_{fate.lower()}.py")
    inner.write_text(INNER)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", inner], cwd=CHECKOUT, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            # A shell starts what is in its background with SIGINT ignored, and that is inherited.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            env={**os.environ, "NAMES": str(names), "FATE": fate, "PYTHONDONTWRITEBYTECODE": "1"})
        machine_names = until("both hosts are up", lambda: names.exists() and names.read_text().split(), 120)
        inits = [int((machines.RUNS / name / "init").read_text()) for name in machine_names if fate != "fails"]
        if fate != "fails":
            process.send_signal(getattr(signal, fate))
        said, _ = process.communicate(timeout=120)
    finally:
        inner.unlink()
    if fate == "SIGKILL":  # Then it is not the run itself that removes them.
        until("every trace is gone", lambda: not any(map(machines.traces, machine_names)))
    # Killed is not yet gone: whoever adopted them has to hear of their end first.
    until("their first processes are gone", lambda: not any(map(machines.is_first_process, inits)))
    assert [trace for name in machine_names for trace in machines.traces(name)] == [], said
    kept = CHECKOUT / "test-artifacts/hosts/test-inner"
    if fate == "fails":
        assert "as told" in said
        assert "booted: running" in (kept / f"{machine_names[0]}.log").read_text()
        assert "Reached target" in (kept / f"{machine_names[0]}.journal").read_text()
        assert (kept / f"{machine_names[0]}.files/var/log/bedplate/api/current").read_text() == "what it said"
        machines.remove(kept)


def test_what_a_run_left_that_died_with_its_keepers_is_removed_by_the_next_run(host):
    it = host()
    it._keeper.kill()
    it._keeper.wait()
    it._claim.__exit__(None, None, None)
    assert it.name in machines.sweep()
    assert machines.traces(it.name) == []
    it._claim = it._keeper = None
