"""The supervisors that are compared, each set up as its documentation says."""

import glob
import json
import os
import shutil
import signal
import subprocess

import bench

LOG_SIZE = 16 << 20
LOG_KEEP = 400


class System:
    """One supervisor running services: (name, arguments of the child, whether its output is captured)."""

    # How often each of the services is killed for the crash measure.
    crash_rounds = 10

    def __init__(self, world, services):
        self.world = world
        self.services = services
        self.root = world.directory()
        self.process = None
        self.lay()

    @classmethod
    def missing(cls):
        """Why it cannot be measured here; None when it can."""
        return next((f"{program} is not installed" for program in cls.programs if not shutil.which(program)), None)

    def launch(self):
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)

    def own_pids(self):
        """The supervisor's own processes, loggers included, its services not."""
        return [pid for pid in bench.tree(self.process.pid) if bench.program_of(pid) != self.world.child]

    def ask_to_stop(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self, seconds=120):
        """Stops everything in order; the seconds it took."""
        pids = bench.tree(self.process.pid)
        began = bench.time.monotonic()
        self.ask_to_stop()
        left = bench.wait_for_ends(pids, seconds)
        took = bench.time.monotonic() - began
        bench.end_now(left)
        self.process.wait()
        if left:
            raise TimeoutError(f"{self.name}: {len(left)} processes did not stop")
        return took

    def clean(self):
        shutil.rmtree(self.root, ignore_errors=True)

    def script(self, path, text):
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o755)


class Bedplated(System):
    name = "bedplated"
    program = None
    programs = ()

    @classmethod
    def missing(cls):
        return None if cls.program and os.access(cls.program, os.X_OK) else "bedplated is not built"

    def lay(self):
        instances = []
        for name, arguments, _ in self.services:
            instances.append({
                "name": name, "kind": "service", "command": [self.world.child, name, *arguments],
                "workingDirectory": "/", "environment": {"BENCH_SOCKET": self.world.path}, "secretEnvironment": {},
                "credentials": {}, "autostart": True, "requires": [], "after": [],
                "restart": {"mode": "always", "initial": "0s", "maximum": "30s", "resetAfter": "1s"}, "probes": {},
                "stop": [{"signal": "TERM", "wait": "10s"}, {"signal": "KILL", "wait": "0s"}],
                "logs": {"maximumSize": "16MiB", "keep": LOG_KEEP, "timestamps": True},
            })
        stack = {
            "format": 1, "profile": "bench", "instances": instances,
            "directories": {"state": f"{self.root}/state", "logs": f"{self.root}/logs", "run": f"{self.root}/run"},
        }
        with open(f"{self.root}/stack.json", "w") as file:
            json.dump(stack, file)

    def command(self):
        return [self.program, "--stack", f"{self.root}/stack.json"]

    def log_files(self, name):
        return sorted(glob.glob(f"{self.root}/logs/{name}/@*")) + [f"{self.root}/logs/{name}/current"]

    prefix = len("2026-11-22T10:46:13.123Z ")


class S6(System):
    name = "s6"
    programs = ("s6-svscan", "s6-supervise", "s6-log", "s6-svscanctl")

    def lay(self):
        os.mkdir(f"{self.root}/scan")
        os.mkdir(f"{self.root}/logs")
        for name, arguments, captured in self.services:
            path = f"{self.root}/scan/{name}"
            os.makedirs(path)
            self.script(f"{path}/run", f"#!/bin/sh\nexec {self.world.child} {name} {' '.join(arguments)}\n")
            if arguments == ["ready"]:
                # Only a service that was ready for a second is started again at once; others wait a second.
                with open(f"{path}/notification-fd", "w") as file:
                    file.write("3\n")
            if captured:
                os.makedirs(f"{path}/log")
                self.script(
                    f"{path}/log/run",
                    f"#!/bin/sh\nexec s6-log t n{LOG_KEEP} s{min(LOG_SIZE, 16777215)} {self.root}/logs/{name}\n")

    def command(self):
        return ["s6-svscan", "-c", "2000", f"{self.root}/scan"]

    def ask_to_stop(self):
        subprocess.run(["s6-svscanctl", "-t", f"{self.root}/scan"], check=True)

    def log_files(self, name):
        return sorted(glob.glob(f"{self.root}/logs/{name}/@*")) + [f"{self.root}/logs/{name}/current"]

    prefix = len("@4000000065d2b8a30a1b2c3d ")


class Runit(System):
    name = "runit"
    programs = ("runsvdir", "runsv", "svlogd")

    def lay(self):
        os.mkdir(f"{self.root}/scan")
        os.mkdir(f"{self.root}/logs")
        for name, arguments, captured in self.services:
            path = f"{self.root}/scan/{name}"
            os.makedirs(path)
            self.script(f"{path}/run", f"#!/bin/sh\nexec {self.world.child} {name} {' '.join(arguments)}\n")
            if captured:
                os.makedirs(f"{path}/log")
                os.makedirs(f"{self.root}/logs/{name}")
                with open(f"{self.root}/logs/{name}/config", "w") as file:
                    file.write(f"s{LOG_SIZE}\nn{LOG_KEEP}\n")
                self.script(f"{path}/log/run", f"#!/bin/sh\nexec svlogd -t {self.root}/logs/{name}\n")

    def command(self):
        return ["runsvdir", "-P", f"{self.root}/scan"]

    def ask_to_stop(self):
        self.process.send_signal(signal.SIGHUP)

    def log_files(self, name):
        return sorted(glob.glob(f"{self.root}/logs/{name}/@*")) + [f"{self.root}/logs/{name}/current"]

    prefix = len("@4000000065d2b8a30a1b2c3d ")


class Supervisord(System):
    name = "supervisord"
    crash_rounds = 1  # it waits a second each time
    programs = ("supervisord",)

    def lay(self):
        os.makedirs(f"{self.root}/logs")
        text = (
            f"[supervisord]\nnodaemon=true\nminfds=8192\nlogfile={self.root}/log\npidfile={self.root}/pid\n"
            f"childlogdir={self.root}/logs\nuser=root\n")
        for name, arguments, captured in self.services:
            capture = (
                f"stdout_logfile={self.root}/logs/{name}\nstdout_logfile_maxbytes=16MB\n"
                f"stdout_logfile_backups={LOG_KEEP}\n" if captured else "stdout_logfile=NONE\n")
            text += (
                f"[program:{name}]\ncommand={self.world.child} {name} {' '.join(arguments)}\nstartsecs=0\n"
                f"autorestart=true\nredirect_stderr=true\n{capture}")
        with open(f"{self.root}/conf", "w") as file:
            file.write(text)

    def command(self):
        return ["supervisord", "-c", f"{self.root}/conf"]

    def log_files(self, name):
        return glob.glob(f"{self.root}/logs/{name}*")

    prefix = 0  # it puts no time before a line


ALL = (Bedplated, S6, Runit, Supervisord)
