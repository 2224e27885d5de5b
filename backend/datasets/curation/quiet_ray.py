"""A Ray cluster that tells nobody about itself.

The head of a cluster asks the metadata services of three clouds where it runs, and tells its makers that reports are
switched off when they are. Neither can be switched off; but it asks no cloud where a file in the home folder says how
the cluster was started, and an empty one will do. What it tells goes to a port where nobody listens.

Source: Ray 2.60, ray/dashboard/modules/usage_stats/usage_stats_head.py
"""

from collections.abc import Mapping
from pathlib import Path

_STARTED_HOW = "ray_bootstrap_config.yaml"


def quiet_settings(home: Path) -> Mapping[str, str]:
    """Variables for the process that starts a cluster.

    Args:
        home: A folder that exists and becomes the home of what is started.
    """
    (home / _STARTED_HOW).write_text("{}\n", encoding="utf-8")
    return {
        "HOME": str(home),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_USAGE_STATS_REPORT_URL": "http://127.0.0.1:9/",
    }
