"""A small stack run by the built supervisor alone: for what needs no nginx, no platform and no installation."""
import json
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
        until("the control socket is there", (root / "run/control").exists)
        return supervised

    @property
    def address(self) -> str:
        return f"unix:{self.root}/run/control"

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(30)
