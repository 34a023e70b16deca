"""A trial of the built stack under a folder of its own, on ports of its own, and HTTP requests to it."""
import json
import socket
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on at this moment."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class Trial:
    root: Path
    settings: dict = field(default_factory=dict)
    token: str | None = None

    @classmethod
    def prepare(cls, root: Path) -> "Trial":
        door, blue_api, blue_web, green_api, green_web = free_ports(5)
        return cls(root, {
            "front_door.listen": f"127.0.0.1:{door}",
            "slots.blue.api": blue_api, "slots.blue.web": blue_web,
            "slots.green.api": green_api, "slots.green.web": green_web,
        })

    @property
    def url(self) -> str:
        return "http://" + self.settings["front_door.listen"]

    @property
    def door(self) -> int:
        """The front door's port."""
        return int(self.settings["front_door.listen"].rpartition(":")[2])

    @property
    def ports(self) -> list[int]:
        return [int(str(value).rpartition(":")[2]) for value in self.settings.values()]

    def install(self, timeout: float = 1800) -> subprocess.CompletedProcess:
        """Runs ./install.sh --trial to its end; its messages are in stdout and stderr."""
        command = ["./install.sh", "--trial", "--root", str(self.root)]
        for key, value in self.settings.items():
            command += ["--set", f"{key}={value}"]
        return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)

    def bedplate(self, *arguments: str, timeout: float = 180) -> subprocess.CompletedProcess:
        """Runs the trial's own bedplate."""
        program = self.root / "usr/bin/bedplate"
        return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL)

    def status(self) -> dict:
        result = self.bedplate("status", "--json")
        assert result.returncode == 0, result.stdout + result.stderr
        return json.loads(result.stdout)

    def instance(self, name: str) -> dict:
        return next(i for i in self.status()["instances"] if i["name"] == name)

    def secret(self, name: str) -> str:
        return (self.root / "etc/bedplate/secrets" / name).read_text().strip()

    @property
    def setup_token(self) -> str:
        return self.secret("SETUP_TOKEN")

    @property
    def admin_password(self) -> str:
        return self.secret("ADMIN_PASSWORD")

    def request(self, method: str, path: str, body=None, headers=None, timeout: float = 30) -> Answer:
        """One request through the front door on a connection of its own. A dict is sent as JSON."""
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        if self.token and "Authorization" not in headers:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(self.url + path, data=body, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return Answer(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, dict(error.headers), error.read())

    def get(self, path: str, **options) -> Answer:
        return self.request("GET", path, **options)

    def post(self, path: str, body=None, **options) -> Answer:
        return self.request("POST", path, body=body, **options)

    def complete_setup(self) -> None:
        answer = self.post("/api/setup/complete", {"setup_token": self.setup_token})
        assert answer.status == 200, answer

    def sign_in(self) -> None:
        answer = self.post("/api/auth/login", {"username": "admin", "password": self.admin_password})
        assert answer.status == 200, answer
        self.token = answer.json["access_token"]

    def upload(self, archive: bytes, name: str = "upload.zip") -> str:
        answer = self.post(f"/api/code/upload-scan?file_name={name}", archive, headers={"Content-Type": "application/zip"})
        assert answer.status == 202, answer
        return answer.json["scan_id"]

    def findings(self, scan: str) -> list[dict]:
        """Every finding of a scan, page by page."""
        found, cursor = [], None
        while True:
            page = self.get(f"/api/scans/{scan}/findings?limit=100" + (f"&cursor={cursor}" if cursor else "")).json
            found += page["items"]
            cursor = page.get("next")
            if not cursor:
                return found


def listening(port: int) -> bool:
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0


def processes_under(root: Path) -> list[str]:
    """Command lines of the processes that run a program of this root or were told of it."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            program = str((entry / "exe").readlink())
        except OSError:
            continue
        if program.startswith(str(root)) or (str(root) in command and "pytest" not in command):
            found.append(f"{entry.name} {command}")
    return found
