"""Waiting for something to become true, with a limit and a reason."""
import time


def until(what: str, check, limit: float = 30, every: float = 0.05):
    """Returns check()'s first true value; fails with `what` and the last value after `limit` seconds."""
    end = time.monotonic() + limit
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"after {limit} s still not: {what} (last: {value!r})")
        time.sleep(every)
