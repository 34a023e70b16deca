"""A steady load on the front door: every request on a connection of its own, each outcome recorded."""
import asyncio
import time
from dataclasses import dataclass, field

from meanwhile import Meanwhile


@dataclass
class Report:
    sent: int = 0
    failures: list = field(default_factory=list)
    milliseconds: list = field(default_factory=list)


class Load(Meanwhile):
    """`with Load(address, paths, rate) as load:` sends `rate` requests a second, the paths in turn."""

    def __init__(self, address: str, requests: list[tuple[str, dict]], rate: float, timeout: float = 10):
        host, _, port = address.rpartition(":")
        self.host, self.port, self.requests, self.rate, self.timeout = host, int(port), requests, rate, timeout
        self.report = Report()

    def run(self):
        asyncio.run(self._run())

    async def _run(self):
        tasks, begin, number = set(), time.monotonic(), 0
        while not self.over.is_set():
            task = asyncio.create_task(self._one(*self.requests[number % len(self.requests)]))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            number += 1
            await asyncio.sleep(max(0.0, begin + number / self.rate - time.monotonic()))
        await asyncio.gather(*tasks)

    async def _one(self, path: str, headers: dict):
        self.report.sent += 1
        begin = time.monotonic()
        try:
            status = await asyncio.wait_for(self._exchange(path, headers), self.timeout)
            if status != 200:
                self.report.failures.append((path, status))
        except Exception as error:
            self.report.failures.append((path, repr(error)))
        self.report.milliseconds.append((time.monotonic() - begin) * 1000)

    async def _exchange(self, path: str, headers: dict) -> int:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            lines = [f"GET {path} HTTP/1.1", f"Host: {self.host}:{self.port}", "Connection: close"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
            await writer.drain()
            head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            fields = head.decode("latin-1").split("\r\n")
            length = next((int(f.partition(":")[2]) for f in fields if f.lower().startswith("content-length:")), None)
            if length is not None and length != len(body):
                raise ConnectionError(f"{len(body)} of {length} bytes of the body came")
            return int(fields[0].split(" ")[1])
        finally:
            writer.close()
