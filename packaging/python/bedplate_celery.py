"""What Celery needs to be moved from slot to slot: a worker that says when it consumes, and a scheduler with a lease.

Schedulers of both slots may run, and one of them at a time is at work. The lease is a lock of the kernel's on a file beside the
schedule, and ends with its holder's process at the latest. Who waits for it has loaded everything, so that it takes over within
milliseconds. The schedule is one file for all: each task is in it as sent before the next one is, and what falls due meanwhile is
sent by whoever comes next.
"""
import fcntl
import os
import pickle
import signal
import socket

from celery.beat import PersistentScheduler
from celery.signals import worker_ready

ENDS = (signal.SIGTERM, signal.SIGINT)


@worker_ready.connect
def say_ready(**_):
    """Says it to the supervisor (sd_notify): a switch does not stop the other slot's before."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
            notices.connect(address.replace("@", "\0", 1) if address.startswith("@") else address)
            notices.sendall(b"READY=1")


class Store(dict):
    """The schedule as a file that is replaced whole. Some of dbm's kinds write nothing before they are closed, so that a
    scheduler that is killed would leave what was known when it began."""

    def __init__(self, path):
        super().__init__()
        self.path = path
        if os.path.exists(path):
            with open(path, "rb") as file:
                self.update(pickle.load(file))

    @classmethod
    def open(cls, path, **_):
        return cls(path)

    def sync(self):
        # Not to the disk itself: what a power cut takes back is sent again.
        fresh = f"{self.path}.new"
        with open(fresh, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            pickle.dump(dict(self), file)
        os.replace(fresh, self.path)

    def close(self):
        self.sync()


class Scheduler(PersistentScheduler):
    persistence = Store
    _lease = None

    def __init__(self, *args, **options):
        super().__init__(*args, **{**options, "sync_every_tasks": 1})

    def setup_schedule(self):
        # The broker's driver is loaded, and not connected yet: nobody would keep the connection alive.
        self.app.connection_for_write().transport  # noqa: B018
        say_ready()
        # Celery's own answer to these asks for a scheduler that has its schedule.
        handlers = {number: signal.signal(number, signal.SIG_DFL) for number in ENDS}
        self._lease = os.open(f"{self.schedule_filename}.lease", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lease, fcntl.LOCK_EX)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        super().setup_schedule()

    def tick(self, *args, **options):
        """An end that is asked for meanwhile comes afterwards: a task is noted down before it is sent, and would be lost."""
        asked = []
        handlers = {number: signal.signal(number, lambda number, _: asked.append(number)) for number in ENDS}
        try:
            return super().tick(*args, **options)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            for number in asked:
                signal.raise_signal(number)

    def close(self):
        """Nothing is sent or written after this, which Celery calls twice."""
        if self._lease is None:
            return
        try:
            super().close()
        finally:
            os.close(self._lease)
            self._lease = None
