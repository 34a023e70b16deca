"""What the children of bedplated get where systemd delegates a control group and keeps descriptors."""
import pytest
from supervised import Supervised, instance
from waiting import until

# Accepts at descriptor 3, and answers as load.pl wants it.
SERVER = """
my $s; open($s, "+<&=3") or die $!; my $stop; $SIG{TERM} = sub { $stop = 1 };
my $r = ""; vec($r, 3, 1) = 1;
until ($stop) {
  next if select(my $x = $r, undef, undef, 0.05) < 1;
  accept(my $c, $s) or next;
  sysread($c, my $request, 4096);
  syswrite($c, "HTTP/1.0 200 OK\\r\\n\\r\\n1\\n");
  close $c;
}
"""


@pytest.fixture
def it(host, programs) -> Supervised:
    made = Supervised(host(), programs)
    socket = {"name": "http", "address": "127.0.0.1", "port": 8001, "backlog": 512}
    made.install([instance("api", ["/usr/bin/perl", "-e", SERVER], child={"sockets": [socket]}),
                  instance("idle", ["/bin/sleep", "1000"], child={"limits": {"pids": 5}})])
    return made


def leaf(it: Supervised, pid: int) -> str:
    """The last part of the name of a process's control group."""
    line = it.machine.run("sh", "-c", f"grep ^0:: /proc/{pid}/cgroup").stdout.strip()
    assert "/bedplated.service/" in line, line
    return line.rpartition("/")[2]


def test_each_child_runs_in_a_leaf_that_systemd_delegated_and_keeps_it_when_the_supervisor_is_killed(it):
    before = it.pids()
    for _ in range(3):
        it.wait_for_another(it.kill())
    assert it.pids() == before
    assert {name: leaf(it, pid) for name, pid in before.items()} == {"api": "api", "idle": "idle"}
    assert leaf(it, it.status()["pid"]) == "_supervisor"


def test_no_connection_is_refused_while_systemd_restarts_the_supervisor_and_it_restarts_its_child(it):
    machine = it.machine
    machine.run("systemd-run", "--quiet", "--unit=load", "--property=StandardOutput=file:/srv/load.txt",
                "/usr/bin/perl", "/srv/load.pl", "200", "8001")
    for _ in range(5):
        it.wait_for_another(it.kill())
        before = it.wait_until_healthy()["api"]
        it.ask("Restart", instances=["api"])
        until("another child is up", lambda old=before: it.wait_until_healthy().get("api", old) != old)
    machine.run("systemctl", "reload", "bedplated")
    it.wait_until_healthy()
    machine.run("systemctl", "stop", "load")
    report = machine.read("/srv/load.txt").splitlines()
    assert report[1:] == [] and int(report[0].split()[1]) > 100, report
