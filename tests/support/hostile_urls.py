"""Addresses that lead inside when nobody looks closely, and a resolver that answers as its owner likes."""

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

# {port}: of a listener on 127.0.0.1 and ::1, which nobody must reach
WRITTEN = (
    # metadata services, by address and in other writings
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.169.254:80/",
    "http://169.254.170.2/v2/credentials",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://[fd20:ce::254]/computeMetadata/v1/",
    "http://100.100.100.200/latest/meta-data/",
    "http://168.63.129.16/machine",
    "http://192.0.0.192/opc/v2/instance/",
    "http://2852039166/latest/meta-data/",
    "http://0xa9fea9fe/latest/meta-data/",
    "http://0251.0376.0251.0376/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://[::ffff:0:a9fe:a9fe]/",
    "http://[64:ff9b:1:a9fe:a9:fe00:5db8:d822]/",
    "http://[2606:2800:220:1:0:5efe:a9fe:a9fe]/",
    "http://[2606:2800:220:1:200:5efe:169.254.169.254]/",
    # ourselves
    "http://127.0.0.1:{port}/",
    "http://127.1:{port}/",
    "http://127.0.1:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f000001:{port}/",
    "http://0x7f.0.0.1:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://017700000001:{port}/",
    "http://0:{port}/",
    "http://0.0.0.0:{port}/",
    "http://[::1]:{port}/",
    "http://[::]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[::127.0.0.1]:{port}/",
    "http://[0:0:0:0:0:ffff:127.0.0.1]:{port}/",
    "http://[2002:7f00:1::]:{port}/",
    "http://[64:ff9b::7f00:1]:{port}/",
    "http://[::ffff:0:7f00:1]:{port}/",
    "http://[2606:2800:220:1:200:5efe:7f00:1]:{port}/",
    "http://localhost:{port}/",
    "http://LOCALHOST:{port}/",
    "http://localhost.:{port}/",
    "http://user:word@127.0.0.1:{port}/",
    "http://example.org@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}#@example.org/",
    "http://①②⑦.⓪.⓪.①:{port}/",
    "http://127。0。0。1:{port}/",
    # our network
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.0.1/",
    "http://100.64.0.1/",
    "http://[fc00::1]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25lo]:{port}/",
    "http://[ff02::1]/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://240.0.0.1/",
    # other protocols
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_x",
    "ftp://127.0.0.1:{port}/",
    "unix:///var/run/docker.sock",
    # names whose owner points them inside
    "http://metadata.test/",
    "http://inner.test:{port}/",
    "http://mapped.test:{port}/",
    "http://mixed.test:{port}/",
)
REDIRECTED = (
    "http://169.254.169.254/latest/meta-data/",
    "http://127.0.0.1:{port}/",
    "http://[::1]:{port}/",
    "http://inner.test:{port}/",
    "http://2130706433:{port}/",
    "//127.0.0.1:{port}/",
)
NAMES: Mapping[str, Sequence[str]] = {
    "metadata.test": ("169.254.169.254",),
    "inner.test": ("127.0.0.1",),
    "mapped.test": ("::ffff:127.0.0.1",),
    "mixed.test": ("127.0.0.2", "127.0.0.1"),
    "front.test": ("127.0.0.2",),
    # with a dot it stands in no file of hosts, and a name server would be asked
    "localhost.": ("127.0.0.1",),
}


class Resolver:
    """Stands in for DNS: names of `NAMES`, and `rebind.test`, which has another address each time it is asked for.

    Args:
        rebound: Its addresses, one after the other; the last one stays.
    """

    def __init__(self, rebound: Sequence[str]) -> None:
        self._rebound = list(rebound)
        self._real = socket.getaddrinfo

    def __call__(self, host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if name == "rebind.test":
            found: Sequence[str] = (self._rebound.pop(0) if len(self._rebound) > 1 else self._rebound[0],)
        elif name in NAMES:
            found = NAMES[name]
        elif name.endswith(".test"):
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        else:
            return self._real(host, port, *arguments, **options)
        return [entry for address in found for entry in self._real(address, port, *arguments, **options)]


@contextmanager
def resolving(*rebound: str) -> Iterator[None]:
    """Names of tests have addresses."""
    real = socket.getaddrinfo
    socket.getaddrinfo = Resolver(rebound or ("127.0.0.1",))
    try:
        yield
    finally:
        socket.getaddrinfo = real
