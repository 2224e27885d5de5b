"""Inside a new network and mount namespace: loopback up, nothing else; run a program and count what it tried to reach.

    unshare --net --mount python -m tests.trust.air_gap.namespace FOLDER PROGRAM [ARGUMENT …]

Names are asked of a server that is another machine, so that asking for one is an attempt that the kernel counts: with a
resolver on this machine, or one behind a Unix socket, it would be the resolver that goes out. The count and the exit
code are written to FOLDER/ended.json when the program ends, whatever it leaves running.
"""

import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

from tests.trust.air_gap.unrouted import unrouted

ENDED = "ended.json"
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1
_MS_BIND = 4096
_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _CAP_NET_RAW = 1, 24, 13
_RESOLVER = "nameserver 192.0.2.53\noptions timeout:1 attempts:1\n"
# daemons that look names up for others
_SOCKETS = ("/run/systemd/resolve", "/run/nscd", "/var/run/nscd")


def main() -> int:
    """The exit code of the program."""
    folder, command = Path(sys.argv[1]), sys.argv[2:]
    _alone_with_loopback()
    _names_are_asked_elsewhere(folder)
    # whoever waits for us may be killed
    _checked(_libc().prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0), "prctl")
    # raw packets are what the kernel does not count
    _checked(_libc().prctl(_PR_CAPBSET_DROP, _CAP_NET_RAW, 0, 0, 0), "prctl")
    before = unrouted()
    # a shell that starts us in the background has it ignored, and the program would inherit that
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(command) as child:
        # who interrupts means the program, and wants the count all the same
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, _let_all_go)
        code = child.wait()
    code = code if code >= 0 else 128 - code
    told = {"unrouted": unrouted() - before, "code": code}
    unfinished = folder / f"{ENDED}.part"
    unfinished.write_text(json.dumps(told), encoding="ascii")
    unfinished.rename(folder / ENDED)
    return code


def _let_all_go(*_: object) -> None:
    # as Ctrl-C does: tests stop the servers that they started
    os.killpg(0, signal.SIGINT)


def _alone_with_loopback() -> None:
    others = [name for _, name in socket.if_nameindex() if name != "lo"]
    if others:
        sys.exit(f"this namespace has more than the loopback device: {', '.join(others)}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = struct.pack("16sh", b"lo", 0)
        flags = struct.unpack("16sh", fcntl.ioctl(any_socket, _GET_FLAGS, asked))[1]
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh", b"lo", flags | _UP))


def _names_are_asked_elsewhere(folder: Path) -> None:
    _put_over(folder / "resolv.conf", _RESOLVER, Path("/etc/resolv.conf"))
    switch = Path("/etc/nsswitch.conf")
    if switch.exists():
        others = [line for line in switch.read_text(encoding="utf-8").splitlines() if not line.startswith("hosts:")]
        _put_over(folder / "nsswitch.conf", "\n".join([*others, "hosts: files dns", ""]), switch)
    nothing = folder / "nothing"
    nothing.mkdir()
    for path in {Path(each).resolve() for each in _SOCKETS if Path(each).is_dir()}:
        _bind(nothing, path)


def _put_over(file: Path, content: str, place: Path) -> None:
    file.write_text(content, encoding="utf-8")
    # others, such as the user of a database server, read it too
    file.chmod(0o644)
    if place.exists():
        _bind(file, place.resolve())


def _bind(source: Path, target: Path) -> None:
    _checked(_libc().mount(os.fsencode(source), os.fsencode(target), None, _MS_BIND, None), f"mount over {target}")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(code: int, what: str) -> None:
    if code:
        sys.exit(f"{what}: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    sys.exit(main())
