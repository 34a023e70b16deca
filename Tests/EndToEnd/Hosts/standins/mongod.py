#!/usr/bin/python3 -I
"""Stand-in for mongod 7.0: SecantusDB behind mongod's command line, its configuration file and its exit codes.

Real: the wire protocol, SCRAM-SHA-256, roles, storage on WiredTiger. Ours: the reported version, the localhost exception
(a first user may be made in `admin` while there is none), the log's shape, refusals. For tests only.
"""
import argparse
import dataclasses
import datetime
import json
import os
import signal
import socket
import sys

sys.path.insert(0, "/usr/lib/mongodb-standin")
VERSION = "7.0.26"
WIRE_VERSION = 21
SECTIONS = {"storage", "systemLog", "net", "processManagement", "security", "replication", "setParameter",
            "operationProfiling", "sharding"}


class Refused(Exception):
    """Ends the program as mongod ends: with a line and an exit code of its own."""

    def __init__(self, code: int, text: str):
        super().__init__(text)
        self.code = code


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mongod")
    parser.add_argument("--version", action="store_true")
    parser.add_argument("--config", "-f")
    parser.add_argument("--port", type=int)
    parser.add_argument("--bind_ip")
    parser.add_argument("--dbpath")
    parser.add_argument("--auth", action="store_true")
    return parser.parse_args()


def configuration(path: str | None) -> dict:
    import yaml
    if path is None:
        return {}
    try:
        with open(path) as file:
            content = yaml.safe_load(file) or {}
    except OSError as error:
        raise Refused(2, f"Error opening config file: {error.strerror}")
    except yaml.YAMLError as error:
        raise Refused(2, f"Error parsing YAML config file: {error}")
    for key in content:
        if key not in SECTIONS:
            raise Refused(2, f"Unrecognized option: {key}")
    return content


def setting(content: dict, path: str, default=None):
    for key in path.split("."):
        content = content.get(key) if isinstance(content, dict) else None
        if content is None:
            return default
    return content


class Log:
    def __init__(self, path: str | None):
        try:
            self.file = open(path, "a", buffering=1) if path else sys.stdout
        except OSError:
            raise Refused(1, f"Can't initialize rotatable log file :: caused by :: Failed to open {path}")

    def say(self, severity: str, component: str, number: int, text: str, **attributes) -> None:
        line = {"t": {"$date": datetime.datetime.now().astimezone().isoformat(timespec="milliseconds")}, "s": severity,
                "c": component, "id": number, "ctx": "main", "msg": text}
        print(json.dumps(line | ({"attr": attributes} if attributes else {})), file=self.file, flush=True)


def check_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Refused(48, f"Failed to set up listener: SocketException: {error.strerror}")


def as_mongod(commands, server, host: str) -> None:
    """Gives SecantusDB's commands mongod's version and its localhost exception."""
    commands.SERVER_VERSION, commands.WIRE_VERSION = VERSION, WIRE_VERSION
    commands.SERVER_VERSION_ARRAY = [int(part) for part in VERSION.split(".")] + [0]
    original = commands.dispatch

    def dispatch(document, context):
        name = next(iter(document), "")
        known = context.connection_auth is not None and context.connection_auth.is_authenticated
        if name == "shutdown" and (known or not context.require_auth):
            os.kill(os.getpid(), signal.SIGTERM)
            return {"ok": 1.0}
        if name == "createUser" and document.get("$db") == "admin" and context.require_auth and not known \
                and host in ("127.0.0.1", "::1") and not context.storage._scan_user_records():
            context = dataclasses.replace(context, require_auth=False)
        return original(document, context)

    commands.dispatch = server.dispatch = dispatch


def main() -> None:
    asked = options()
    if asked.version:
        print(f'db version v{VERSION}\nBuild Info: {{\n    "version": "{VERSION}",\n    "standin": "SecantusDB"\n}}')
        return
    content = configuration(asked.config)
    destination = setting(content, "systemLog.destination")
    log = Log(setting(content, "systemLog.path") if destination == "file" else None)
    host = (asked.bind_ip or str(setting(content, "net.bindIp", "127.0.0.1"))).split(",")[0].strip()
    if setting(content, "net.bindIpAll"):
        host = "0.0.0.0"
    port = asked.port or int(setting(content, "net.port", 27017))
    data = asked.dbpath or setting(content, "storage.dbPath", "/data/db")
    protected = asked.auth or setting(content, "security.authorization") == "enabled"
    log.say("I", "CONTROL", 4615611, "MongoDB starting", pid=os.getpid(), port=port, dbPath=data)
    if not os.path.isdir(data) or not os.access(data, os.W_OK):
        log.say("E", "CONTROL", 20557, "DBException in initAndListen, terminating", error=f"cannot write to {data}")
        raise Refused(100, f"Data directory {data} not found or not writable")
    check_port(host, port)

    from secantus import commands, server
    as_mongod(commands, server, host)
    cache = setting(content, "storage.wiredTiger.engineConfig.cacheSizeGB")
    running = server.SecantusDBServer(
        host=host, port=port, storage_path=data, require_auth=protected, replica_set_name=None,
        enable_test_commands=False, cache_size=f"{int(float(cache) * 1024)}M" if cache else "256M")

    def stop(number, _):
        log.say("I", "CONTROL", 23377, "Received signal", signal=number)
        running.stop()
        log.say("I", "CONTROL", 23138, "Shutting down", exitCode=0)
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    running.start()
    if not protected:
        log.say("W", "CONTROL", 22120, "Access control is not enabled for the database")
    log.say("I", "NETWORK", 23016, "Waiting for connections", port=port)
    running.wait()


try:
    main()
except Refused as refusal:
    print(refusal, file=sys.stderr)
    sys.exit(refusal.code)
