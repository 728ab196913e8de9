"""An image for Batch Transform: it sums up lines of numbers, or does what its environment and the body say.

A body's first byte is logged with its length, so that tests see how objects were cut.
"""

import json
import os
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def end_with_the_parent():
    while os.read(0, 1024):
        pass
    os._exit(3)


def summed(line):
    numbers = [float(cell) for cell in line.split(",")]
    return json.dumps(sum(numbers))


def said(body, headers):
    """Return what the server knows about a request, for tests of what it is given."""
    batch = {name: text for name, text in os.environ.items() if name.startswith(("SAGEMAKER_BATCH", "OWN"))}
    limits = {
        name: os.environ.get(f"SAGEMAKER_MAX_{name}") for name in ("PAYLOAD_IN_MB", "CONCURRENT_TRANSFORMS")
    }
    wanted = {name: headers.get(name) for name in ("Content-Type", "Accept")}
    return json.dumps({"pid": os.getpid(), "body": body.hex(), **batch, **limits, **wanted})


def answer(body, headers):
    mode = os.environ.get("MODE", "sum")
    if mode == "say":
        return said(body, headers)
    if mode == "upper":
        return body.upper()
    if mode == "json":
        return "\n".join(json.dumps({"sum": sum(json.loads(line)["x"])}) for line in body.splitlines())
    if "REFUSES" in os.environ and os.environ["REFUSES"].encode() in body:
        raise ValueError(os.environ["REFUSES"])
    lines = [summed(line) for line in body.decode().splitlines()]
    return "\n".join(lines[1:] if mode == "short" else lines)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    failed = 0
    under_way = 0
    most_under_way = 0
    lock = threading.Lock()

    def log_message(self, *_):
        pass

    def send(self, status, body):
        body = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/execution-parameters":
            offered = os.environ.get("OFFERED")
            return self.send(200 if offered else 404, offered or "")
        return self.send(200, b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with Handler.lock:
            Handler.under_way += 1
            Handler.most_under_way = max(Handler.most_under_way, Handler.under_way)
        print(f"body of {len(body)} bytes, {Handler.most_under_way} at once", flush=True)
        try:
            self.respond(body)
        finally:
            with Handler.lock:
                Handler.under_way -= 1

    def respond(self, body):
        time.sleep(float(os.environ.get("PAUSE", "0")))
        if b"hang" in body:
            time.sleep(60)
        if b"die" in body:
            os._exit(1)
        if Handler.failed < int(os.environ.get("FAILS", "0")):
            Handler.failed += 1
            return self.send(503, "not now")
        try:
            return self.send(200, answer(body, self.headers))
        except ValueError as error:
            return self.send(400, f"bad line: {error}")


if __name__ == "__main__":
    threading.Thread(target=end_with_the_parent, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
