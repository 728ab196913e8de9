"""Pipe input mode: a channel's objects streamed through one FIFO an epoch.

The container reads ``<channel>_0`` to its end, then ``<channel>_1``, and so on, as often as it likes; it may
close a pipe early. Each FIFO exists before the one before it ends.
"""

from __future__ import annotations

import gzip
import os
import shutil
import struct
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from botocore.exceptions import BotoCoreError, ClientError

from sagemaker_spark_py.local.channels import Item, shuffled

COPY_BYTES = 1024 * 1024
RECORD_MAGIC = 0xCED7230A  # of a recordIO frame: magic, length, data, zeros up to a multiple of four


class Pipe:
    """Feeds one channel of one host until it is stopped.

    Parameters
    ----------
    channel : dict
        The request's Channel.
    found : sequence of Item
        This host's objects.
    folder : Path
        ``input/data`` of this host.
    s3
        boto3's S3 client.
    on_error : callable
        Told the reason where an object cannot be read or unpacked.
    """

    def __init__(
        self,
        channel: dict[str, Any],
        found: Sequence[Item],
        folder: Path,
        s3: Any,
        on_error: Callable[[str], None],
    ) -> None:
        self._channel = channel
        self._on_error = on_error
        self._items = list(found)
        self._path: Path = folder / channel["ChannelName"]
        self._s3 = s3
        self._stopped = threading.Event()
        self._fifo = self._make(0)
        self._thread = threading.Thread(target=self._feed, name=f"pipe {self._path.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the feeding thread, which may wait for a reader that never comes."""
        self._stopped.set()
        while self._thread.is_alive():
            reader = os.open(self._fifo, os.O_RDONLY | os.O_NONBLOCK)
            os.close(reader)
            self._thread.join(0.05)

    def _make(self, epoch: int) -> Path:
        path = self._path.with_name(f"{self._path.name}_{epoch}")
        path.parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(path)
        return path

    def _feed(self) -> None:
        try:
            epoch = 0
            while not self._stopped.is_set():
                with suppress(BrokenPipeError), self._fifo.open("wb") as pipe:  # waits for the reader
                    try:
                        self._stream(epoch, pipe)
                    finally:
                        epoch += 1
                        self._fifo = self._make(epoch)
        except (ClientError, BotoCoreError, OSError, EOFError) as error:
            # The reader has seen the end of a pipe that was cut short: the job must not go on.
            if not self._stopped.is_set():
                self._on_error(f"{self._path.name}: {error}")

    def _stream(self, epoch: int, pipe: IO[bytes]) -> None:
        for item in shuffled(self._items, self._channel, epoch):
            if self._stopped.is_set():
                return
            body = self._s3.get_object(Bucket=item.bucket, Key=item.key)["Body"]
            self._copy(body, pipe)

    def _copy(self, body: Any, pipe: IO[bytes]) -> None:
        if self._channel.get("CompressionType") == "Gzip":
            body = gzip.GzipFile(fileobj=body)
        if self._channel.get("RecordWrapperType") == "RecordIO":
            data = body.read()
            pipe.write(struct.pack("<II", RECORD_MAGIC, len(data)) + data + bytes(-len(data) % 4))
        else:
            shutil.copyfileobj(body, pipe, COPY_BYTES)
