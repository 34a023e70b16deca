"""Runs on the host: each command in turns, ROUNDS times; the seconds that each took, as JSON. A command that fails ends it.

usage: turns.py ROUNDS COMMANDS, which are JSON: a list of words by name
"""
import json
import subprocess
import sys
import time

rounds, commands = int(sys.argv[1]), json.loads(sys.argv[2])
found = {name: [] for name in commands}
for _ in range(rounds):
    for name, words in commands.items():
        begin = time.perf_counter()
        result = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        found[name].append(time.perf_counter() - begin)
        if result.returncode != 0:
            sys.exit(f"{name} ended with {result.returncode}:\n{result.stdout[-3000:]}")
        print(name, result.stdout[-300:], file=sys.stderr)
print(json.dumps(found))
