"""Traffic as browsers and clients make it: kept and new connections, an upload, a WebSocket, a stream of events.

A server may close an idle connection at any moment. As every HTTP client does, these open a new one where that has happened before
they ask, and send a request again on a new one where the old ends before a byte of the answer came (RFC 9112, section 9.3.1). Both
are counted apart.

The clients are a process of their own: what the caller does meanwhile, such as starting a command, must not hold them up.
"""
import asyncio
import json
import multiprocessing
import signal
import time
from dataclasses import dataclass, field

from streaming import frame, upgrade

FORK = multiprocessing.get_context("fork")
FOUND = ("failures", "again", "renewed", "uploads", "frames", "events", "answers")


@dataclass
class Traffic:
    """`with Traffic(port) as traffic:`; afterwards, what went wrong is in `failures`."""
    port: int
    kept: int = 4
    pause: float = 0.01
    fresh: float = 40
    upload_bytes: int = 0
    upload_seconds: float = 0
    streams: bool = True
    path: str = "/api/who"
    failures: list = field(default_factory=list)
    again: int = 0
    # Kept connections that were closed between two requests.
    renewed: int = 0
    uploads: int = 0
    frames: int = 0
    events: int = 0
    # (when, milliseconds) of each request
    answers: list = field(default_factory=list)

    def __enter__(self):
        self._stop = FORK.Event()
        self._here, there = FORK.Pipe()
        self._process = FORK.Process(target=self._clients, args=(there,), daemon=True)
        self._process.start()
        there.close()
        assert self._here.poll(20) and self._here.recv() == "ready", "the clients did not begin"
        return self

    def __exit__(self, *_):
        self._stop.set()
        try:
            self.__dict__.update(self._here.recv())
        finally:
            self._process.join()

    def _clients(self, there):
        # Whoever interrupts the caller ends these by it.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        asyncio.run(self._run(lambda: there.send("ready")))
        there.send({name: getattr(self, name) for name in FOUND})

    @property
    def pid(self) -> int:
        """The process of the clients."""
        return self._process.pid

    @property
    def running(self) -> bool:
        return not self._stop.is_set()

    async def _run(self, begun):
        tasks = [asyncio.create_task(self._keep()) for _ in range(self.kept)]
        if self.fresh:
            tasks.append(asyncio.create_task(self._renew()))
        if self.upload_bytes:
            tasks.append(asyncio.create_task(self._upload()))
        if self.streams:
            tasks += [asyncio.create_task(self._guard("WebSocket", self._socket())),
                      asyncio.create_task(self._guard("event stream", self._events()))]
            while not (self.frames and self.events) and not self.failures:
                await asyncio.sleep(0.01)
        begun()
        await asyncio.gather(*tasks)

    async def _guard(self, what, work):
        try:
            await work
        except Exception as error:
            self.failures.append((what, time.monotonic(), repr(error)))

    async def _keep(self):
        connection = None
        while self.running:
            begin = time.monotonic()
            # Whoever keeps connections sees that one was closed while nothing was asked, and does not ask on it.
            if connection and connection[0].at_eof():
                connection[1].close()
                connection = None
                self.renewed += 1
            try:
                isNew = connection is None
                connection = connection or await asyncio.open_connection("127.0.0.1", self.port)
                try:
                    over = await asyncio.wait_for(self._exchange(*connection), 10)
                except EmptyAnswer:
                    connection[1].close()
                    connection = None
                    if isNew:
                        raise
                    self.again += 1
                    connection = await asyncio.open_connection("127.0.0.1", self.port)
                    over = await asyncio.wait_for(self._exchange(*connection), 10)
                if over:
                    connection[1].close()
                    connection = None
            except Exception as error:
                self.failures.append(("kept", begin, repr(error)))
                connection = None
            self.answers.append((begin, (time.monotonic() - begin) * 1000))
            await asyncio.sleep(self.pause)
        if connection:
            connection[1].close()

    async def _renew(self):
        tasks, begin, number = set(), time.monotonic(), 0
        while self.running:
            task = asyncio.create_task(self._once())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            number += 1
            await asyncio.sleep(max(0.0, begin + number / self.fresh - time.monotonic()))
        await asyncio.gather(*tasks)

    async def _once(self):
        begin = time.monotonic()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                await asyncio.wait_for(self._exchange(reader, writer), 10)
            finally:
                writer.close()
        except Exception as error:
            self.failures.append(("new", begin, repr(error)))
        self.answers.append((begin, (time.monotonic() - begin) * 1000))

    async def _exchange(self, reader, writer) -> bool:
        """One request; whether the connection is over."""
        try:
            writer.write(f"GET {self.path} HTTP/1.1\r\nHost: a.example\r\n\r\n".encode())
            await writer.drain()
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            if getattr(error, "partial", b""):
                raise
            raise EmptyAnswer from error
        fields = head.decode("latin-1").split("\r\n")
        length = next(int(f.partition(":")[2]) for f in fields if f.lower().startswith("content-length:"))
        await reader.readexactly(length)
        if not fields[0].startswith("HTTP/1.1 200"):
            raise ConnectionError(fields[0])
        return any(f.lower() == "connection: close" for f in fields)

    async def _upload(self):
        """One upload after the other, each as slow as asked."""
        pieces = 200
        while self.running:
            begin = time.monotonic()
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.write((f"POST /api/code/upload-scan HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n"
                              f"Content-Length: {self.upload_bytes}\r\n\r\n").encode())
                piece = bytes(self.upload_bytes // pieces)
                sent = 0
                for number in range(pieces):
                    sent += len(piece)
                    writer.write(piece if number < pieces - 1 else piece + bytes(self.upload_bytes - sent))
                    await writer.drain()
                    # The end of the load ends no upload: it only gets faster.
                    if self.running:
                        await asyncio.sleep(max(0.0, begin + self.upload_seconds * number / pieces - time.monotonic()))
                answer = await asyncio.wait_for(reader.read(), 60)
                writer.close()
                assert answer.startswith(b"HTTP/1.1 200"), answer[:200]
                assert json.loads(answer.partition(b"\r\n\r\n")[2])["bytes"] == self.upload_bytes, answer[:500]
                self.uploads += 1
            except Exception as error:
                self.failures.append(("upload", begin, repr(error)))

    async def _socket(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(upgrade("/api/socket").replace("\n", "\r\n").encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head
        # First it says who it is.
        size = (await reader.readexactly(2))[1]
        await reader.readexactly(size if size < 126 else int.from_bytes(await reader.readexactly(2), "big"))
        while self.running:
            text = f"{self.frames}".encode()
            writer.write(frame(text))
            echo = await asyncio.wait_for(reader.readexactly(2 + len(text)), 10)
            assert echo[2:] == text, echo
            self.frames += 1
            await asyncio.sleep(0.05)
        writer.close()

    async def _events(self):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"GET /api/stream HTTP/1.1\r\nHost: a.example\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        number = -1
        while self.running:
            line = await asyncio.wait_for(reader.readline(), 10)
            assert line, "the stream ended"
            if line.startswith(b"id:"):
                following = int(line.split()[1])
                assert following == number + 1, (number, line)
                number = following
                self.events += 1
        writer.close()


class EmptyAnswer(ConnectionError):
    """The connection ended before a byte of the answer."""
