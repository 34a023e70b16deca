"""What the measurements share: the child program, its messages, and looking at processes."""

import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
from processes import memory, processor, tree  # noqa: E402, F401


class Bench:
    """A scratch directory, the compiled child, and the socket on which children report."""

    def __init__(self):
        base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.root = tempfile.mkdtemp(prefix="bench-", dir=base)
        self.child = f"{self.root}/child"
        subprocess.run(["cc", "-O2", "-o", self.child, f"{HERE}/child.c"], check=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.path = f"{self.root}/told"
        self.socket.bind(self.path)
        os.chmod(self.path, 0o666)
        os.environ["BENCH_SOCKET"] = self.path
        self.count = 0

    def directory(self):
        self.count += 1
        path = f"{self.root}/{self.count}"
        os.mkdir(path)
        return path

    def close(self):
        self.socket.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def next(self, seconds):
        """The next message: name, word, pid, nanoseconds on the monotonic clock."""
        if not select.select([self.socket], [], [], seconds)[0]:
            raise TimeoutError("no child reported in time")
        name, word, pid, when = self.socket.recv(256).decode().split()
        return name, word, int(pid), int(when)

    def forget(self):
        while select.select([self.socket], [], [], 0)[0]:
            self.socket.recv(256)

    def collect(self, word, count, seconds=120):
        """`count` messages of a kind, by name."""
        deadline = time.monotonic() + seconds
        found = {}
        while len(found) < count:
            name, said, pid, when = self.next(max(0, deadline - time.monotonic()))
            if said == word:
                found[name] = (pid, when)
        return found


def program_of(pid):
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


def switches(pids):
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/status") as file:
                total += sum(int(line.split()[1]) for line in file if "ctxt_switches" in line)
        except OSError:
            pass
    return total


def wait_for_ends(pids, seconds):
    """Waits until none of these processes is left."""
    waiting = select.poll()
    watched = {}
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        watched[descriptor] = pid
        waiting.register(descriptor, select.POLLIN)
    deadline = time.monotonic() + seconds
    while watched and time.monotonic() < deadline:
        for descriptor, _ in waiting.poll(1000 * max(0, deadline - time.monotonic())):
            waiting.unregister(descriptor)
            os.close(descriptor)
            del watched[descriptor]
    left = list(watched.values())
    for descriptor in watched:
        os.close(descriptor)
    return left


def end_now(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
