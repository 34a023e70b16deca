"""An application with every part that a switch knows: a server, a worker, a scheduler, a smoke check, a migration.

usage: app.py server SLOT DATA PORT | worker SLOT DATA | scheduler SLOT DATA | smoke SLOT DATA PORT | migration SLOT DATA

Each does what a real one does, with the standard library alone. A file DATA/break-PART-SLOT makes a part fail; what
happened is in DATA, for the tests to count.
"""
import asyncio
import base64
import contextlib
import fcntl
import hashlib
import json
import os
import signal
import socket
import sqlite3
import sys
import time
import urllib.request
from pathlib import Path

PART, SLOT, DATA = sys.argv[1], sys.argv[2], Path(sys.argv[3])
IDENTITY = {"slot": SLOT, "pid": os.getpid()}
KEY = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


def is_broken() -> bool:
    return (DATA / f"break-{PART}-{SLOT}").exists()


def queue() -> sqlite3.Connection:
    """Jobs with a lease, and what came of them: an effect a key, and every run."""
    database = sqlite3.connect(DATA / "queue.sqlite", timeout=30, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE IF NOT EXISTS jobs (key TEXT PRIMARY KEY, leased REAL NOT NULL DEFAULT 0)")
    database.execute("CREATE TABLE IF NOT EXISTS runs (key TEXT, slot TEXT)")
    return database


class Server:
    def __init__(self):
        self.open: set[asyncio.StreamWriter] = set()
        self.streams: set[asyncio.Task] = set()
        self.stopping = asyncio.Event()

    async def run(self, port: int):
        server = await asyncio.start_server(self.serve, "127.0.0.1", port, limit=1 << 20, backlog=512)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.stopping.set)
        await self.stopping.wait()
        server.close()
        for stream in self.streams:
            stream.cancel()
        while self.open:
            await asyncio.sleep(0.01)

    async def serve(self, reader, writer):
        try:
            while not self.stopping.is_set():
                head = asyncio.ensure_future(reader.readuntil(b"\r\n\r\n"))
                stop = asyncio.ensure_future(self.stopping.wait())
                await asyncio.wait({head, stop}, return_when=asyncio.FIRST_COMPLETED)
                stop.cancel()
                if not head.done():
                    head.cancel()
                    return
                lines = head.result().decode("latin-1").split("\r\n")
                fields = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:] if line)}
                method, target, _ = lines[0].split(" ")
                self.open.add(writer)
                try:
                    if await self.answer(target.partition("?")[0], fields, reader, writer):
                        return
                finally:
                    self.open.discard(writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def answer(self, path, fields, reader, writer) -> bool:
        """Answers one request; whether the connection is over then."""
        body = 0
        left = int(fields.get("content-length", 0))
        while left:
            chunk = await reader.read(min(left, 1 << 16))
            if not chunk:
                raise ConnectionError("the body was cut")
            left -= len(chunk)
            body += len(chunk)
        if path == "/api/stream":
            return await self.forever(self.stream(writer))
        if path == "/api/socket":
            return await self.forever(self.socket(fields["sec-websocket-key"], reader, writer))
        broken = path != "/api/health" and is_broken()
        text = json.dumps({**IDENTITY, "bytes": body}).encode()
        writer.write(b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                     % (b"500 Broken" if broken else b"200 OK", len(text), text))
        await writer.drain()
        return fields.get("connection", "").lower() == "close"

    async def forever(self, stream) -> bool:
        task = asyncio.ensure_future(stream)
        self.streams.add(task)
        with contextlib.suppress(asyncio.CancelledError, ConnectionError, asyncio.IncompleteReadError):
            await task
        self.streams.discard(task)
        return True

    async def stream(self, writer):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Accel-Buffering: no\r\n"
                     b"Connection: close\r\n\r\n")
        number = 0
        while True:
            writer.write(f"id: {number}\ndata: {SLOT}\n\n".encode())
            await writer.drain()
            number += 1
            await asyncio.sleep(0.05)

    async def socket(self, key, reader, writer):
        accept = base64.b64encode(hashlib.sha1(key.encode() + KEY).digest())
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     b"Sec-WebSocket-Accept: %s\r\n\r\n" % accept)
        greeting = json.dumps(IDENTITY).encode()
        writer.write(bytes([0x81, len(greeting)]) + greeting)
        try:
            while True:
                # Short masked frames, which is all that the tests send.
                first, length = await reader.readexactly(2)
                mask = await reader.readexactly(4)
                payload = bytes(b ^ mask[i % 4] for i, b in enumerate(await reader.readexactly(length & 0x7F)))
                writer.write(bytes([first, len(payload)]) + payload)
                await writer.drain()
        except asyncio.CancelledError:
            writer.write(b"\x88\x02\x03\xf4")  # 1012: the service restarts
            raise


def say(status):
    """sd_notify(3), if anybody listens."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
            notices.sendto(f"READY=1\nSTATUS={status}".encode(), address)


def stand_by():
    """Waits until its slot is live, where it is told which one is. A TERM ends it."""
    live = os.environ.get("BEDPLATE_LIVE_SLOT")
    if not live or Path(live).read_text().strip() == SLOT:
        return
    say("standing by")
    while Path(live).read_text().strip() != SLOT:
        time.sleep(0.02)


def work():
    database = queue()
    stand_by()
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    say("at work")
    while not stopping:
        database.execute("BEGIN IMMEDIATE")
        job = database.execute("SELECT key FROM jobs WHERE leased < ? LIMIT 1", (time.time() - 30,)).fetchone()
        if job:
            database.execute("UPDATE jobs SET leased = ? WHERE key = ?", (time.time(), job[0]))
        database.execute("COMMIT")
        if not job:
            time.sleep(0.02)
            continue
        time.sleep(0.01)
        database.execute("BEGIN IMMEDIATE")
        database.execute("INSERT INTO runs VALUES (?, ?)", (job[0], SLOT))
        database.execute("DELETE FROM jobs WHERE key = ?", job)
        database.execute("COMMIT")


def schedule():
    stand_by()
    with open(DATA / "scheduler.lock", "w") as lock:
        # Told to stand by, it waits for the other one's end; else there is no other one.
        waits = "BEDPLATE_LIVE_SLOT" in os.environ
        if waits:
            say("standing by")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
        except BlockingIOError:
            (DATA / "two-schedulers").write_text(SLOT)
            sys.exit(1)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        say("at work")
        with open(DATA / "schedulers", "a") as log:
            log.write(f"{SLOT}\n")
        signal.sigwait({signal.SIGTERM})


def main():
    if PART != "server" and is_broken():
        sys.exit(f"{PART} of {SLOT} is broken")
    if PART == "server":
        if (DATA / f"break-start-{SLOT}").exists():
            sys.exit("the server cannot start")
        asyncio.run(Server().run(int(sys.argv[4])))
    elif PART == "worker":
        work()
    elif PART == "scheduler":
        schedule()
    elif PART == "smoke":
        with urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[4]}/api/health", timeout=5) as answer:
            assert json.load(answer)["slot"] == SLOT
    elif PART == "migration":
        with open(DATA / "migrations", "a") as log:
            log.write(f"{SLOT}\n")


main()
