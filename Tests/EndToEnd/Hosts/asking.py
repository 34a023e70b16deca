"""The platform of a booted host, as its users ask it."""
import json

from machine import Machine
from waiting import until

SECRETS = "/etc/bedplate/secrets"


class Asking:
    """Its administrator, signed in; by files, as nobody's token or password is an argument."""

    def __init__(self, machine: Machine):
        self.machine, self.token = machine, ""
        secret = {name: machine.read(f"{SECRETS}/{name}").strip() for name in ("SETUP_TOKEN", "ADMIN_PASSWORD")}
        until("the API is ready", lambda: ready(machine))
        self.say("/api/setup/complete", {"setup_token": secret["SETUP_TOKEN"]})
        self.token = self.say("/api/auth/login", {"username": "admin", "password": secret["ADMIN_PASSWORD"]})["access_token"]

    def ask(self, path: str, *options: str, check: bool = True) -> dict:
        header = f'header = "Authorization: Bearer {self.token}"\n' if self.token else ""
        self.machine.write("/root/.curlrc", header, mode=0o600)
        return json.loads(self.machine.run("curl", *["--fail-with-body"] * check, "--silent", *options,
                                           f"http://127.0.0.1:8080{path}").stdout)

    def say(self, path: str, body: dict, check: bool = True) -> dict:
        self.machine.write("/root/said", json.dumps(body), mode=0o600)
        return self.ask(path, "--json", "@/root/said", check=check)

    def ended(self, scan: str) -> dict:
        """The scan, when it is over."""
        return until("the scan ends", lambda: (found := self.ask(f"/api/scans/{scan}"))["status"] not in ("queued", "running") and found)

    def findings(self, scan: str) -> list[dict]:
        return self.ask(f"/api/scans/{scan}/findings?limit=100")["items"]


def ready(machine: Machine) -> bool:
    return machine.run("curl", "-sf", "http://127.0.0.1:8080/api/health/ready", check=False).returncode == 0
