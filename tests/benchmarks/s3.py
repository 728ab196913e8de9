"""moto's S3 as a process of its own; prints its URL."""

from __future__ import annotations

import logging
import sys
from contextlib import redirect_stdout

from moto.server import ThreadedMotoServer

if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", port=0)
    with redirect_stdout(sys.stderr):
        server.start()
    host, port = server.get_host_and_port()
    print(f"http://{host}:{port}", flush=True)
    sys.stdin.read()  # until whoever started this process ends
