"""The built `cspm` under a folder of its own: the API with the worker and the engine, set up and signed in."""
import io
import json
import os
import subprocess
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

from trial import CHECKOUT, free_ports
from waiting import until

SECRETS = {
    "SECRET_KEY": "0123456789abcdef0123456789abcdef", "ADMIN_PASSWORD": "an-administrator",
    "SETUP_TOKEN": "a-token-for-the-setup", "WEBHOOK_SECRET": "a-secret-for-the-webhooks",
    "CLOUD_ENCRYPTION_KEY": "bm90LWEtc2VjcmV0LW9mLWFueWJvZHktMDEyMzQ1Njc=",  # bedplate:allow-secret
}


def program() -> Path | None:
    """The release build where there is one, as an installed host has it."""
    built = [CHECKOUT / ".build" / kind / "cspm" for kind in ("release", "debug")]
    return next((path for path in built if path.exists()), None)


class Platform:
    def __init__(self, folder: Path, **environment: str):
        self.folder, self.port = folder, free_ports(1)[0]
        credentials = folder / "credentials"
        credentials.mkdir()
        for name, value in SECRETS.items():
            (credentials / name).write_text(value)
        self.environment = {
            **os.environ, "CSPM_DATA": str(folder / "data"), "CREDENTIALS_DIRECTORY": str(credentials), **environment}
        self.programs, self.token = [], None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *names: str) -> None:
        for name in names:
            arguments = [name, "--port", str(self.port)] if name == "api" else [name]
            log = (self.folder / f"{name}.log").open("ab")
            self.programs.append(subprocess.Popen(
                [program(), *arguments], env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL))
        until("the API is ready", lambda: self.call("GET", "/api/health/ready")[0] == 200)

    def stop(self) -> None:
        for running in self.programs:
            running.terminate()
        for running in self.programs:
            assert running.wait(60) == 0

    def call(self, method: str, path: str, body: dict | None = None) -> tuple[int, dict]:
        data = None if body is None else json.dumps(body).encode()
        return self.send(method, path, data, "application/json")

    def upload(self, archive: bytes) -> str:
        status, accepted = self.send("POST", "/api/code/upload-scan", archive, "application/zip")
        assert status == 202, accepted
        return accepted["scan_id"]

    def scan(self) -> str:
        """A scan of a small upload in which nothing is found."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr("readme.txt", "nothing to see\n")
        return self.upload(archive.getvalue())

    def send(self, method: str, path: str, data: bytes | None, kind: str) -> tuple[int, dict]:
        headers = {"Content-Type": kind}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")
        except OSError:
            return 0, {}

    def sign_in(self) -> None:
        done, _ = self.call("POST", "/api/setup/complete", {"setup_token": SECRETS["SETUP_TOKEN"]})
        assert done == 200
        status, granted = self.call(
            "POST", "/api/auth/login", {"username": "admin", "password": SECRETS["ADMIN_PASSWORD"]})
        assert status == 200
        self.token = granted["access_token"]

    def log(self) -> str:
        return "".join(path.read_text() for path in self.folder.glob("*.log"))
