"""Clients that mean harm, or are merely broken: clear answers, and no file, memory or connection is left behind."""
import concurrent.futures
import json
import os
import socket
from pathlib import Path

import archives
import pytest
from platform_api import Platform, program
from waiting import until

MIB = 1 << 20
# The largest upload there may be.
UPLOAD = 500


@pytest.fixture(scope="module")
def platform(request, tmp_path_factory):
    if program() is None:
        request.getfixturevalue("bedplate")
    platform = Platform(tmp_path_factory.mktemp("hostile"), CSPM_SLOT="blue")
    platform.start("api")
    platform.sign_in()
    yield platform
    platform.stop()


class Process:
    """What a process holds: the API's, or that of another program by its place among those started."""

    def __init__(self, platform: Platform, number: int = 0):
        self.proc = Path(f"/proc/{platform.programs[number].pid}")

    def memory(self, kind: str = "VmRSS") -> int:
        line = next(line for line in (self.proc / "status").read_text().splitlines() if line.startswith(f"{kind}:"))
        return int(line.split()[1]) << 10

    def descriptors(self) -> int:
        return len(list((self.proc / "fd").iterdir()))


def connect(platform: Platform) -> socket.socket:
    return socket.create_connection(("127.0.0.1", platform.port), timeout=20)


def answer(connection: socket.socket) -> bytes:
    """All that comes until the other end closes."""
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionError:
        pass
    return received


def test_a_header_of_a_gigabyte_is_cut_off_early(platform):
    process = Process(platform)
    before = process.memory()
    with connect(platform) as connection:
        connection.settimeout(2)
        sent, wanted = 0, 1 << 30
        try:
            connection.sendall(b"GET /api/scans HTTP/1.1\r\nHost: x\r\nX-Long: ")
            while sent < wanted:
                sent += connection.send(b"a" * MIB)
        except OSError:
            pass
        # What lies in the sockets' buffers was sent, and not read.
        assert sent < 16 * MIB, "it reads on and on"
        assert answer(connection).startswith(b"HTTP/1.1 400 ")
    grown = process.memory() - before
    print(f"counts: {sent / MIB:.0f} MiB sent before it was cut off, memory grew by {grown / MIB:.1f} MiB")
    assert grown < 32 * MIB
    assert platform.call("GET", "/api/health/live")[0] == 200


def test_clients_that_send_a_byte_now_and_then_keep_nobody_waiting(platform):
    slow = [connect(platform) for _ in range(300)]
    try:
        for connection in slow:
            connection.sendall(b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Le")
        for _ in range(20):
            assert platform.call("GET", "/api/scans")[0] == 200
        # And each of them is still served when it comes to the point.
        for connection in slow[:20]:
            connection.sendall(b"ngth: 2\r\nConnection: close\r\n\r\n{}")
            assert answer(connection).startswith(b"HTTP/1.1 400 ")
    finally:
        for connection in slow:
            connection.close()


def a_thousand_at_once(platform) -> dict:
    request = (f"GET /api/scans HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {platform.token}\r\n"
               "Connection: close\r\n\r\n").encode()
    connections = [connect(platform) for _ in range(1000)]
    for connection in connections:
        connection.sendall(request)
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(answer, connections))
    for connection in connections:
        connection.close()
    return {text[:12]: sum(other[:12] == text[:12] for other in answers) for text in answers}


def test_a_thousand_connections_at_once_are_all_answered_and_leave_nothing(platform):
    process = Process(platform)
    descriptors, before = process.descriptors(), process.memory()
    first = a_thousand_at_once(platform)
    between = process.memory()
    second = a_thousand_at_once(platform)
    grown = process.memory() - between
    print(f"counts: {first}, memory grew by {(between - before) / MIB:.1f} MiB, and by {grown / MIB:.1f} MiB again")
    assert first == second == {b"HTTP/1.1 200": 1000}
    until("all connections are closed", lambda: process.descriptors() <= descriptors + 5)
    # What the first thousand needed is used again.
    assert grown < 16 * MIB


