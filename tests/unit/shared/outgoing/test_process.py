import subprocess
import sys

from tests.support.installation import ROOT

_PROGRAM = """
import socket
from shared.outgoing import OutgoingPolicy
from shared.outgoing.process import guard_this_process
guard_this_process(OutgoingPolicy.parse(["127.0.0.0/8"]))
print(socket.getaddrinfo("127.0.0.1", 80)[0][4][0])
try:
    socket.create_connection(("169.254.169.254", 80), timeout=1)
except socket.gaierror as error:
    print(error)
"""


def test_a_guarded_process_resolves_only_what_it_may_connect_to() -> None:
    run = subprocess.run([sys.executable, "-c", _PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)

    allowed, refused = run.stdout.splitlines()
    assert allowed == "127.0.0.1"
    assert "never allowed" in refused
