"""What else moves a host to a new release: each runs the same application behind an nginx of its own."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from switching_trial import SOURCE
from trial import free_ports, listening
from waiting import until


class Behind:
    """An nginx in front of one application on one port."""

    def __init__(self):
        self.root = Path(tempfile.mkdtemp(prefix="bedplate-others-"))
        self.port, self.application = free_ports(2)
        self.command = [sys.executable, str(SOURCE / "app.py"), "server", "blue", str(self.root), str(self.application)]

    def __enter__(self):
        self.start()
        until("the application listens", lambda: listening(self.application))
        (self.root / "nginx.conf").write_text(f"""
            {"user root;" if os.geteuid() == 0 else ""}
            worker_processes auto;
            pid {self.root}/nginx.pid;
            error_log {self.root}/nginx.log;
            events {{ worker_connections 1024; }}
            http {{
                access_log off;
                client_max_body_size 0;
                client_body_temp_path {self.root}/body;
                proxy_temp_path {self.root}/proxy;
                upstream application {{ server 127.0.0.1:{self.application} max_fails=0; keepalive 32; }}
                map $http_upgrade $upgrading {{ default upgrade; "" ""; }}
                server {{
                    listen 127.0.0.1:{self.port};
                    location / {{
                        proxy_pass http://application;
                        proxy_http_version 1.1;
                        proxy_request_buffering off;
                        proxy_set_header Upgrade $http_upgrade;
                        proxy_set_header Connection $upgrading;
                    }}
                }}
            }}
            """)
        self.nginx = subprocess.Popen(["/usr/sbin/nginx", "-e", "stderr", "-c", self.root / "nginx.conf", "-g", "daemon off;"])
        until("nginx listens", lambda: listening(self.port))
        return self

    def __exit__(self, *_):
        self.stop()
        self.nginx.send_signal(signal.SIGTERM)
        self.nginx.wait(30)
        shutil.rmtree(self.root)


class Supervisord(Behind):
    title = "`supervisorctl restart`"

    def start(self):
        self.configuration = self.root / "supervisord.conf"
        self.configuration.write_text(f"""
[unix_http_server]
file={self.root}/socket
[supervisord]
logfile={self.root}/supervisord.log
pidfile={self.root}/supervisord.pid
nodaemon=true
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{self.root}/socket
[program:application]
command={" ".join(self.command)}
startsecs=0
""")
        self.process = subprocess.Popen(["supervisord", "-c", self.configuration], stdout=subprocess.DEVNULL)

    def change(self, number):
        subprocess.run(["supervisorctl", "-c", self.configuration, "restart", "application"], check=True, stdout=subprocess.DEVNULL)
        until("the application listens", lambda: listening(self.application))

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


class SymbolicLink(Behind):
    """`current` names the release; the flip is atomic, the restart that it needs is not."""
    title = "a symbolic link flipped, then a restart"

    def start(self):
        for name in ("one", "two"):
            (self.root / name).mkdir()
            shutil.copy(SOURCE / "app.py", self.root / name)
        self.command[1] = str(self.root / "current/app.py")
        self.flip("one")
        self.process = subprocess.Popen(self.command)

    def flip(self, name):
        link = self.root / "next"
        link.symlink_to(name)
        link.rename(self.root / "current")

    def change(self, number):
        self.flip("two" if number % 2 == 0 else "one")
        self.stop()
        self.process = subprocess.Popen(self.command)
        until("the application listens", lambda: listening(self.application))

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
