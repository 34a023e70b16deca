"""What Celery needs to be moved from slot to slot: a worker and a scheduler that stand by until their slot is live.

Those of both slots may run. Who stands by has loaded everything, says so to the supervisor, and goes on when BEDPLATE_LIVE_SLOT, a
file, names its slot; without that file it goes on at once. A worker then consumes, and says that. A scheduler then waits for a lease,
so that one at a time is at work: a lock of the kernel's on a file beside the schedule, which ends with its holder's process at the
latest. The schedule is one file for all: each task is in it as sent before the next one is, and what falls due meanwhile is sent by
whoever comes next.
"""
import ctypes
import fcntl
import os
import pickle
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

from celery.beat import PersistentScheduler
from celery.signals import celeryd_after_setup, worker_ready

ENDS = (signal.SIGTERM, signal.SIGINT)
# inotify(7); the file is replaced by a rename.
IN_MOVED_TO = 0x80


def say(status):
    """Says to the supervisor (sd_notify) that it is ready, and for what: a switch does not stop the other slot's before."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
            notices.connect(address.replace("@", "\0", 1) if address.startswith("@") else address)
            notices.sendall(f"READY=1\nSTATUS={status}".encode())


@worker_ready.connect
def say_at_work(**_):
    # A supervisor that is being replaced need not hear it: it has heard of READY=1, and asks for no more.
    with suppress(OSError):
        say("at work")


def is_live():
    try:
        return Path(os.environ["BEDPLATE_LIVE_SLOT"]).read_text().strip() == os.environ["BEDPLATE_SLOT"]
    except (KeyError, FileNotFoundError):
        return True


def stand_by(app):
    """Returns once the slot is live."""
    # The broker's driver is loaded, and not connected yet: nobody would keep the connection alive.
    app.connection_for_write().transport  # noqa: B018
    if is_live():
        return
    libc = ctypes.CDLL(None, use_errno=True)
    watch = libc.inotify_init1(os.O_CLOEXEC)
    folder = os.path.dirname(os.environ["BEDPLATE_LIVE_SLOT"])
    if watch < 0 or libc.inotify_add_watch(watch, os.fsencode(folder), IN_MOVED_TO) < 0:
        raise OSError(ctypes.get_errno(), "cannot watch", folder)
    try:
        # What is renamed from here on is seen.
        say("standing by")
        while not is_live():
            os.read(watch, 4096)
    finally:
        os.close(watch)


@celeryd_after_setup.connect
def hold(instance, **_):
    """Before its pool is forked and its broker asked for jobs."""
    try:
        stand_by(instance.app)
    except Exception as error:
        # Celery passes over what its signals' receivers raise, and would go to work.
        sys.exit(f"cannot stand by: {error!r}")


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
        # Celery's own answer to these asks for a scheduler that has its schedule.
        handlers = {number: signal.signal(number, signal.SIG_DFL) for number in ENDS}
        stand_by(self.app)
        say("standing by")
        self._lease = os.open(f"{self.schedule_filename}.lease", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lease, fcntl.LOCK_EX)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        say_at_work()
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
