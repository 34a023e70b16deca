"""bedplated under a real systemd: what its unit promises, on a booted host."""
import json
import os
import random
import re
import signal
import socket
import time

import pytest
from bed import CHECKOUT
from supervised import PROGRAM, Supervised, instance, workload
from waiting import until

PORTS = {"api@blue": 8001, "web@blue": 3000, "worker@blue": 9001, "engine": 9002}


@pytest.fixture
def supervised(host, programs):
    """`supervised(instances, settings)`: a host that runs a stack under systemd."""
    def make(instances: list[dict], settings: str = "") -> Supervised:
        made = Supervised(host(), programs)
        made.install(instances, settings)
        return made
    return make


def four(rate: int = 50) -> list[dict]:
    return [workload(name, port, rate) for name, port in PORTS.items()]


def consecutive(numbers: list[int]) -> bool:
    return numbers == list(range(1, len(numbers) + 1))


def test_systemctl_status_tells_the_truth_while_it_changes(supervised):
    it = supervised(four())
    machine = it.machine
    said = machine.run("systemctl", "status", "bedplated").stdout
    assert re.search(r"Active: active \(running\)", said) and '"live blue · 4 of 4 healthy"' in said, said
    assert machine.show("bedplated", "MainPID")["MainPID"] == str(it.status()["pid"])

    def status_text() -> str:
        return machine.show("bedplated", "StatusText")["StatusText"]

    it.ask("Stop", instances=["web@blue"])
    until("the line counts three", lambda: status_text() == "live blue · 3 of 3 healthy")
    machine.write("/srv/workload.pl", "die 'broken';\n")
    it.ask("Restart", instances=["api@blue"])
    until("the line says that one of them is missing", lambda: status_text() == "live blue · 2 of 3 healthy")
    machine.run("systemctl", "stop", "bedplated")
    assert machine.show("bedplated", "ActiveState", "Result") == {"ActiveState": "inactive", "Result": "success"}


def test_the_journal_finds_events_by_message_id_and_instance(supervised):
    it = supervised(four())
    page = (CHECKOUT / "docs/events.md").read_text()
    ids = dict(re.findall(r"^\| `([a-z-]+)` \| `([0-9a-f]{32})` \|", page, re.M))

    def found(kind: str, *fields: str) -> list[dict]:
        result = it.machine.run("journalctl", "--output=json", f"MESSAGE_ID={ids[kind]}", *fields)
        return [json.loads(line) for line in result.stdout.splitlines()]

    [started] = until("its start is in the journal", lambda: found("supervisor-started"))
    assert started["SYSLOG_IDENTIFIER"] == "bedplated" and started["BEDPLATE_PID"] == str(it.status()["pid"])
    it.ask("Signal", instance="web@blue", signal="KILL")
    web = "BEDPLATE_INSTANCE=web@blue"
    [ended] = until("its end is in the journal", lambda: found("ended", web))
    assert ended["BEDPLATE_REASON"] == "killed by KILL" and ended["_SYSTEMD_UNIT"] == "bedplated.service"
    assert (ended["BEDPLATE_PROCESS"], ended["BEDPLATE_SLOT"]) == ("web", "blue")
    [crash] = until("so is its crash loop", lambda: found("state", web, "BEDPLATE_STATE=backing-off"))
    assert crash["PRIORITY"] == "4" and crash["MESSAGE"].startswith("web@blue: backing-off")