def test_clients_that_vanish_in_the_middle_of_an_upload_leave_no_file_and_no_memory(platform):
    process = Process(platform)
    uploads = platform.folder / "data/uploads"
    head = (f"POST /api/code/upload-scan HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {platform.token}\r\n"
            f"Content-Type: application/zip\r\nContent-Length: {50 * MIB}\r\n\r\n").encode()
    descriptors, memory = process.descriptors(), process.memory()
    begun = set()
    for number in range(1, 41):
        with connect(platform) as connection:
            connection.sendall(head + b"PK" + b"\0" * MIB)

            def is_there() -> bool:
                begun.update(uploads.iterdir())
                return len(begun) == number

            until("its file is there", is_there)
    until("nothing is left of them", lambda: list(uploads.iterdir()) == [])
    until("their connections are closed", lambda: process.descriptors() <= descriptors + 5)
    grown = process.memory() - memory
    print(f"counts: {len(begun)} uploads broken off, memory grew by {grown / MIB:.1f} MiB")
    assert grown < 32 * MIB
    assert platform.call("GET", "/api/scans")[1]["items"] == []


def test_a_large_upload_goes_to_the_disk_and_not_into_memory(platform):
    process = Process(platform)
    head = (f"POST /api/code/upload-scan HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {platform.token}\r\n"
            f"Content-Type: application/zip\r\nConnection: close\r\nContent-Length: {UPLOAD * MIB}\r\n\r\n").encode()
    # The most there ever was begins anew here: see proc(5), clear_refs.
    (process.proc / "clear_refs").write_text("5")
    before = process.memory()
    piece = os.urandom(MIB)
    with connect(platform) as connection:
        connection.sendall(head)
        for _ in range(UPLOAD):
            connection.sendall(piece)
        reply = answer(connection)
    assert reply.startswith(b"HTTP/1.1 202 "), reply[:200]
    grown = process.memory("VmHWM") - before
    print(f"counts: {UPLOAD} MiB uploaded, memory grew by {grown / MIB:.1f} MiB at most")
    assert grown < 32 * MIB
    scan = json.loads(reply.split(b"\r\n\r\n", 1)[1])["scan_id"]
    assert [file.stat().st_size for file in (platform.folder / "data/uploads").iterdir()] == [UPLOAD * MIB]
    assert platform.send("DELETE", f"/api/scans/{scan}", None, "application/json")[0] == 204


def test_archives_that_attack_end_as_failed_scans_and_leave_no_file_and_no_memory(platform):
    platform.start("worker", "engine")
    worker = Process(platform, 1)
    harmless = platform.scan()
    until("a harmless scan completes", lambda: platform.call("GET", f"/api/scans/{harmless}")[1]["status"] == "completed")
    (worker.proc / "clear_refs").write_text("5")
    before, descriptors = worker.memory(), worker.descriptors()
    reasons = {}
    for what, archive in archives.hostile().items():
        scan = platform.upload(archive)
        ended = until(f"'{what}' ends", lambda: (found := platform.call("GET", f"/api/scans/{scan}")[1])["status"] not in (
            "queued", "running") and found, limit=60)
        assert ended["status"] == "failed", (what, ended)
        reasons[what] = ended["reason"]
    folders = [platform.folder / "data" / name for name in ("uploads", "workspaces")]
    # A scan ends a moment before its files are gone.
    until("nothing is left of them", lambda: not any(list(folder.iterdir()) for folder in folders))
    grown = worker.memory("VmHWM") - before
    print(f"counts: {len(reasons)} attacks, memory grew by {grown / MIB:.1f} MiB at most: {reasons}")
    assert grown < 64 * MIB
    until("their files are closed", lambda: worker.descriptors() <= descriptors + 2)
