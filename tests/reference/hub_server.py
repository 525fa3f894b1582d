"""A small Hub on loopback: what the `huggingface_hub` client asks for, and faults on demand.

```python
with Hub() as hub:
    hub.create("me/lrcn").put({"config.json": b"{}"})
    hub.fault("GET .*/resolve/.*config.json", "cut", after=10, times=1)
    hub.requests[-1].status
```
Two origins, as with the real one: `hub.endpoint` for the API and small files, and `hub.storage`
for large files, where no token may arrive. Faults are what a correct web server refuses to send,
so sockets are used plainly.
"""

import dataclasses
import http.server
import re
import socket
import struct
import threading
import time

import tests.reference.hub_routes  # noqa: F401  (fills the table of routes)
from tests.reference.hub_answers import Answer, answer
from tests.reference.hub_store import Repository

KINDS = ("status", "cut", "reset", "stall", "length", "short", "corrupt", "headers", "delay")
KINDS += ("ignore_range",)


@dataclasses.dataclass
class Request:
    """One line of the log; `status` is what was sent, `fault` the kind that met it."""

    method: str
    path: str
    headers: dict
    body: bytes
    origin: str
    status: int = 0
    fault: str | None = None


@dataclasses.dataclass
class Fault:
    pattern: str
    kind: str
    times: int | None
    options: dict


class Hub:
    """A running Hub; use it as a context manager.

    Args:
        page_size: int, entries of a page of a file list.

    Attributes:
        endpoint, storage: addresses of the two origins.
        repositories: dict from `owner/name` to `hub_store.Repository`.
        tokens: dict from token to user; the first is `hf_me`, of `me`.
        granted: set of `(user, repository)`: who accepted the terms of gated repositories.
        requests: list of `Request`, in order of arrival.
    """

    def __init__(self, page_size=1000):
        self.page_size = page_size
        self.repositories, self.granted, self.requests = {}, set(), []
        self.tokens = {"hf_me": "me"}
        self.lock = threading.RLock()
        self._faults, self._stopped = [], threading.Event()

    def create(self, name, **options):
        """Makes an empty repository without a client."""
        return self.repositories.setdefault(name, Repository(name, **options))

    def fault(self, pattern, kind, times=None, **options):
        """Lets requests fail.

        Args:
            pattern: regular expression, searched in `METHOD /path?query`.
            kind: `"status"` (`status=503`, `retry_after=None`, `body=b""`), `"cut"` (orderly end
                `after=N` bytes of the body), `"reset"` (RST after N bytes), `"stall"` (silence
                after N bytes), `"length"` (`by=N` more bytes promised than sent), `"short"`
                (`by=N` bytes fewer, and the length says so), `"corrupt"` (bit flipped in byte
                `at=0`), `"headers"` (`set={}`, `drop=[]`), `"delay"` (`seconds=1`),
                `"ignore_range"`.
            times: int, how many requests; `None` for all.
        """
        assert kind in KINDS, kind
        self._faults.append(Fault(pattern, kind, times, options))

    def heal(self):
        """Ends all faults."""
        self._faults.clear()

    def asked(self, pattern):
        """The logged requests that match, as `fault` matches."""
        return [r for r in self.requests if re.search(pattern, f"{r.method} {r.path}")]

    def __enter__(self):
        self._servers = [_serve(self, origin) for origin in ("hub", "storage")]
        ports = [server.server_address[1] for server in self._servers]
        self.endpoint, self.storage = (f"http://127.0.0.1:{port}" for port in ports)
        return self

    def __exit__(self, *_):
        self._stopped.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def _fault_for(self, line):
        with self.lock:
            for fault in self._faults:
                if fault.times != 0 and re.search(fault.pattern, line):
                    fault.times = None if fault.times is None else fault.times - 1
                    return fault
        return None


def _serve(hub, origin):
    handler = type("Handler", (_Handler,), {"hub": hub, "origin": origin})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    hub, origin = None, None

    def handle_any(self):
        request = Request(self.command, self.path, _lower(self.headers), self._body(), self.origin)
        line = f"{self.command} {self.path}"
        fault = self.hub._fault_for(line)
        request.fault = fault and fault.kind
        with self.hub.lock:
            self.hub.requests.append(request)
        if fault and fault.kind == "ignore_range":
            request.headers.pop("range", None)
        reply = _faulty_status(fault) or answer(self.hub, request)
        request.status = reply.status
        try:
            self._send(reply, fault)
        except OSError:  # the client has gone
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = handle_any

    def _body(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            chunks = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(chunks)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _send(self, reply, fault):
        kind, options = (fault.kind, fault.options) if fault else (None, {})
        headers = {"Content-Length": str(len(reply.body)), **reply.headers}
        body = bytearray(b"" if self.command == "HEAD" else reply.body)
        if kind == "delay":
            self.hub._stopped.wait(options.get("seconds", 1))
        if kind == "corrupt" and body:
            body[options.get("at", 0)] ^= 1
        if kind == "short":
            body = body[: len(body) - options.get("by", 1)]
            headers["Content-Length"] = str(len(body))
        if kind == "length":
            headers["Content-Length"] = str(len(body) + options.get("by", 1))
        if kind == "headers":
            dropped = {name.lower() for name in options.get("drop", ())}
            headers = {k: v for k, v in headers.items() if k.lower() not in dropped}
            headers |= options.get("set", {})
        self.send_response(reply.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if kind in ("cut", "reset", "stall"):
            self._break_off(body[: options.get("after", 0)], kind)
            return
        self.wfile.write(body)
        if kind in ("length", "headers"):
            self._close()

    def _break_off(self, body, kind):
        self.wfile.write(body)
        self.wfile.flush()
        if kind == "stall":
            self.hub._stopped.wait(60)
        if kind == "reset":
            time.sleep(0.05)  # let the bytes be read: a reset throws away what is under way
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            self.rfile.close()  # else the socket stays open
            self.connection.close()
        else:
            self._close()

    def _close(self):
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def log_message(self, *_):
        pass


def _faulty_status(fault):
    if fault is None or fault.kind != "status":
        return None
    options = fault.options
    headers = {"Content-Type": "text/plain", **options.get("headers", {})}
    if options.get("retry_after") is not None:
        headers["Retry-After"] = str(options["retry_after"])
    return Answer(options.get("status", 503), headers, options.get("body", b""))


def _lower(headers):
    return {name.lower(): value for name, value in headers.items()}