def test_killed_100_times_under_load_it_keeps_every_pid_every_log_line_and_every_request(supervised):
    it = supervised(four(rate=200) + [workload("chatty", 9003, rate=5000)]
                    + [instance(f"idle-{n}", ["/bin/sleep", "1000"]) for n in range(20)])
    machine = it.machine
    before = it.pids()
    assert len(before) == 25
    machine.run("systemd-run", "--quiet", "--unit=load", "--property=StandardOutput=file:/srv/load.txt",
                "/usr/bin/perl", "/srv/load.pl", "200", *PORTS.values())
    seed = int(os.environ.get("BEDPLATE_SEED", random.randrange(1 << 32)))
    print(f"BEDPLATE_SEED={seed}")
    moments = random.Random(seed)
    kept = machine.show("bedplated", "NFileDescriptorStore")
    supervisors = [it.status()["pid"]]
    for _ in range(100):
        # Anywhere between its first answer and the middle of ordinary work.
        lines = len(it.numbers("engine")) + moments.randrange(12)
        until("it works", lambda: len(it.numbers("engine")) >= lines, every=0.001)
        supervisors.append(it.wait_for_another(it.kill()))
    assert len(set(supervisors)) == 101
    assert it.wait_until_healthy() == before
    machine.run("systemctl", "stop", "load")
    report = machine.read("/srv/load.txt").splitlines()
    assert report[1:] == [] and int(report[0].split()[1]) > 500, report
    assert sorted(pid for pid, command in it.stack_processes().items() if PROGRAM not in command) == \
        sorted(before.values())
    assert machine.show("bedplated", "NRestarts")["NRestarts"] == "100"
    assert machine.show("bedplated", "NFileDescriptorStore") == kept
    assert {name: entry["restarts"] for name, entry in it.instances().items()} == dict.fromkeys(before, 0)
    machine.run("systemctl", "stop", "bedplated")
    for name in [*PORTS, "chatty"]:
        numbers = it.numbers(name)
        print(f"{name}: {len(numbers)} lines")
        assert consecutive(numbers), [pair for pair in zip(numbers, numbers[1:]) if pair[1] != pair[0] + 1][:10]
        assert it.log(name)[-1] == "last words"
        assert len(it.log(name)) == len(numbers) + 1
    assert it.stack_processes() == {}


def test_killed_while_it_starts_and_stops_instances_there_is_one_process_of_each_and_none_that_was_stopped(supervised):
    names = [f"unit-{n}" for n in range(12)]
    # Each is told apart by a number of its own in its command line.
    it = supervised([instance(name, ["/bin/sleep", f"1000{n:02}"]) for n, name in enumerate(names)])
    seed = int(os.environ.get("BEDPLATE_SEED", random.randrange(1 << 32)))
    print(f"BEDPLATE_SEED={seed}")
    moments = random.Random(seed)
    for _ in range(30):
        pid = it.status()["pid"]
        outer = it.machine.outer_pid(pid)
        wish = moments.choice(["Restart", "Stop", "Start"])
        it.ask(wish, instances=moments.sample(names, 6))
        # From before the first of them was touched to after the last.
        time.sleep(moments.random() * 0.02)
        os.kill(outer, signal.SIGKILL)
        it.wait_for_another(pid)
    it.ask("Start", instances=names[:6])
    it.ask("Stop", instances=names[6:])
    until("half of them run", lambda: set(it.pids()) == set(names[:6]))
    running = [command for command in it.stack_processes().values() if "sleep" in command]
    assert sorted(running) == [f"/bin/sleep 1000{n:02}" for n in range(6)]
    it.machine.run("systemctl", "stop", "bedplated")
    assert it.stack_processes() == {}


def test_when_systemd_is_executed_anew_nothing_it_keeps_for_the_supervisor_is_lost(supervised):
    it = supervised(four(rate=200))
    before, kept = it.pids(), it.machine.show("bedplated", "NFileDescriptorStore")
    assert int(kept["NFileDescriptorStore"]) >= 2 * len(PORTS) + 1
    it.machine.run("systemctl", "daemon-reexec")
    assert it.machine.show("bedplated", "NFileDescriptorStore") == kept
    it.wait_for_another(it.kill())
    assert it.wait_until_healthy() == before
    assert it.machine.show("bedplated", "NFileDescriptorStore") == kept
    it.machine.run("systemctl", "stop", "bedplated")
    assert all(consecutive(it.numbers(name)) for name in PORTS)


def test_what_children_say_last_while_no_supervisor_runs_is_kept(supervised):
    # A whole second without a supervisor, for the children to speak and end in.
    it = supervised(four(rate=200), "RestartSec=1s")
    before = it.pids()
    numbers = {pid: it.machine.outer_pid(pid) for pid in before.values()}
    killed = it.kill()
    for pid in (before["engine"], before["worker@blue"]):
        os.kill(numbers[pid], signal.SIGTERM)
    until("both have ended", lambda: not {before["engine"], before["worker@blue"]} & set(it.machine.processes()))
    it.wait_for_another(killed)
    after = it.wait_until_healthy()
    assert {name: after[name] for name in ("api@blue", "web@blue")} == \
        {name: before[name] for name in ("api@blue", "web@blue")}
    for name in ("engine", "worker@blue"):
        assert after[name] != before[name]
        lines = it.log(name)
        first_run = lines[:lines.index("last words")]
        assert first_run == [f"line {n}" for n in range(1, len(first_run) + 1)] and first_run, lines


