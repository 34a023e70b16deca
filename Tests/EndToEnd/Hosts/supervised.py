"""A host whose systemd runs bedplated, and conversations with it."""
import json
import os
import re
import signal
import socket
from pathlib import Path

from bed import CHECKOUT
from machine import Machine
from waiting import until

UNIT = CHECKOUT / "units/bedplated.service"
PROGRAM = "/usr/lib/bedplate/bedplated"
HERE = Path(__file__).parent


def instance(name: str, command: list[str], **changes) -> dict:
    """An entry of stack.json."""
    spec = {
        "name": name, "kind": "service", "command": command, "workingDirectory": "/", "environment": {},
        "secretEnvironment": {}, "credentials": {}, "autostart": True, "requires": [], "after": [],
        "restart": {"mode": "always", "initial": "100ms", "maximum": "30s", "resetAfter": "60s"},
        "probes": {}, "stop": [{"signal": "TERM", "wait": "10s"}, {"signal": "KILL", "wait": "0s"}],
        "logs": {"maximumSize": "16MiB", "keep": 5, "timestamps": True},
    }
    return {**spec, **changes}


def workload(name: str, port: int, rate: int = 50, **changes) -> dict:
    """A server that says a numbered line `rate` times a second, and is healthy when it answers."""
    probe = {"check": {"tcp": {"port": port}}, "interval": "500ms", "timeout": "5s", "startPeriod": "0s",
             "failureThreshold": 3, "successThreshold": 1}
    changes.setdefault("probes", {"readiness": probe})
    return instance(name, ["/usr/bin/perl", "/srv/workload.pl", str(port), str(rate)], **changes)


class Supervised:
    """bedplated, under the systemd of a booted host."""

    def __init__(self, machine: Machine, programs: Path | None = None):
        self.machine = machine
        self.programs = programs

    def install(self, instances: list[dict], settings: str = "") -> None:
        """Lays down what a package would, and starts it. `settings` are lines of [Service] for this test alone."""
        machine = self.machine
        machine.write(PROGRAM, (self.programs / "bedplated").read_bytes(), 0o755)
        machine.write("/lib/systemd/system/bedplated.service", UNIT.read_bytes())
        if settings:
            machine.write("/etc/systemd/system/bedplated.service.d/test.conf", f"[Service]\n{settings}\n")
        self.start(instances)

    def start(self, instances: list[dict]) -> None:
        """Starts the bedplated that is there, with these instances."""
        machine = self.machine
        for script in ("workload.pl", "load.pl"):
            machine.write(f"/srv/{script}", (HERE / script).read_bytes())
        stack = {"format": 1, "profile": "test", "instances": instances, "live": "blue",
                 "directories": {"state": "/var/lib/bedplate", "logs": "/var/log/bedplate", "run": "/run/bedplate"}}
        machine.write("/var/lib/bedplate/stack.json", json.dumps(stack))
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "start", "bedplated")
        self.wait_until_healthy()

    def ask(self, method: str, limit: float = 30, **parameters) -> dict:
        """One call on the control socket. A connection that the supervisor's death cut off is made again; one that is
        refused is an error, because the socket outlives the supervisor."""
        request = json.dumps({"method": f"io.bedplate.Supervisor.{method}", "parameters": parameters}).encode() + b"\0"

        def attempt():
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(limit)
                client.connect(str(self.machine.live / "run/bedplate/control"))
                answer = b""
                try:
                    client.sendall(request)
                    while not answer.endswith(b"\0"):
                        part = client.recv(1 << 16)
                        if not part:
                            return None
                        answer += part
                except (ConnectionResetError, BrokenPipeError):
                    return None
                return json.loads(answer[:-1])

        reply = until(f"bedplated answers {method}", attempt, limit)
        assert "error" not in reply, reply
        return reply["parameters"]

    def status(self) -> dict:
        return self.ask("Status")

    def instances(self) -> dict[str, dict]:
        return {entry["name"]: entry for entry in self.status()["instances"]}

    def pids(self) -> dict[str, int]:
        return {name: entry["pid"] for name, entry in self.instances().items() if entry.get("pid")}

    def wait_until_healthy(self, limit: float = 30) -> dict[str, int]:
        """The pids, once every instance that is wanted is up or has done its work."""
        def pids():
            wanted = [entry for entry in self.instances().values() if entry["wanted"]]
            return all(entry["healthy"] and entry["state"] in ("up", "completed") for entry in wanted) and self.pids()
        return until("every instance is healthy", pids, limit)

    def kill(self, number: int = signal.SIGKILL) -> int:
        """Sends a signal to the supervisor itself; its pid in the host."""
        pid = self.status()["pid"]
        os.kill(self.machine.outer_pid(pid), number)
        return pid

    def wait_for_another(self, pid: int, limit: float = 30) -> int:
        """The pid of the supervisor that followed the one with `pid`."""
        return until("another bedplated answers", lambda: (now := self.status()["pid"]) != pid and now, limit)

    def log(self, name: str) -> list[str]:
        """Every line of an instance that was kept, the oldest first, without its time."""
        folder = self.machine.root / "var/log/bedplate" / name
        files = sorted(folder.glob("@*.log")) + [folder / "current"]
        whole = "".join(file.read_text() for file in files)
        # While it runs, the last line may be half there.
        return [line.partition(" ")[2] for line in whole.split("\n")[:-1]]

    def numbers(self, name: str) -> list[int]:
        return [int(match[1]) for line in self.log(name) if (match := re.fullmatch(r"line (\d+)", line))]

    def stack_processes(self) -> dict[int, str]:
        """Processes of the stack and the supervisor, whoever their parent is."""
        return {pid: command for pid, command in self.machine.processes().items()
                if "/srv/workload.pl" in command or PROGRAM in command or "sleep 100" in command}
