"""Deploy, switch and rollback of the installed product on a booted host, under a client that may notice nothing."""
import json
import time

from installing import BEDPLATE
from machine import Machine
from waiting import until

# door.pl RATE: so many requests a second through the front door, each on a connection of its own, until TERM; then
# `sent N` and a line for each that was not answered with 200 and a whole body.
CLIENT = r"""
use strict;
use warnings;
use IO::Socket::INET;
use Time::HiRes qw(sleep time);
my ($rate, $done, $sent, @failed) = ($ARGV[0], 0, 0);
$SIG{TERM} = sub { $done = 1 };
$SIG{PIPE} = 'IGNORE';
my $begin = time;
until ($done) {
    my $path = ('/api/health/live', '/')[$sent++ % 2];
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => 8080, Timeout => 10);
    my $answer = "no connection: $!";
    if ($socket) {
        print $socket "GET $path HTTP/1.0\r\nHost: a.example\r\n\r\n";
        $answer = join '', <$socket>;
    }
    my ($length) = $answer =~ /^content-length: (\d+)\r$/im;
    my ($body) = $answer =~ /\r\n\r\n(.*)\z/s;
    push @failed, "request $sent for $path: '" . substr($answer, 0, 200) . "'"
        unless $answer =~ /^HTTP\/1\.\d 200/ && (!defined $length || length($body) == $length);
    my $wait = $begin + $sent / $rate - time;
    sleep $wait if $wait > 0 && !$done;
}
print "sent $sent\n", map { "$_\n" } @failed;
"""


class Clients:
    """`with Clients(machine)`: none of them may fail."""
    def __init__(self, machine: Machine):
        self.machine = machine
        self.sent = 0

    def __enter__(self):
        self.machine.write("/srv/door.pl", CLIENT)
        self.machine.run("systemd-run", "--quiet", "--unit=clients", "--property=StandardOutput=truncate:/srv/clients.txt",
                         "/usr/bin/perl", "/srv/door.pl", "50")
        return self

    def __exit__(self, kind, *_):
        self.machine.run("systemctl", "stop", "clients")
        report = self.machine.read("/srv/clients.txt").splitlines()
        self.sent = int(report[0].split()[1])
        if kind is None:
            assert report[1:] == [] and self.sent > 20, report


def bedplate(machine: Machine, *words: str) -> dict:
    return json.loads(machine.run(BEDPLATE, *words, "--json", timeout=180).stdout)


def demand(machine: Machine, live: str) -> None:
    """Exactly this slot is live, as everybody tells it, and all that belongs to it is healthy."""
    assert machine.sh("curl -sf http://127.0.0.1:8080/.bedplate/slot").split() == [live]
    status = until("all of it is healthy", lambda: is_healthy(bedplate(machine, "status"), live), 60, 0.2)
    other = "green" if live == "blue" else "blue"
    running = {i["name"] for i in status["instances"] if i["state"] == "up"}
    assert f"worker@{live}" in running and f"worker@{other}" not in running, status
    assert "ongoing" not in json.loads(machine.read("/var/lib/bedplate/slots.json"))
    assert machine.sh("curl -sf http://127.0.0.1:8080/api/health/live")


def is_healthy(status: dict, live: str) -> dict | None:
    mine = [i for i in status["instances"] if i["name"] in {f"api@{live}", f"web@{live}", f"worker@{live}", "engine"}]
    return status if status["live"] == live and len(mine) == 4 and all(i["healthy"] for i in mine) else None


def switching(machine: Machine, slot: str, stage: str):
    """A switch that has recorded this stage, and goes on."""
    talk = machine.talking(BEDPLATE, "switch", slot, "--watch", "3s")
    process = talk.__enter__()
    until(f"the switch is at {stage}", lambda: stage == json.loads(
        machine.read("/var/lib/bedplate/slots.json")).get("ongoing", {}).get("stage"), 60, 0.01)
    return talk, process


def test_a_second_release_is_deployed_switched_to_and_left_again_whoever_is_killed_meanwhile(running):
    machine = running.machine
    demand(machine, "blue")
    machine.sh("cp -r /usr/lib/bedplate/cspm /srv/next && echo second > /srv/next/web/version.txt")

    with Clients(machine) as clients:
        deployed = bedplate(machine, "deploy", "/srv/next")
        assert (deployed["slot"], deployed["is_live"], deployed["was_there"]) == ("green", False, False)
        demand(machine, "blue")
        moved = bedplate(machine, "switch", "green", "--watch", "2s")
        assert (moved["live"], moved["previous"]) == ("green", "blue")
        demand(machine, "green")
        assert machine.sh("curl -sf http://127.0.0.1:8080/version.txt") == "second\n"
        back = bedplate(machine, "rollback")
        assert (back["live"], back["previous"]) == ("blue", "green")
        demand(machine, "blue")

        # The supervisor is killed while traffic moves; systemd brings it back, and the command goes on with it.
        talk, process = switching(machine, "green", "watching")
        machine.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "bedplated")
        said = process.stdout.read()
        assert process.wait(60) == 0, said
        talk.__exit__(None, None, None)
        demand(machine, "green")

        # The command is killed where traffic has just moved: the next one finishes or takes back, then does its own.
        talk, process = switching(machine, "blue", "handing")
        machine.sh("kill -KILL $(cat /run/bedplate/switch.lock)")
        process.wait(60)
        talk.__exit__(None, None, None)
        assert bedplate(machine, "switch", "blue", "--watch", "0")["live"] == "blue"
        demand(machine, "blue")
    print(f"{clients.sent} requests, none failed; moved in {moved['seconds_to_move']:.2f} s, back in {back['seconds_to_move']:.2f} s")