@pytest.mark.parametrize("image", ["first", "reloaded"])
def test_a_supervisor_that_hangs_is_replaced_by_the_watchdog_and_children_keep_their_pids(image, supervised):
    it = supervised(four(), "WatchdogSec=1s")
    before = it.pids()
    assert it.machine.show("bedplated", "WatchdogUSec")["WatchdogUSec"] == "1s"
    if image == "reloaded":
        since = it.status()["since"]
        it.machine.run("systemctl", "reload", "bedplated")
        until("the new image answers", lambda: it.status()["since"] > since)
    killed = it.kill(signal.SIGSTOP)
    it.wait_for_another(killed)
    assert it.wait_until_healthy() == before
    journal = it.machine.run("journalctl", "--unit=bedplated", "--output=cat").stdout
    assert "Watchdog timeout (limit 1s)!" in journal, journal


def test_reload_runs_the_installed_program_anew_in_the_same_process_and_keeps_every_pid(supervised):
    it = supervised(four(rate=200))
    machine = it.machine
    before, status = it.pids(), it.status()
    for _ in range(10):
        since = it.status()["since"]
        machine.run("systemctl", "reload", "bedplated")
        until("the new image answers", lambda: it.status()["since"] > since)
    assert it.status()["pid"] == status["pid"]
    assert it.wait_until_healthy() == before
    until("systemd is told that it is ready again",
          lambda: machine.show("bedplated", "ActiveState", "SubState", "NRestarts") ==
          {"ActiveState": "active", "SubState": "running", "NRestarts": "0"})
    machine.run("systemctl", "stop", "bedplated")
    assert all(consecutive(it.numbers(name)) for name in PORTS)


def test_an_upgrade_of_the_program_is_taken_up_in_place_under_load_without_a_lost_request_or_line(supervised):
    it = supervised(four(rate=200))
    machine = it.machine
    before, status = it.pids(), it.status()
    machine.run("systemd-run", "--quiet", "--unit=load", "--property=StandardOutput=file:/srv/load.txt",
                "/usr/bin/perl", "/srv/load.pl", "200", *PORTS.values())
    # As dpkg does it: a new file beside the old one, then its name. Bytes after the end of a program change nothing.
    machine.write(PROGRAM + ".dpkg-new", (it.programs / "bedplated").read_bytes() + b"\0another build", 0o755)
    machine.sh(f"mv {PROGRAM}.dpkg-new {PROGRAM}")
    assert running_program(it).endswith(" (deleted)")
    machine.run("systemctl", "reload", "bedplated")
    until("the new image answers", lambda: it.status()["since"] > status["since"])
    assert running_program(it) == PROGRAM
    assert it.status()["pid"] == status["pid"]
    assert it.wait_until_healthy() == before
    machine.run("systemctl", "stop", "load")
    report = machine.read("/srv/load.txt").splitlines()
    assert report[1:] == [] and int(report[0].split()[1]) > 0, report
    machine.run("systemctl", "stop", "bedplated")
    assert all(consecutive(it.numbers(name)) for name in PORTS)


def running_program(it: Supervised) -> str:
    return it.machine.sh(f"readlink /proc/{it.status()['pid']}/exe").strip()


def test_a_program_that_cannot_be_executed_leaves_the_old_one_running_and_told(supervised):
    it = supervised(four())
    before, status = it.pids(), it.status()
    it.machine.write(PROGRAM + ".new", "not a program\n", 0o755)
    it.machine.sh(f"mv {PROGRAM}.new {PROGRAM}")
    it.machine.run("systemctl", "reload", "bedplated")
    events = until("it is told", lambda: [event for event in it.ask("Events", lines=100)["events"]
                                          if event["kind"] == "trouble"])
    assert "not executed anew" in events[-1]["reason"]
    assert (it.status()["pid"], it.status()["since"], it.pids()) == (status["pid"], status["since"], before)


