"""A small stack run by the built supervisor alone: for what needs no nginx, no platform and no installation."""
import json
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from waiting import until


def instance(name: str, script: str, **changes) -> dict:
    """A service that runs a shell script."""
    return {
        "name": name, "kind": "service", "command": ["/bin/sh", "-c", script], "workingDirectory": "/", "environment": {},
        "secretEnvironment": {}, "credentials": {}, "autostart": True, "requires": [], "after": [],
        "restart": {"mode": "always", "initial": "20ms", "maximum": "1s", "resetAfter": "1m"}, "probes": {},
        "stop": [{"signal": "TERM", "wait": "5s"}, {"signal": "KILL", "wait": "0s"}],
        "logs": {"maximumSize": "1MiB", "keep": 2, "timestamps": False}, **changes,
    }


def listens(path: Path) -> bool:
    """The file is there a moment before somebody listens behind it."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


@dataclass
class Supervised:
    root: Path
    stack: dict
    process: subprocess.Popen

    @staticmethod
    def start(program: Path, root: Path, *instances: dict, **changes) -> "Supervised":
        stack = {
            "format": 1, "profile": "test", "directories": {n: str(root / n) for n in ("state", "logs", "run")},
            "instances": list(instances), **changes,
        }
        path = root / "stack.json"
        path.write_text(json.dumps(stack))
        supervised = Supervised(root, stack, subprocess.Popen([program, "--stack", path], stdin=subprocess.DEVNULL))
        until("the supervisor listens on its control socket", lambda: listens(root / "run/control"))
        return supervised

    @property
    def address(self) -> str:
        return f"unix:{self.root}/run/control"

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(30)