def test_an_nginx_whose_master_is_killed_comes_back_by_itself_and_a_switch_meanwhile_ends_with_one_live_slot(running):
    machine = running.machine
    demand(machine, "blue")
    talk, process = switching(machine, "green", "watching")
    before = machine.show("nginx", "MainPID")
    begin = time.monotonic()
    machine.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", "nginx")
    until("another nginx answers", lambda: machine.show("nginx", "MainPID") not in (before, {"MainPID": "0"})
          and machine.run("curl", "-sf", "http://127.0.0.1:8080/api/health/live", check=False).returncode == 0, 20)
    print(f"nginx was back {time.monotonic() - begin:.1f} s after its death")
    said = process.stdout.read()
    process.wait(120)
    talk.__exit__(None, None, None)
    assert machine.show("nginx", "ActiveState", "NRestarts") == {"ActiveState": "active", "NRestarts": "1"}
    assert bedplate(machine, "switch", "green", "--watch", "0")["live"] == "green", said
    with Clients(machine):
        demand(machine, "green")
        assert bedplate(machine, "rollback")["live"] == "blue"
        demand(machine, "blue")

    # One that an operator stops stays so.
    machine.run("systemctl", "stop", "nginx")
    assert machine.show("nginx", "ActiveState") == {"ActiveState": "inactive"}


# events.pl PORT: tells each client something ten times a second, without an end.
EVENTS = r"""
use strict;
use warnings;
use IO::Socket::INET;
use Time::HiRes qw(sleep);
$SIG{CHLD} = 'IGNORE';
my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $ARGV[0], Listen => 16, ReuseAddr => 1) or die "$!";
while (1) {
    my $client = $server->accept or next;
    next if fork;
    $client->autoflush(1);
    print $client "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
    sleep 0.1 while print $client "data: $ARGV[0]\n\n";
    exit;
}
"""
WITH_EVENTS = """
slots: {blue: {events: 9101}, green: {events: 9102}}
processes:
  events:
    slotted: true
    port: events
    command: [/usr/bin/perl, /srv/events.pl, "{port}"]
    probes: {readiness: {tcp: true, interval: 200ms}}
front_door: {streams: 2s}
routes:
  - {path: /events, to: events, timeout: 900s, stream: true}
  - {path: /api/, to: api}
  - {path: /, to: web}
"""


def test_a_stream_of_the_slot_that_lost_its_traffic_is_closed_and_counted_under_the_unit_as_it_is_installed(running):
    machine = running.machine
    machine.write("/srv/events.pl", EVENTS)
    machine.write("/etc/bedplate/conf.d/10-events.yaml", WITH_EVENTS)
    running("--yes")
    # What it hears has a file from the moment it is executed.
    machine.run("systemd-run", "--quiet", "--service-type=exec", "--unit=listener",
                "--property=StandardOutput=truncate:/srv/heard.txt", "--remain-after-exit", "/usr/bin/curl", "-sSN", "http://127.0.0.1:8080/events")
    until("it hears", lambda: machine.read("/srv/heard.txt").count("data: 9101") > 3)
    assert bedplate(machine, "switch", "green", "--watch", "0")["live"] == "green"
    heard = machine.read("/srv/heard.txt").count("data: 9101")
    until("it hears on", lambda: machine.read("/srv/heard.txt").count("data: 9101") > heard)
    until("the stream is over", lambda: machine.show("listener", "SubState") == {"SubState": "exited"}, 15)

    events = [json.loads(line) for line in machine.run("bedplate", "events", "--lines", "50", "--json").stdout.splitlines()]
    assert [event["reason"] for event in events if event["kind"] == "streams-closed"] == ["1 of blue"]
    # The slot itself is kept for a rollback, its server of streams too.
    up = {i["name"] for i in bedplate(machine, "status")["instances"] if i["healthy"]}
    assert {"api@blue", "events@blue", "events@green"} <= up
    assert bedplate(machine, "rollback")["live"] == "blue"
    assert "data: 9101" in machine.sh("curl -sN --max-time 1 http://127.0.0.1:8080/events || true")