def test_stop_leaves_no_process_of_the_stack_not_even_one_that_ignores_term(supervised):
    stubborn = instance("stubborn", ["/bin/sh", "-c", "trap '' TERM; sleep 1000 & wait; sleep 1000"],
                        stop=[{"signal": "TERM", "wait": "500ms"}, {"signal": "KILL", "wait": "0s"}])
    runaway = instance("runaway", ["/bin/sh", "-c", "setsid sleep 1000 & setsid sh -c 'sleep 1000 & exec sleep 1000' & "
                                   "exec sleep 1000"])
    it = supervised(four() + [stubborn, runaway])
    until("the runaways run", lambda: len(it.stack_processes()) >= 4 + 2 + 4 + 1)
    it.machine.run("systemctl", "stop", "bedplated")
    assert it.stack_processes() == {}
    assert it.machine.show("bedplated", "ActiveState", "Result") == {"ActiveState": "inactive", "Result": "success"}


def test_stop_waits_for_stop_plans_that_take_longer_than_systemd_s_own_patience(supervised):
    patient = instance("patient", ["/bin/sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"],
                       stop=[{"signal": "TERM", "wait": "4s"}, {"signal": "KILL", "wait": "0s"}])
    it = supervised(four() + [patient], "TimeoutStopSec=1s\nWatchdogSec=1s")
    it.machine.run("systemctl", "stop", "bedplated")
    assert it.machine.show("bedplated", "ActiveState", "Result") == {"ActiveState": "inactive", "Result": "success"}
    assert it.stack_processes() == {} and "trap" not in str(it.machine.processes())
    assert all(it.log(name)[-1] == "last words" for name in PORTS)


def test_a_supervisor_that_is_told_to_leave_stops_the_stack_and_systemd_starts_it_anew(supervised):
    it = supervised(four())
    before = it.pids()
    it.kill(signal.SIGTERM)
    started = {"NRestarts": "1", "ActiveState": "active"}
    until("systemd has started it anew", lambda: it.machine.show("bedplated", *started) == started)
    after = it.wait_until_healthy()
    assert not set(after.values()) & set(before.values())
    assert all(it.log(name).count("last words") == 1 for name in PORTS)
    # Two log pipes each, the control and the notify socket: nothing that systemd kept over this is left of the run before.
    kept = it.machine.show("bedplated", "NFileDescriptorStore")["NFileDescriptorStore"]
    assert kept == str(2 * len(PORTS) + 2)
    it.wait_for_another(it.kill())
    assert it.wait_until_healthy() == after


def test_no_client_that_comes_while_the_supervisor_leaves_is_kept_waiting(supervised):
    it = supervised(four())
    control = str(it.machine.live / "run/bedplate/control")
    it.kill(signal.SIGTERM)
    clients, refused = [], False
    try:
        # Many of them come after it has looked there for the last time.
        while not refused:
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(20)
            try:
                client.connect(control)
                clients.append(client)
            except BlockingIOError:  # The queue is full.
                client.close()
            except (ConnectionRefusedError, FileNotFoundError):
                refused = True
                client.close()
        for client in clients:
            try:
                assert client.recv(1) == b""
            except ConnectionResetError:
                pass
    finally:
        for client in clients:
            client.close()


def test_restart_stops_the_whole_stack_in_order_and_starts_it_anew(supervised):
    it = supervised(four())
    before = it.pids()
    it.machine.run("systemctl", "restart", "bedplated")
    after = it.wait_until_healthy()
    assert not set(before.values()) & set(after.values())
    assert all(it.log(name).count("last words") == 1 for name in PORTS)


def test_a_control_socket_and_log_pipes_that_were_replaced_are_the_ones_the_next_supervisor_uses(supervised):
    it = supervised(four(rate=200))
    kept = it.machine.show("bedplated", "NFileDescriptorStore")
    it.machine.sh("rm /run/bedplate/control /run/bedplate/logs/engine.*")
    it.machine.run("systemctl", "reload", "bedplated")
    it.ask("Restart", instances=["engine"])
    before = it.wait_until_healthy()
    assert it.machine.show("bedplated", "NFileDescriptorStore") == kept
    it.wait_for_another(it.kill())
    assert it.wait_until_healthy() == before
    count = len(it.numbers("engine"))
    until("its lines arrive", lambda: len(it.numbers("engine")) > count + 100)
    it.machine.run("systemctl", "stop", "bedplated")
    runs = "\n".join(it.log("engine")).split("last words")
    second_run = [int(number) for number in re.findall(r"line (\d+)", runs[1])]
    assert consecutive(second_run), second_run


