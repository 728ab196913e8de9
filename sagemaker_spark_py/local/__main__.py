"""``python -m sagemaker_spark_py.local``: the local SageMaker as a server.

Prints the ``export`` lines that lead an SDK to it on standard output, and what happens, one line an event,
on standard error. Ends on Ctrl-C or SIGTERM, with every process it started and every file it wrote.
"""

from __future__ import annotations

import argparse
import logging
import os
import shlex
import signal
import sys
import tempfile
import threading

from sagemaker_spark_py.errors import SettingError
from sagemaker_spark_py.local.docker import check_engine
from sagemaker_spark_py.local.local_sagemaker import check_extra

DEFAULT_PORT = 5678
DEFAULT_REGION = "us-east-1"
DEFAULT_GRACE_SECONDS = 120.0
SPOOL_BYTES = 1024 * 1024


def main(arguments: list[str] | None = None) -> int:
    """Run the server and return the exit code."""
    options = _parser().parse_args(arguments)
    _forget_aws_settings()
    # A large object is kept on disk; the library's own limit of 16 MiB would keep most parts in memory.
    os.environ.setdefault("MOTO_S3_DEFAULT_KEY_BUFFER_SIZE", str(SPOOL_BYTES))
    try:
        check_extra()
        if options.containers == "docker":
            check_engine()
    except SettingError as error:
        print(error, file=sys.stderr)
        return 1
    return _serve(options)


def _serve(options: argparse.Namespace) -> int:
    """Serve until told to stop; what this imports needs the [local] extra."""
    from sagemaker_spark_py.containers.requirements import INSTALL_VARIABLE
    from sagemaker_spark_py.local.cloud import Cloud, endpoint_variables
    from sagemaker_spark_py.local.http_server import listen
    from sagemaker_spark_py.local.images import Images
    from sagemaker_spark_py.local.server import Application

    logging.basicConfig(level=logging.ERROR, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("sagemaker_spark_py").setLevel(logging.WARNING if options.quiet else logging.INFO)
    stop = _stop_event(watch_stdin=options.until_stdin_closes)
    install = {INSTALL_VARIABLE: "true"} if options.install_requirements else {}
    images = Images(dict(options.image), docker=options.containers == "docker")
    cloud = Cloud(images, options.grace_seconds, install)
    tempfile.tempdir = str(cloud.home)
    try:
        server = listen(Application(cloud, options.region), options.port)
        cloud.url = f"http://127.0.0.1:{server.port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name, value in endpoint_variables(cloud.url, options.region).items():
            print(f"export {name}={shlex.quote(value)}")
        print(f"# The local SageMaker answers at {cloud.url}; Ctrl-C stops it.", flush=True)
        stop.wait()
    finally:
        cloud.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sagemaker_spark_py.local", description=__doc__)
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port on 127.0.0.1; 0: any free one")
    parser.add_argument("--region", default=DEFAULT_REGION, help="AWS region to play (default: %(default)s)")
    parser.add_argument(
        "--image",
        action="append",
        default=[],
        type=_own_image,
        metavar="NAME=COMMAND",
        help="run COMMAND as the image NAME; 'train' or 'serve' and the image's name are appended",
    )
    parser.add_argument(
        "--grace-seconds",
        type=float,
        default=DEFAULT_GRACE_SECONDS,
        help="how long a training container may take to end after SIGTERM (default: %(default)s)",
    )
    parser.add_argument(
        "--install-requirements",
        action="store_true",
        help="install what scripts ask for in requirements.txt, for each job into a folder of its own",
    )
    parser.add_argument(
        "--containers",
        choices=("processes", "docker"),
        default="processes",
        help="what runs images: processes of this machine, or Docker (thin, not tried with an engine)",
    )
    parser.add_argument("--quiet", action="store_true", help="show warnings only")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when standard input ends")
    return parser


def _own_image(text: str) -> tuple[str, list[str]]:
    name, equals, command = text.partition("=")
    if not (name and equals and command):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=COMMAND")
    return name, shlex.split(command)


def _forget_aws_settings() -> None:
    """Drop the user's AWS settings: a profile or an endpoint of theirs is not for this process."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull


def _stop_event(*, watch_stdin: bool) -> threading.Event:
    """Return what is set when the server is to end."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: stop.set())
    if watch_stdin:

        def wait_for_end() -> None:
            while os.read(sys.stdin.fileno(), 1024):
                pass
            stop.set()

        threading.Thread(target=wait_for_end, daemon=True).start()
    return stop


if __name__ == "__main__":
    sys.exit(main())
