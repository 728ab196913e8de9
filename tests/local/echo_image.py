"""A trivial image for tests: what it does is told by its hyperparameters and its model's environment.

Training writes down everything it was given. Hosting answers with the request, or fails as asked.
"""

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BASE = Path(os.environ["SAGEMAKER_BASE_DIR"])


def end_with_the_parent():
    while os.read(0, 1024):
        pass
    os._exit(3)


def read_pipes(channel, epochs):
    read = []
    for epoch in range(epochs):
        path = BASE / "input" / "data" / f"{channel}_{epoch}"
        while not path.exists():
            time.sleep(0.01)
        with path.open("rb") as pipe:
            read.append(pipe.read().hex())
    return read


def see(config):
    data = BASE / "input" / "data"
    files = {
        str(path.relative_to(data)): path.read_bytes().hex()
        for path in sorted(data.rglob("*"))
        if path.is_file()
    }
    return {"config": config, "files": files, "environment": dict(os.environ)}


def train():
    config = {path.name: json.loads(path.read_text()) for path in (BASE / "input" / "config").iterdir()}
    parameters = config["hyperparameters.json"]
    host = config["resourceconfig.json"]["current_host"]
    action = parameters.get("action", "")
    print(f"{host} starts; loss=0.25;", flush=True)
    seen = see(config)
    if "epochs" in parameters:
        seen["pipes"] = read_pipes("train", int(parameters["epochs"]))
    (BASE / "model" / f"{host}.json").write_text(json.dumps(seen))
    if "checkpointconfig.json" in config:
        place = Path(config["checkpointconfig.json"]["LocalPath"])
        seen["checkpoints"] = sorted(path.name for path in place.iterdir())
        (place / f"epoch-{len(seen['checkpoints'])}").write_text("state")
        (BASE / "model" / f"{host}.json").write_text(json.dumps(seen))
    if parameters.get("outputs"):
        (BASE / "output" / "data" / f"{host}.txt").write_text("a plot")
    if action == "fail" and host == parameters.get("host", host):
        (BASE / "output" / "failure").write_text(parameters.get("reason", "it went wrong"))
        sys.exit(int(parameters.get("code", "1")))
    if action in ("hang", "fail"):
        if parameters.get("deaf"):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        (BASE / "model" / "hangs").write_text("yes")
        print("hanging", flush=True)
        while True:
            time.sleep(0.05)
    for number in range(int(parameters.get("lines", "0"))):
        print(f"line {number}\n")
    print("loss=0.125;", flush=True)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        print(self.requestline, flush=True)

    def answer(self, status, body, headers=None):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(500 if os.environ.get("SICK") else 200, b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if body == b"die":
            os._exit(1)
        if body.startswith(b"status "):
            return self.answer(int(body.split()[1]), b"told to")
        if body.startswith(b"sleep "):
            time.sleep(float(body.split()[1]))
        if body == b"huge":
            return self.answer(200, b"x" * 7_000_000)
        said = {
            "pid": os.getpid(),
            "headers": dict(self.headers),
            "length": len(body),
            "model": sorted(path.name for path in (BASE / "model").rglob("*")),
            "environment": dict(os.environ),
        }
        custom = {"X-Amzn-SageMaker-Custom-Attributes": "back", "Content-Type": "application/json"}
        return self.answer(200, json.dumps(said).encode(), custom)


def serve():
    if os.environ.get("FALLS_OVER"):
        sys.exit("cannot load the model")
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()


if __name__ == "__main__":
    threading.Thread(target=end_with_the_parent, daemon=True).start()
    {"train": train, "serve": serve}[sys.argv[1]]()