def test_what_an_operator_stopped_stays_stopped_after_a_reboot_and_after_a_power_cut(supervised):
    it = supervised(four())
    it.machine.run("systemctl", "enable", "bedplated")
    it.ask("Stop", instances=["web@blue"])
    it.machine.reboot()
    assert set(it.wait_until_healthy()) == set(PORTS) - {"web@blue"}
    it.machine.cut_power()
    it.machine.boot()
    assert set(it.wait_until_healthy()) == set(PORTS) - {"web@blue"}
    it.machine.poweroff()


def test_instances_of_users_of_their_own_are_adopted_and_stopped_within_the_unit_s_capabilities(supervised):
    it = supervised([workload("api@blue", 8001, user="games", group="games"),
                     instance("script", ["/bin/sh", "-c", "sleep 1000 & exec sleep 1000"], user="nobody")])
    before = it.pids()
    users = it.machine.sh(f"stat -c %U /proc/{before['api@blue']} /proc/{before['script']}").split()
    assert users == ["games", "nobody"]
    it.wait_for_another(it.kill())
    assert it.wait_until_healthy() == before
    it.machine.run("systemctl", "stop", "bedplated")
    assert it.stack_processes() == {}
    assert consecutive(it.numbers("api@blue"))


def test_systemd_delegates_a_control_group_in_which_the_stack_runs(supervised):
    make = "group=/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup); mkdir $group/made && rmdir $group/made && echo yes"
    it = supervised([instance("prober", ["/bin/sh", "-c", make], kind="oneshot"), workload("api@blue", 8001)])
    assert it.machine.show("bedplated", "Delegate", "ControlGroup") == \
        {"Delegate": "yes", "ControlGroup": "/system.slice/bedplated.service"}
    until("the prober has spoken", lambda: it.log("prober"))
    assert it.log("prober") == ["yes"]
    group = it.machine.sh(f"sed -n s/^0:://p /proc/{it.pids()['api@blue']}/cgroup").strip()
    assert group == "/system.slice/bedplated.service/api@blue"


def test_a_stack_that_is_not_there_is_refused_by_name_and_one_that_is_not_understood_is_not_tried_again(host, programs):
    it = Supervised(host(), programs)
    it.install([workload("api@blue", 8001)])
    it.machine.run("systemctl", "stop", "bedplated")
    it.machine.write("/var/lib/bedplate/stack.json", "{")
    assert it.machine.run("systemctl", "start", "bedplated", check=False).returncode != 0
    assert it.machine.show("bedplated", "ActiveState", "ExecMainStatus", "NRestarts") == \
        {"ActiveState": "failed", "ExecMainStatus": "64", "NRestarts": "0"}
    it.machine.sh("rm /var/lib/bedplate/stack.json")
    refused = it.machine.run("systemctl", "start", "bedplated", check=False)
    assert refused.returncode != 0 and "Assertion failed" in refused.stderr, refused


def test_a_supervisor_that_cannot_come_back_leaves_the_stack_running_until_it_can(supervised):
    it = supervised(four(rate=200))
    before, stack = it.pids(), it.machine.read("/var/lib/bedplate/stack.json")
    it.machine.write("/var/lib/bedplate/stack.json", "{")
    it.kill()
    until("systemd gives up", lambda: it.machine.show("bedplated", "ActiveState")["ActiveState"] == "failed")
    assert sorted(it.stack_processes()) == sorted(before.values())
    it.machine.write("/var/lib/bedplate/stack.json", stack)
    it.machine.run("systemctl", "start", "bedplated")
    assert it.wait_until_healthy() == before
    it.machine.run("systemctl", "stop", "bedplated")
    assert all(consecutive(it.numbers(name)) for name in PORTS)


def test_a_stop_while_no_supervisor_runs_stops_nothing_and_start_then_stop_makes_up_for_it(supervised):
    it = supervised(four(), "RestartSec=1min")
    before = it.pids()
    it.kill()
    until("systemd has noticed", lambda: it.machine.show("bedplated", "SubState")["SubState"] == "auto-restart")
    it.machine.run("systemctl", "stop", "bedplated")
    assert sorted(it.stack_processes()) == sorted(before.values())
    it.machine.run("systemctl", "start", "bedplated")
    assert it.wait_until_healthy() == before
    it.machine.run("systemctl", "stop", "bedplated")
    assert it.stack_processes() == {}
