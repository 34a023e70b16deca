"""ZIP archives for uploads: good ones and hostile ones."""
import io
import secrets
import string
import struct
import subprocess
import zipfile
import zlib

from trial import CHECKOUT


def made_of(files: dict[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def own_sources() -> dict[str, bytes]:
    """Every file of this repository that git tracks, but for the corpus that is there to be found."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, check=True).stdout
    files = [name.decode() for name in names.split(b"\0") if name and not name.startswith(b"Tests/Fixtures/secrets/")]
    return {name: (CHECKOUT / name).read_bytes() for name in files if (CHECKOUT / name).is_file()}


def planted() -> tuple[dict[str, str], set[tuple[str, int, str]], list[str]]:
    """Files with secrets made up now, the (path, line, rule) each must be found at, and the secrets' values."""
    def letters(count: int, alphabet: str = string.ascii_letters + string.digits) -> str:
        return "".join(secrets.choice(alphabet) for _ in range(count))

    github = "ghp_" + letters(36)
    aws = "AKIA" + letters(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    password = letters(32)
    pem = "\n".join(letters(64, string.ascii_letters + string.digits + "+/") for _ in range(12))
    files = {
        "planted/deploy.sh": f"#!/bin/sh\nset -eu\nexport GITHUB_TOKEN={github}\n",
        "planted/config.py": f"import os\n\n\nAWS_ACCESS_KEY_ID = '{aws}'\n",
        "planted/settings.yaml": f"database:\n  host: db.internal\n  password: \"{password}\"\n",
        "planted/id_rsa": f"-----BEGIN RSA PRIVATE KEY-----\n{pem}\n-----END RSA PRIVATE KEY-----\n",
    }
    expected = {
        ("planted/deploy.sh", 3, "github-token"), ("planted/config.py", 4, "aws-access-key-id"),
        ("planted/settings.yaml", 3, "generic-password"), ("planted/id_rsa", 1, "private-key"),
    }
    return files, expected, [github, aws, password, pem.split("\n")[3]]


def with_link() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        entry = zipfile.ZipInfo("link")
        entry.create_system = 3
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    return out.getvalue()


def bomb(megabytes: int = 1024) -> bytes:
    """One entry that claims little and inflates to `megabytes`, made without holding them."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    data, crc, block = bytearray(), 0, bytes(1 << 20)
    for _ in range(megabytes):
        data += squeeze.compress(block)
        crc = zlib.crc32(block, crc)
    data += squeeze.flush()
    name, size = b"zeros", (megabytes << 20) & 0xFFFFFFFF
    size = min(size, 0xFFFFFFFE)
    local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, 0, 8, 0, 0, crc, len(data), size, len(name), 0) + name
    central = struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 20, 20, 0, 8, 0, 0, crc, len(data), size, len(name), 0, 0, 0, 0, 0, 0) + name
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, len(central), len(local) + len(data), 0)
    return local + bytes(data) + central + end


def hostile() -> dict[str, bytes]:
    good = made_of({"a.txt": "hello\n" * 100})
    return {
        "parent names": made_of({"../../escaped": "x"}),
        "absolute name": made_of({"/tmp/escaped": "x"}),
        "symbolic link": with_link(),
        "empty file": b"",
        "no archive": b"#!/bin/sh\necho this is no archive\n" * 50,
        "truncated": good[: len(good) // 2],
        "bomb": bomb(),
    }
