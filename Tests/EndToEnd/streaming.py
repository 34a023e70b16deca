"""Connections that stay open, one step at a time: a WebSocket, a stream of events, an upload that can be held."""
import base64
import os
import select
import socket


def connect(port: int, head: str) -> socket.socket:
    """Sends a request's head."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(head.replace("\n", "\r\n").encode())
    return connection


def read_until(connection: socket.socket, end: bytes) -> bytes:
    """What comes up to and with `end`; less only when the connection ended."""
    content = b""
    while not content.endswith(end):
        byte = connection.recv(1)
        if not byte:
            break
        content += byte
    return content


def is_over(connection: socket.socket) -> bool:
    """Whether the other side has ended it; what else has come is read."""
    while select.select([connection], [], [], 0)[0]:
        try:
            if not connection.recv(65536):
                return True
        except ConnectionError:
            return True
    return False


def upgrade(path: str) -> str:
    """The head of a request for a WebSocket."""
    key = base64.b64encode(os.urandom(16)).decode()
    return (f"GET {path} HTTP/1.1\nHost: a.example\nUpgrade: websocket\nConnection: Upgrade\n"
            f"Sec-WebSocket-Version: 13\nSec-WebSocket-Key: {key}\n\n")


def frame(text: bytes) -> bytes:
    """A text of less than 126 bytes as a client sends it (RFC 6455, section 5.2)."""
    mask = os.urandom(4)
    return bytes([0x81, 0x80 | len(text)]) + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(text))


class WebSocket:
    def __init__(self, port: int, path: str):
        self.connection = connect(port, upgrade(path))
        head = read_until(self.connection, b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head

    def receive(self) -> bytes:
        """One text of less than 64 KiB (RFC 6455, section 5.2)."""
        head = self._exactly(2)
        assert head[0] == 0x81, head
        size = head[1] if head[1] < 126 else int.from_bytes(self._exactly(2), "big")
        return self._exactly(size)

    def echo(self, text: bytes) -> bytes:
        self.connection.sendall(frame(text))
        return self.receive()

    def _exactly(self, size: int) -> bytes:
        content = b""
        while len(content) < size:
            piece = self.connection.recv(size - len(content))
            assert piece, "the connection ended"
            content += piece
        return content


class Events:
    def __init__(self, port: int, path: str):
        self.connection = connect(port, f"GET {path} HTTP/1.1\nHost: a.example\n\n")
        head = read_until(self.connection, b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head

    def next(self) -> bytes:
        """The next line of data."""
        while True:
            line = read_until(self.connection, b"\n")
            assert line, "the stream ended"
            if line.startswith(b"data:"):
                return line[5:].strip()


class Upload:
    """Half of the body is sent; `finish` sends the rest and returns the answer."""
    def __init__(self, port: int, path: str, size: int):
        self.size = size
        self.connection = connect(port, f"POST {path} HTTP/1.1\nHost: a.example\nConnection: close\nContent-Length: {size}\n\n")
        self.connection.sendall(bytes(size // 2))

    def finish(self) -> bytes:
        self.connection.sendall(bytes(self.size - self.size // 2))
        return read_until(self.connection, b"never")
