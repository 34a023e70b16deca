"""Looking at processes: what the benchmarks share."""

import os


def tree(root):
    """The pids of a process and everything below it."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", "rb") as file:
                    parents[int(entry)] = int(file.read().rsplit(b")", 1)[1].split()[1])
            except OSError:
                pass
    below = {}
    for pid, parent in parents.items():
        below.setdefault(parent, []).append(pid)
    found, at = [root], 0
    while at < len(found):
        found += below.get(found[at], [])
        at += 1
    return found


def processor(pids):
    """Seconds of processor time that the processes have had."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                fields = file.read().rsplit(b")", 1)[1].split()
                total += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return total / os.sysconf("SC_CLK_TCK")


def memory(pids, key=None):
    """Resident memory in MB: as the kernel counts it for one process, with shared pages divided for many."""
    total = 0
    key = key or (b"Rss:" if len(pids) == 1 else b"Pss:")
    for pid in pids:
        try:
            with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
                total += sum(int(line.split()[1]) for line in file if line.startswith(key))
        except OSError:
            pass
    return total / 1024
