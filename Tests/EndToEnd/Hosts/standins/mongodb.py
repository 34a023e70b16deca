"""MongoDB's repository: packages named mongodb-org around SecantusDB from PyPI (GPL-2.0: a fixture, never shipped).

`mongodb-org-server` has the files, the user, the unit and the configuration of MongoDB's package; the others are empty
and only there to be depended on. There is no mongosh and there are no database tools.
"""
import sys
import textwrap
from pathlib import Path

from bed import cached, command
from mirrors import Mirror, repository

VERSION = "7.0.26"
SHAPE = Mirror(Path(), "repo.mongodb.org", "apt/debian", "bookworm/mongodb-org/7.0", "main", "static/pgp/server-7.0.asc")
# The same packages, where a noble host looks for them.
JAMMY = Mirror(Path(), "repo.mongodb.org", "apt/ubuntu", "jammy/mongodb-org/7.0", "multiverse", "static/pgp/server-7.0.asc")
PYTHON_PACKAGES = ["secantusdb==0.7.0b3", "pyyaml==6.0.3"]
# What the package needs of the distribution; MongoDB's own needs less.
NEEDS = "python3 (>= 3.11), python3 (<< 3.12), adduser"
EMPTY = {"mongodb-org": "mongodb-org-server, mongodb-org-mongos, mongodb-org-tools, mongodb-mongosh",
         "mongodb-org-database": "mongodb-org-server", "mongodb-org-mongos": "", "mongodb-org-tools": "",
         "mongodb-mongosh": ""}
CONFIGURATION = """\
    storage:
      dbPath: /var/lib/mongodb
    systemLog:
      destination: file
      logAppend: true
      path: /var/log/mongodb/mongod.log
    net:
      port: 27017
      bindIp: 127.0.0.1
    processManagement:
      timeZoneInfo: /usr/share/zoneinfo
    """
UNIT = """\
    [Unit]
    Description=MongoDB Database Server
    After=network-online.target
    Wants=network-online.target

    [Service]
    User=mongodb
    Group=mongodb
    EnvironmentFile=-/etc/default/mongod
    ExecStart=/usr/bin/mongod --config /etc/mongod.conf
    RuntimeDirectory=mongodb
    LimitNOFILE=64000

    [Install]
    WantedBy=multi-user.target
    """
POSTINST = """\
    #!/bin/sh
    set -e
    [ "$1" = configure ] || exit 0
    getent passwd mongodb >/dev/null ||
        adduser --system --quiet --group --home /home/mongodb --no-create-home --shell /usr/sbin/nologin mongodb
    install -d -o mongodb -g mongodb -m 755 /var/lib/mongodb /var/log/mongodb
    python3 -m compileall -q /usr/lib/mongodb-standin
    [ ! -d /run/systemd/system ] || systemctl daemon-reload
    """
PRERM = """\
    #!/bin/sh
    set -e
    [ "$1" != remove ] || [ ! -d /run/systemd/system ] || systemctl stop mongod.service
    find /usr/lib/mongodb-standin -name __pycache__ -type d -prune -exec rm -rf {} +
    """
POSTRM = """\
    #!/bin/sh
    set -e
    [ "$1" != purge ] || rm -rf /var/lib/mongodb /var/log/mongodb
    """


def mirror(shape: Mirror = SHAPE) -> Mirror:
    program = Path(__file__).with_name("mongod.py")
    packed = cached("mongodb-standin", Path(__file__), program, build=lambda folder: build(folder, program))
    return repository(shape, f"mongodb-{shape.suite.split('/')[0]}-mirror", sorted(packed.glob("*.deb")), "mongodb")


def build(folder: Path, program: Path) -> None:
    root = folder / "server"
    library = root / "usr/lib/mongodb-standin"
    command(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile",
            "--only-binary=:all:", "--python-version=3.11", "--target", library, *PYTHON_PACKAGES, timeout=900)
    command("chmod", "-R", "u=rwX,go=rX", root / "usr")
    put(root / "usr/bin/mongod", program.read_text(), 0o755)
    put(root / "etc/mongod.conf", CONFIGURATION)
    put(root / "lib/systemd/system/mongod.service", UNIT)
    put(root / "DEBIAN/conffiles", "/etc/mongod.conf\n")
    for name, script in {"postinst": POSTINST, "prerm": PRERM, "postrm": POSTRM}.items():
        put(root / "DEBIAN" / name, script, 0o755)
    pack(folder, root, "mongodb-org-server", NEEDS)
    for name, needs in EMPTY.items():
        pack(folder, folder / name, name, needs)


def put(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    path.chmod(mode)


def pack(folder: Path, root: Path, name: str, needs: str) -> None:
    put(root / "DEBIAN/control", f"Package: {name}\nVersion: {VERSION}\nArchitecture: amd64\nSection: database\n"
        + f"Priority: optional\nMaintainer: Test fixture <test@localhost>\n{f'Depends: {needs}' if needs else ''}\n".
        replace("\n\n", "\n") + "Description: stand-in for MongoDB, for tests only\n")
    # The least compression: it is unpacked as often as it is packed.
    command("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", root, folder)
    command("rm", "-r", root)
