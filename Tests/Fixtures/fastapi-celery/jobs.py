"""The Celery application: a task whose effect happens once, however often it is delivered."""
import itertools
import os
import time

import redis
from celery import Celery
from celery.beat import BeatLazyFunc

import settings

sent = itertools.count(1)


def stamp() -> str:
    """When the scheduler sends something, which slot's and process that is, and what number this is of its own."""
    return f"{time.time():.3f} {settings.SLOT} {os.getpid()} {next(sent)}"


app = Celery("jobs", broker=settings.redis_url())
app.conf.update(
    broker_transport_options={"visibility_timeout": settings.VISIBILITY_TIMEOUT},
    broker_connection_retry_on_startup=True,
    # A worker that is killed gives back what it has not finished: at least once, and the key makes it once.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    beat_schedule={"tick": {"task": "jobs.tick", "schedule": 1.0, "args": (BeatLazyFunc(stamp),)}},
)
store = redis.Redis.from_url(settings.redis_url(), decode_responses=True)
# The mark and the effect in one step: a worker that is killed leaves both or none.
once = store.register_script("""
    if redis.call('SET', KEYS[1], ARGV[2], 'NX') then
        redis.call('HINCRBY', 'effects', ARGV[1], 1)
        redis.call('HINCRBY', 'effects-by-slot', ARGV[2], 1)
    end
""")


@app.task(name="jobs.effect")
def effect(key: str, seconds: float = 0.0) -> None:
    """Has its effect for each key once, and counts its runs."""
    store.hincrby("runs", key, 1)
    time.sleep(seconds)
    once(keys=[f"done:{key}"], args=[key, settings.SLOT])


@app.task(name="jobs.tick")
def tick(stamp: str) -> None:
    """What the scheduler asks for, once a second: a second scheduler would show, and one that misses a second."""
    store.rpush("ticks", stamp)
