"""The control socket as an independent Varlink client sees it (python-varlink), and the metrics as an OpenMetrics parser
reads them (prometheus_client)."""
import copy
import os
import re
import signal
import threading
import urllib.request

import pytest
import varlink
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from stack import Supervised, instance
from trial import free_ports
from waiting import until

INTERFACE = "io.bedplate.Supervisor"


@pytest.fixture
def supervised(bedplate, tmp_path):
    [port] = free_ports(1)
    running = Supervised.start(
        bedplate.with_name("bedplated"), tmp_path,
        instance("api@blue", "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.02; done"),
        instance("web@blue", "exec sleep 1000", requires=["api@blue"]),
        live="blue", metrics={"address": "127.0.0.1", "port": port})
    running.url = f"http://127.0.0.1:{port}/metrics"
    try:
        yield running
    finally:
        if running.process.poll() is None:
            assert running.stop() == 0


@pytest.fixture
def supervisor(supervised):
    with varlink.Client(address=supervised.address) as client, client.open(INTERFACE) as connection:
        yield connection


def states(supervisor) -> dict:
    return {i["name"]: i["state"] for i in supervisor.Status()["instances"]}


def pids(supervisor) -> dict:
    return {i["name"]: i.get("pid") for i in supervisor.Status()["instances"]}


def until_up(supervisor):
    until("everything is up", lambda: set(states(supervisor).values()) == {"up"})


def test_the_service_describes_itself_to_a_stranger(supervised):
    with varlink.Client(address=supervised.address) as client, client.open("org.varlink.service") as service:
        info = service.GetInfo()
        assert info["product"] == "bedplated" and set(info["interfaces"]) == {"org.varlink.service", INTERFACE}
        text = service.GetInterfaceDescription(INTERFACE)["description"]
        parsed = varlink.Interface(text)
        assert parsed.name == INTERFACE
        methods = {name for name, member in parsed.members.items() if type(member).__name__ == "_Method"}
        assert methods == set(re.findall(r"^method (\w+)", text, re.M)) and "Apply" in methods
        # Whatever it declares it also answers: with a reply, or with an error of its own.
        for method in methods - {"Reexecute", "Shutdown"}:
            with client.open(INTERFACE) as fresh:
                try:
                    next(iter(getattr(fresh, method)(_more=True)))
                except (varlink.VarlinkError, TypeError) as error:
                    assert "NotFound" not in str(error) and "NotImplemented" not in str(error), (method, error)


def test_stop_start_restart_and_signal_do_what_they_say(supervisor):
    until_up(supervisor)
    before = pids(supervisor)
    supervisor.Stop(["api@blue"])
    until("both are down", lambda: states(supervisor) == {"api@blue": "down", "web@blue": "waiting"})
    supervisor.Start(["web@blue"])
    until_up(supervisor)
    assert not set(before.values()) & set(pids(supervisor).values())
    before = pids(supervisor)
    supervisor.Restart(["web@blue"])
    until("web has another pid", lambda: pids(supervisor)["web@blue"] not in (None, before["web@blue"]))
    assert pids(supervisor)["api@blue"] == before["api@blue"]
    until_up(supervisor)
    supervisor.Signal("web@blue", "TERM")
    until("the signal is seen", lambda: any(
        i["name"] == "web@blue" and i.get("lastEnd") == "killed by TERM" for i in supervisor.Status()["instances"]))


def test_errors_have_their_names_and_parameters(supervisor):
    for call, name, parameters in [
        (lambda: supervisor.Start(["nobody"]), "UnknownInstance", {"instance": "nobody"}),
        (lambda: supervisor.Signal("api@blue", "NOPE"), "UnknownSignal", {"signal": "NOPE"}),
    ]:
        with pytest.raises(varlink.VarlinkError) as refused:
            call()
        assert refused.value.error() == f"{INTERFACE}.{name}"
        assert dict(refused.value.parameters()) == parameters


def test_apply_tells_the_difference_and_restarts_only_what_changed(supervised, supervisor):
    until_up(supervisor)
    before = pids(supervisor)
    stack = copy.deepcopy(supervised.stack)
    stack["instances"][1]["command"][2] = "exec sleep 2000"
    stack["instances"].append(instance("engine", "exec sleep 1000"))
    difference = supervisor.Apply(stack)
    assert difference == {"added": ["engine"], "removed": [], "changed": ["web@blue"], "unchanged": ["api@blue"]}
    until("the new ones are up", lambda: len(states(supervisor)) == 3 and set(states(supervisor).values()) == {"up"})
    after = pids(supervisor)
    assert after["api@blue"] == before["api@blue"] and after["web@blue"] != before["web@blue"]
    assert supervisor.Apply(stack)["changed"] == []
    stack["instances"][0]["command"] = ["relative"]
    with pytest.raises(varlink.VarlinkError) as refused:
        supervisor.Apply(stack)
    assert refused.value.error() == f"{INTERFACE}.InvalidStack"
    assert pids(supervisor) == after


def test_logs_and_events_stream_until_the_client_leaves(supervised, supervisor):
    until_up(supervisor)
    lines = []
    with varlink.Client(address=supervised.address) as client, client.open(INTERFACE) as following:
        for reply in following.Logs(instance="api@blue", lines=0, follow=True, _more=True):
            lines += reply["lines"]
            if len(lines) >= 10:
                break
    numbers = [int(line.split()[1]) for line in lines]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))

    seen, begun = [], threading.Event()

    def follow():
        with varlink.Client(address=supervised.address) as client, client.open(INTERFACE) as following:
            for reply in following.Events(lines=1, follow=True, _more=True):
                begun.set()
                seen.extend(reply["events"])
                if any(e["kind"] == "ended" for e in seen):
                    return

    follower = threading.Thread(target=follow)
    follower.start()
    assert begun.wait(10)
    os.kill(pids(supervisor)["web@blue"], signal.SIGKILL)
    follower.join(10)
    assert not follower.is_alive()
    ended = next(e for e in seen if e["kind"] == "ended")
    assert (ended["instance"], ended["reason"]) == ("web@blue", "killed by KILL")


def families(text: str) -> dict:
    return {family.name: family for family in text_string_to_metric_families(text)}


def test_the_port_gives_openmetrics_that_a_strict_parser_accepts(supervised, supervisor):
    until_up(supervisor)
    # It is up before it has said anything.
    until("a line of it is kept", lambda: supervisor.Logs(instance="api@blue", lines=1, follow=False)["lines"])
    with urllib.request.urlopen(supervised.url, timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
        found = families(answer.read().decode())
    blue = {"instance": "api@blue", "process": "api", "slot": "blue"}
    up = {sample.labels["instance"]: sample for sample in found["bedplate_instance_up"].samples}
    assert up["api@blue"].labels == blue and up["api@blue"].value == 1
    assert {s.labels["slot"]: s.value for s in found["bedplate_slot_live"].samples} == {"blue": 1, "green": 0}
    cpu = found["bedplate_instance_cpu_seconds"]
    assert (cpu.type, cpu.unit) == ("counter", "seconds") and cpu.samples[0].name.endswith("_total")
    assert found["bedplate_supervisor"].type == "info"
    log = next(s for s in found["bedplate_instance_log_bytes"].samples if s.labels == blue)
    assert log.value > 0
    # The socket gives the same metrics as the port.
    assert {f["name"] for reply in supervisor.Metrics(_more=True) for f in reply["families"]} == set(found)
