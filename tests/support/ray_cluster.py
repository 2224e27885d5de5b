"""A Ray cluster of two nodes on this machine, in a process of its own; the second node can be killed."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from admin.scripts.test_servers import SERVERS
from backend.datasets.curation.quiet_ray import quiet_settings
from tests.support.installation import ROOT

FOLDER = SERVERS / "ray"
MISSING = "needs Ray: python -m admin.scripts.test_servers"
_KEEPER = """
import sys
from ray.cluster_utils import Cluster
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
second = cluster.add_node(num_cpus=1)
print(cluster.address.rpartition(":")[2], flush=True)
for line in sys.stdin:
    cluster.remove_node(second, allow_graceful=False)
    print("killed", flush=True)
cluster.shutdown()
"""


@dataclass(frozen=True, slots=True)
class RayCluster:
    """A running cluster.

    Args:
        address: Of its head.
        environment: What a process needs to find Ray and us.
    """

    address: str
    environment: Mapping[str, str]
    keeper: "subprocess.Popen[str]"

    def kill_second_node(self) -> None:
        """SIGKILL; returns when it is dead."""
        assert self.keeper.stdin is not None
        assert self.keeper.stdout is not None
        self.keeper.stdin.write("kill\n")
        self.keeper.stdin.flush()
        assert self.keeper.stdout.readline() == "killed\n"


def is_installed() -> bool:
    """Whether Ray can be started."""
    return (FOLDER / "ray").is_dir()


@contextmanager
def ray_cluster() -> Iterator[RayCluster]:
    """Two nodes with a core each, gone after the block."""
    path = os.pathsep.join([str(ROOT), str(FOLDER), *filter(None, sys.path)])
    environment = {**os.environ, "PYTHONPATH": path, "RAY_USAGE_STATS_ENABLED": "0"}
    with (
        tempfile.TemporaryDirectory(prefix="clara-ray-") as home,
        subprocess.Popen(
            [sys.executable, "-c", _KEEPER],
            env={**environment, **quiet_settings(Path(home))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as keeper,
    ):
        try:
            assert keeper.stdin is not None
            assert keeper.stdout is not None
            # the machine's own address may be one of those that nobody is to connect to
            port = keeper.stdout.readline().strip()
            yield RayCluster(f"127.0.0.1:{port}", environment, keeper)
            keeper.stdin.close()
            keeper.wait(timeout=60)
        finally:
            keeper.kill()
