"""Install the system packages that the tests need, where we may: `python -m admin.scripts.system_packages`.

On Debian and Ubuntu as root, PostgreSQL is installed if its binaries are missing; elsewhere the missing package is
named and the tests that need it say so again.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

POSTGRES_BINARIES = Path("/usr/lib/postgresql")


def main() -> int:
    """Exit code 0 also when something is missing: only the tests that need it are affected."""
    if any(POSTGRES_BINARIES.glob("*/bin/initdb")) or shutil.which("initdb"):
        return 0
    apt = shutil.which("apt-get")
    if apt is None or os.name != "posix" or os.geteuid() != 0:
        print("PostgreSQL is not installed; its tests will be skipped. Debian: apt-get install postgresql")
        return 0
    print("Installing PostgreSQL for the tests …", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", "postgresql"]):
        subprocess.run([apt, *arguments], check=False, env=environment, stdout=subprocess.DEVNULL)
    return 0


if __name__ == "__main__":
    sys.exit(main())
