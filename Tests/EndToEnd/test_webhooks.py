"""A webhook is told by the built programs that a scan ended, and can prove who told it."""
import hashlib
import hmac
import http.server
import json
import threading
import time

import pytest
from platform_api import SECRETS, Platform, program
from waiting import until


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps every call, and answers with the statuses it is given, then with 204."""

    def __init__(self, *statuses: int):
        super().__init__(("127.0.0.1", 0), Handler)
        self.calls, self.statuses = [], list(statuses)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server_port}/hook"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append((dict(self.headers), body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 204)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    receivers = []

    def make(*statuses):
        receivers.append(Receiver(*statuses))
        return receivers[-1]

    yield make
    for running in receivers:
        running.shutdown()
        running.server_close()


@pytest.fixture
def start(request, tmp_path):
    if program() is None:
        request.getfixturevalue("bedplate")
    platforms = []

    def make(**environment):
        platforms.append(Platform(tmp_path, **environment))
        platforms[-1].start("api", "worker", "engine")
        platforms[-1].sign_in()
        return platforms[-1]

    yield make
    for platform in platforms:
        platform.stop()


def deliveries(platform: Platform, webhook: str) -> list[dict]:
    return platform.call("GET", f"/api/webhooks/{webhook}/deliveries")[1]["items"]


def test_a_webhook_is_told_with_a_signature_that_proves_it_and_again_when_it_did_not_take_it(start, receiver):
    platform, hook = start(WEBHOOK_ALLOWED_RANGES="127.0.0.0/8,::1/128"), receiver(500)
    status, made = platform.call("POST", "/api/webhooks", {"url": hook.url})
    assert status == 201
    identifier = platform.scan()
    until("the webhook is told", lambda: hook.calls)
    until("the refusal is in the log", lambda: deliveries(platform, made["id"]))
    [entry] = deliveries(platform, made["id"])
    assert entry["status"] == "pending" and entry["answer"] == 500 and entry["scan_id"] == identifier
    until("it is told again after 10 s", lambda: len(hook.calls) == 2, limit=40)
    for headers, body in hook.calls:
        signed = headers["X-CSPM-Timestamp"].encode() + b"." + body
        digest = hmac.new(SECRETS["WEBHOOK_SECRET"].encode(), signed, hashlib.sha256).hexdigest()
        assert headers["X-CSPM-Signature"] == f"sha256={digest}"
        assert abs(time.time() - int(headers["X-CSPM-Timestamp"])) < 60
        message = json.loads(body)
        assert message["event"] == headers["X-CSPM-Event"] == "scan.completed"
        assert message["scan"]["scan_id"] == identifier and message["delivery"] == headers["X-CSPM-Delivery"]
    assert len({headers["X-CSPM-Delivery"] for headers, _ in hook.calls}) == 1
    until("the delivery is done", lambda: deliveries(platform, made["id"])[0]["status"] == "delivered")


def test_a_webhook_that_leads_into_our_own_networks_is_not_called(start, receiver):
    platform, hook = start(), receiver()
    status, refusal = platform.call("POST", "/api/webhooks", {"url": hook.url.replace("localhost", "127.0.0.1")})
    assert status == 403 and "not a public one" in refusal["detail"]
    # A name may resolve to anything: it is judged when it is called.
    status, made = platform.call("POST", "/api/webhooks", {"url": hook.url})
    assert status == 201
    platform.scan()
    until("the refusal is in the log", lambda: deliveries(platform, made["id"]))
    [entry] = deliveries(platform, made["id"])
    assert entry["problem"] == "its address is not a public one" and hook.calls == []
    # The address of a webhook may hold a token: it is in no log.
    assert "/hook" not in platform.log() and SECRETS["WEBHOOK_SECRET"] not in platform.log()
