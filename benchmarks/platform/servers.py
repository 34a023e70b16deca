"""The servers that are measured, and those that they use; all on loopback, ended by pid."""

import json
import os
import socket
import subprocess
import time
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.dirname(os.path.abspath(__file__))
VENV = f"{TOP}/.build-fixtures/benchmark"
SECRETS = {
    "SECRET_KEY": "0123456789abcdef0123456789abcdef", "ADMIN_PASSWORD": "an-administrator",
    "SETUP_TOKEN": "a-token-for-the-setup", "WEBHOOK_SECRET": "a-secret-for-the-webhooks"}
# Far above what is measured: requests are counted, and none is refused.
LIMIT = "1000000"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def until(what, condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.05)


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Programs:
    """What was started, so that it ends with the benchmark."""

    def __init__(self, folder):
        self.folder, self.running = folder, []

    def start(self, name, arguments, environment=None, port=None):
        log = open(f"{self.folder}/{name}.log", "ab")
        process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=HERE, env={**os.environ, **(environment or {})})
        self.running.append(process)
        if port:
            until(f"{name} listens", lambda: listens(port) or self.ended(name, process))
        return process

    def ended(self, name, process):
        if process.poll() is None:
            return False
        raise RuntimeError(f"{name} ended with {process.returncode}: " + open(f"{self.folder}/{name}.log").read()[-2000:])

    def stop(self, process):
        self.running.remove(process)
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def close(self):
        for process in reversed(list(self.running)):
            self.stop(process)


class Databases:
    def __init__(self, programs):
        mongo, redis = free_port(), free_port()
        for name in ("mongo", "redis"):
            os.mkdir(f"{programs.folder}/{name}")
        programs.start("mongodb", [
            f"{VENV}/bin/secantusd-py", "--host", "127.0.0.1", "--port", str(mongo), "--storage-path",
            f"{programs.folder}/mongo", "--standalone"], port=mongo)
        programs.start("redis", [
            "redis-server", "--port", str(redis), "--bind", "127.0.0.1", "--dir", f"{programs.folder}/redis",
            "--save", "", "--appendonly", "yes"], port=redis)
        self.mongo = f"mongodb://127.0.0.1:{mongo}/?directConnection=true"
        self.redis = f"redis://127.0.0.1:{redis}/0"


class Platform:
    """The platform's programs, set up, with one scan of many findings."""

    def __init__(self, programs, databases, cspm):
        self.programs, self.cspm, self.port = programs, cspm, free_port()
        os.makedirs(f"{programs.folder}/credentials")
        urls = {"MONGO_URL": databases.mongo, "REDIS_URL": databases.redis}
        for name, value in {**SECRETS, **urls}.items():
            with open(f"{programs.folder}/credentials/{name}", "w") as file:
                file.write(value)
        self.environment = {
            "CSPM_DATA": f"{programs.folder}/data", "CSPM_SLOT": "blue", "CSPM_STORE": "mongodb", "CSPM_QUEUE": "redis",
            "CREDENTIALS_DIRECTORY": f"{programs.folder}/credentials", "RATE_LIMIT_PER_ADDRESS": LIMIT,
            "RATE_LIMIT_PER_KEY": LIMIT}

    def start(self):
        return self.programs.start(
            "cspm-api", [self.cspm, "api", "--port", str(self.port)], self.environment, self.port)

    def prepare(self, archive, scans):
        """Completes setup and scans the archive; the access token and the scans' ids."""
        running = [self.start()] + [
            self.programs.start(f"cspm-{name}", [self.cspm, name], self.environment) for name in ("worker", "engine")]
        call(self.port, "POST", "/api/setup/complete", {"setup_token": SECRETS["SETUP_TOKEN"]})
        token = call(self.port, "POST", "/api/auth/login", {
            "username": "admin", "password": SECRETS["ADMIN_PASSWORD"]})["access_token"]
        ids = [call(self.port, "POST", "/api/code/upload-scan", archive, token)["scan_id"] for _ in range(scans)]
        for scan in ids:
            until("a scan ends", lambda: call(self.port, "GET", f"/api/scans/{scan}", None, token)["status"] == "completed")
        for process in running:
            self.programs.stop(process)
        return token, ids


class Rival:
    def __init__(self, programs, databases, workers):
        self.programs, self.workers, self.port = programs, workers, free_port()
        self.environment = {
            "MONGO_URL": databases.mongo, "REDIS_URL": databases.redis, "SECRET_KEY": SECRETS["SECRET_KEY"],
            "RATE_LIMIT": LIMIT, "PYTHONDONTWRITEBYTECODE": ""}

    def start(self):
        return self.programs.start("rival-api", [
            f"{VENV}/bin/uvicorn", "rival_api:app", "--host", "127.0.0.1", "--port", str(self.port), "--workers",
            str(self.workers), "--no-access-log"], self.environment, self.port)


def call(port, method, path, body=None, token=None):
    kind = "application/zip" if isinstance(body, bytes) else "application/json"
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": kind, **({"Authorization": f"Bearer {token}"} if token else {})}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=data, method=method, headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())
