"""python-build-standalone's archive: a real CPython 3.12, built by pyenv on this machine, packed in the shape of their
`install_only` archives. Not theirs: the build options, and that it needs the host's libssl, libsqlite3 and libffi."""
import gzip
import hashlib
import shutil
import tarfile
from pathlib import Path

from bed import cached, command

LEFT_OUT = ["test", "idlelib", "tkinter", "turtledemo", "site-packages", "__pycache__"]


def prefix() -> Path | None:
    """Where this machine has a CPython 3.12 with its library beside it; `None` when it has none."""
    found = sorted(Path.home().glob(".pyenv/versions/3.12.*"))
    return next((place for place in reversed(found) if (place / "lib/libpython3.12.so.1.0").exists()), None)


def archive() -> Path:
    """The archive; beside it, under its name and `.sha256`, its digest."""
    source = prefix()
    place = cached("python-3.12", Path(__file__), str(source), build=lambda folder: pack(source, folder))
    return next(place.glob("*.tar.gz"))


def pack(source: Path, folder: Path) -> None:
    root = folder / "python"
    for part in ("bin", "lib", "include", "share"):
        shutil.copytree(source / part, root / part, symlinks=True, ignore=lambda directory, names: [
            name for name in names if name in LEFT_OUT or name.startswith(("config-3.12-", "_tkinter"))
            or name.endswith((".a", ".pyc"))])
    (root / "lib/python3.12/site-packages").mkdir()
    for script in (root / "bin").iterdir():
        # The scripts name the place it was built at.
        if not script.name.startswith("python") or script.name.endswith(("-config", ".py")):
            script.unlink()
    for text in [*(root / "lib/python3.12").glob("_sysconfigdata_*.py"), *(root / "lib/pkgconfig").glob("*.pc")]:
        if not text.is_symlink():
            text.write_text(text.read_text().replace(str(source), "/install"))
    libraries = [root / "lib/libpython3.12.so.1.0", *(root / "lib/python3.12/lib-dynload").glob("*.so")]
    for file in [root / "bin/python3.12", *libraries]:
        command("strip", "--strip-unneeded", file)
        command("patchelf", "--set-rpath", "$ORIGIN/../lib" if file.parent.name == "bin" else "", file)
    environment = {"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    command(root / "bin/python3.12", "-m", "ensurepip", env=environment)
    for script in (root / "bin").glob("pip*"):
        script.unlink()
    version = command(root / "bin/python3.12", "-c", "import platform; print(platform.python_version())",
                      env=environment).strip()
    target = folder / f"cpython-{version}+standin-x86_64-unknown-linux-gnu-install_only.tar.gz"
    with open(target, "wb") as file, gzip.GzipFile("", "wb", 6, file, mtime=0) as packed, \
            tarfile.open(fileobj=packed, mode="w") as tar:
        def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
            if "__pycache__" in entry.name:
                return None
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = "root"
            entry.mtime = 1_700_000_000
            return entry
        tar.add(root, "python", filter=plain)
    shutil.rmtree(root)
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    target.with_name(target.name + ".sha256").write_text(f"{digest}  {target.name}\n")
