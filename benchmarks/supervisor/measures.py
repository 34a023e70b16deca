"""The measurements: each takes a system's class and gives numbers, lower or higher being better as its title says."""

import glob
import os
import random
import signal
import statistics
import subprocess
import time

import bench


def idle(count, mode="idle"):
    return [(f"p{number}", [mode], True) for number in range(count)]


def running(world, system, services):
    """A system whose services all run, and how long that took."""
    made = system(world, services)
    world.forget()
    began = time.monotonic_ns()
    made.launch()
    reports = world.collect("began", len(services))
    return made, reports, (max(when for _, when in reports.values()) - began) / 1e9 if services else 0


def life(world, system, count):
    """Start, memory, idle wake-ups and stop of `count` captured services."""
    made, _, start = running(world, system, idle(count))
    time.sleep(5 if count else 1)
    pids = made.own_pids()
    memory = bench.memory(pids)
    wakeups = None
    if count >= 1000:
        before = bench.switches(pids)
        time.sleep(10)
        wakeups = (bench.switches(pids) - before) / 10
    stop = made.stop()
    made.clean()
    return {"start": start, "memory": memory, "wakeups": wakeups, "stop": stop}


def crashes(world, system, services=20):
    """Milliseconds from the kill of a service that was ready for over a second to the `main` of the next process."""
    made, reports, _ = running(world, system, idle(services, "ready"))
    pids = {name: pid for name, (pid, _) in reports.items()}
    lived = {name: when for name, (_, when) in reports.items()}
    waits = []
    for _ in range(system.crash_rounds):
        for name in random.sample(sorted(pids), len(pids)):
            age = time.monotonic_ns() - lived[name]
            time.sleep(max(0.02, (1_200_000_000 - age) / 1e9))
            killed = time.monotonic_ns()
            os.kill(pids[name], signal.SIGKILL)
            while True:
                said, word, pid, when = world.next(10)
                if said == name and word == "began":
                    break
            waits.append((when - killed) / 1e6)
            pids[name], lived[name] = pid, when
    made.stop()
    made.clean()
    waits.sort()
    return {"median": statistics.median(waits), "p99": waits[int(len(waits) * 0.99) - 1]}


def capture(world, system, size):
    """MB of payload a second through one captured stdout into rotated files, and the bytes that are missing."""
    size -= size % 100
    made, reports, _ = running(world, system, [("flood", ["write", str(size)], True)])
    began = reports["flood"][1]
    ended = world.collect("wrote", 1, seconds=600)["flood"][1]
    time.sleep(1)  # the rest of the pipe
    seconds = bench.processor(made.own_pids())
    made.stop()
    expected = size + size // 100 * made.prefix
    kept = sum(os.path.getsize(path) for path in made.log_files("flood") if os.path.exists(path))
    made.clean()
    return {"rate": size / 1e6 / ((ended - began) / 1e9), "cpu": seconds * 1e6 / (size / 100), "missing": expected - kept}


def adoption(world, system, count, crashes):
    """Kills the supervisor of `count` writing services again and again."""
    services = [(f"p{number}", ["count", "100"], True) for number in range(count)]
    made, reports, _ = running(world, system, services)
    first = {name: pid for name, (pid, _) in reports.items()}
    waits = []
    for _ in range(crashes):
        time.sleep(1)
        made.process.kill()
        made.process.wait()
        world.forget()
        began = time.monotonic()
        made.launch()
        waits.append(adopted(made, count) - began)
    started_again = 0
    while True:
        try:
            world.next(0.5)
            started_again += 1
        except TimeoutError:
            break
    alive = {int(path.split("/")[2]) for path in glob.glob("/proc/[0-9]*/exe") if bench.program_of(path.split("/")[2]) == world.child}
    same = alive == set(first.values())
    made.stop()
    lost = sum(gaps(made.log_files(name)) for name in first)
    made.clean()
    return {
        "seconds": statistics.median(waits), "duplicates": started_again if same else max(started_again, 1),
        "lost": lost}


def adopted(made, count):
    """When the new supervisor says that all run."""
    import json
    import socket
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect(f"{made.root}/run/control")
            client.sendall(b'{"method":"io.bedplate.Supervisor.Status"}\0')
            answer = b""
            while not answer.endswith(b"\0"):
                part = client.recv(1 << 20)
                if not part:
                    break
                answer += part
            status = json.loads(answer[:-1])["parameters"]
            if status["pid"] == made.process.pid and sum(one["state"] == "up" for one in status["instances"]) == count:
                return time.monotonic()
        except (OSError, ValueError):
            time.sleep(0.005)
        finally:
            client.close()
    raise TimeoutError("not all services were adopted")


def gaps(paths):
    """Lines that are missing, doubled or broken in the counted output of one service."""
    text = b"".join(open(path, "rb").read() for path in paths if os.path.exists(path))
    numbers = []
    broken = 0
    for line in text.splitlines():
        parts = line.split(b" ")
        if len(parts) == 3 and parts[2].isdigit():
            numbers.append(int(parts[2]))
        else:
            broken += 1
    return broken + sum(1 for at, number in enumerate(numbers) if number != at + 1)
