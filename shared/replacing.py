"""Put a file in the place of an older one: whoever reads finds the one or the other, whole, also after a power cut."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from shared.storage import disk_errors, fsync_folder


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A stream whose content lies at `path`, durable, when the block has ended; if the block fails nothing has changed.

    Missing folders are made. Of several writers the last one wins; none sees what another one writes.

    Raises:
        DiskFull: If there is no room.
        NotWritable: If the folder cannot be written.
    """
    partial = path.with_name(f".{path.name}.{uuid4().hex}.partial")
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with partial.open("xb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(path)
            fsync_folder(path.parent)
        finally:
            partial.unlink(missing_ok=True)
