"""Measuring on a Ray cluster: Ray Data spreads the buckets over the nodes, and this process writes what comes back.

Nodes read documents from the database, so it has to be one that all of them reach, and have CLARA installed in the same
version. A node that dies takes its buckets with it; Ray gives them to another one. The files are byte for byte those of
the local executor.
"""

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from backend.common.json_lines import decode, encode
from backend.datasets.curation.buckets import Bucket
from backend.datasets.curation.executors import MeasuringFailed
from backend.datasets.curation.measuring import Measurer
from backend.datasets.curation.messages import bucket_from, bucket_told, figures_from, figures_told
from backend.datasets.curation.opened_measurer import opened_measurer
from backend.datasets.curation.quiet_ray import quiet_settings
from backend.datasets.curation.signal_files import SignalFiles
from shared.errors import ClaraError, Unavailable
from shared.outgoing import OWN_SERVERS, AddressRefused
from shared.outgoing.resolving import resolved

_REACH_S = 5.0
_open_until_the_process_ends = ExitStack()


class NoRay(Unavailable):
    """There is no Ray here, or no cluster where the settings say."""

    code = "no_ray"


class RayExecutor:
    """Measures on the nodes of a cluster.

    Args:
        address: Of the cluster ("auto", "head:6379"); empty for one of this machine alone.
        order: What a node needs to know beside the bucket.
        files: Where the signals go, on this machine.
    """

    def __init__(self, address: str, order: Mapping[str, Any], files: SignalFiles) -> None:
        self._address = address
        self._order = encode(order).decode("utf-8")
        self._files = files

    def measure(self, buckets: Sequence[Bucket]) -> Iterator[Bucket]:
        """See `Executor.measure`.

        Raises:
            NoRay: If the cluster cannot be reached.
        """
        if not buckets:
            return
        by_number = {bucket.number: bucket for bucket in buckets}
        rows = [{"order": self._order, "bucket": encode(bucket_told(bucket)).decode("utf-8")} for bucket in buckets]
        with _connected(self._address) as ray_data:
            ray_data.DataContext.get_current().enable_progress_bars = False
            # a block for each: what is lost with a node is one bucket
            for row in ray_data.from_items(rows, override_num_blocks=len(rows)).map(measured_row).iter_rows():
                bucket = by_number[int(row["number"])]
                if row["error"]:
                    raise MeasuringFailed(bucket, str(row["error"]))
                self._files.write(bucket, figures_from(decode(row["figures"])))
                yield bucket


def measured_row(row: Mapping[str, str]) -> dict[str, Any]:
    """What a node does: measure one bucket and give back the figures."""
    bucket = bucket_from(decode(row["bucket"].encode("utf-8")))
    try:
        figures = encode(figures_told(_measurer(row["order"]).measured(bucket)))
    except ClaraError as exc:
        return {"number": bucket.number, "error": exc.message, "figures": b""}
    return {"number": bucket.number, "error": "", "figures": figures}


@cache
def _measurer(order: str) -> Measurer:
    """Opened once for each process of a node, which closes it with its end."""
    return _open_until_the_process_ends.enter_context(opened_measurer(decode(order.encode("utf-8"))))


def _check_reachable(address: str) -> None:
    """Ray itself would try for minutes.

    Raises:
        NoRay: If nothing listens at `host:port`.
    """
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdigit():
        return
    try:
        # its client is no Python: what it will find under the name is looked at here
        for one in resolved(OWN_SERVERS, host.strip("[]"), int(port)):
            socket.create_connection((str(one), int(port)), timeout=_REACH_S).close()
            return
    except AddressRefused as exc:
        raise NoRay(f"No Ray cluster is asked at '{address}': {exc.message}") from exc
    except OSError as exc:
        raise NoRay(f"No Ray cluster answers at '{address}': {exc.strerror or exc}.") from exc


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """Ray Data, connected while the block lasts."""
    with TemporaryDirectory(prefix="clara-ray-") as home:
        # the whole process is there for this alone
        os.environ.update(quiet_settings(Path(home)))
        with _initialised(address) as ray_data:
            yield ray_data


@contextmanager
def _initialised(address: str) -> Iterator[Any]:
    try:
        ray, ray_data = import_module("ray"), import_module("ray.data")  # an extra that few install
    except ImportError as exc:
        raise NoRay(
            "CLARA_QUALITY_EXECUTOR is 'ray', but Ray is not installed: pip install 'clara-finetuning[ray]'."
        ) from exc
    _check_reachable(address)
    try:
        ray.init(address=address or None, log_to_driver=False, include_dashboard=False, logging_level="ERROR")
    except (ConnectionError, ValueError, RuntimeError, TimeoutError) as exc:
        raise NoRay(f"No Ray cluster answers at '{address}': {str(exc).splitlines()[0]}") from exc
    try:
        yield ray_data
    finally:
        ray.shutdown()
