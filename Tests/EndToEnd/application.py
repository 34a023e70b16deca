"""A FastAPI and Celery application as releases, and a trial of its profile with a Redis of its own."""
import json
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

from switched import SwitchedTrial
from trial import CHECKOUT, Trial, free_ports

FIXTURE = CHECKOUT / "Tests/Fixtures/fastapi-celery"
# What pip fetched is kept between runs, so that only the first one loads it.
WHEELS = CHECKOUT / ".build/pip-cache"


class CeleryTrial(SwitchedTrial):
    who = "/api/identity"
    parts = ("api", "web", "worker", "beat")

    def kept(self, name: str) -> list[str]:
        """A list in the application's Redis."""
        run = subprocess.run(["redis-cli", "-p", str(self.redis), "--json", "lrange", name, "0", "-1"],
                             capture_output=True, text=True, check=True)
        return json.loads(run.stdout)


def start(root: Path, **settings) -> CeleryTrial:
    """A trial without a release yet: nginx and Redis run. Every setting overrides the profile, with `__` for a dot."""
    trial = CeleryTrial.prepare(root)
    trial.settings.update({key.replace("__", "."): value for key, value in settings.items()})
    trial.redis = free_ports(1)[0]
    trial.settings["runtimes.python.version"] = f'"{version_of("/usr/bin/python3")}"'
    url = f"redis://127.0.0.1:{trial.redis}/0"
    overlay = root / "etc/bedplate/conf.d/10-redis.yaml"
    overlay.parent.mkdir(parents=True)
    overlay.write_text(f"""
processes:
  redis:
    command: [/usr/bin/redis-server, --port, "{trial.redis}", --bind, 127.0.0.1, --dir, "{{data}}", --appendonly, "yes",
      --save, ""]
    probes: {{readiness: {{redis: "127.0.0.1:{trial.redis}", interval: 200ms}}}}
  api: {{environment: {{REDIS_URL: "{url}"}}}}
  worker: {{environment: {{REDIS_URL: "{url}"}}}}
  beat: {{environment: {{REDIS_URL: "{url}"}}}}
  migrate: {{environment: {{REDIS_URL: "{url}"}}}}
  try:
    slotted: true
    oneshot: true
    role: smoke
    port: api
    command: [/usr/bin/curl, -sSf, "http://127.0.0.1:{{port}}/api/health/ready"]
""")
    if WHEELS.exists():
        shutil.copytree(WHEELS, root / "var/lib/bedplate/cache/pip")
    command = [CHECKOUT / ".build/release/bedplate", "trial", "start", "--root", root, "--checkout", CHECKOUT,
               "--profile", CHECKOUT / "profiles/fastapi-celery.yaml"]
    for key, value in trial.settings.items():
        command += ["--set", f"{key}={value}"]
    trial.installation = subprocess.run(command, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    return trial


def stop(trial: Trial) -> None:
    cache = trial.root / "var/lib/bedplate/cache/pip"
    if cache.exists() and not WHEELS.exists():
        shutil.copytree(cache, WHEELS)
    if (trial.root / "usr/bin/bedplate").exists():
        trial.bedplate("trial", "stop")


def version_of(python: str) -> str:
    return subprocess.run([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
                          capture_output=True, text=True, check=True).stdout.strip()


def release(folder: Path, **files: str) -> Path:
    """The application with these files changed; `__` in a name stands for a point."""
    shutil.copytree(FIXTURE, folder)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def packed(folder: Path, archive: Path) -> Path:
    """The folder as a gzipped tar archive with one folder in it."""
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder, arcname="application-2.0")
    return archive


def wheel(folder: Path) -> Path:
    """The application as a wheel: its modules, and what it needs by the versions that requirements.txt pins."""
    pins = [line.split()[0] for line in (FIXTURE / "requirements.txt").read_text().splitlines() if "==" in line]
    needed = "".join(f"Requires-Dist: {pin}\n" for pin in pins)
    content = {name: (FIXTURE / name).read_text() for name in ["server.py", "jobs.py", "settings.py"]}
    info = "application-2.0.dist-info"
    content[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: application\nVersion: 2.0\n{needed}"
    content[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    content[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*content, f"{info}/RECORD"])
    path = folder / "application-2.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in content.items():
            archive.writestr(name, text)
    return path


def deploy(trial: Trial, path: Path, timeout: float = 180) -> dict:
    result = trial.bedplate("deploy", str(path), "--json", timeout=timeout)
    assert result.returncode == 0, result.stdout + result.stderr
    return json.loads(result.stdout)
