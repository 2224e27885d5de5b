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
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    with socket.socket(socket.AF_INET, kind) as one:
        try:
            one.connect(("169.254.169.254", 80)) if kind == socket.SOCK_STREAM else one.sendto(b"?", ("10.0.0.1", 53))
        except PermissionError as error:
            print(error)
with socket.socket() as listening, socket.socket() as one:
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    one.connect(listening.getsockname())
    print("connected")
"""


def test_a_guarded_process_resolves_and_connects_to_what_it_may() -> None:
    run = subprocess.run([sys.executable, "-c", _PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)

    allowed, refused, address, datagram, connected = run.stdout.splitlines()
    assert allowed == "127.0.0.1"
    assert "never allowed" in refused
    assert "never allowed" in address
    assert "network of our own" in datagram
    assert connected == "connected"
