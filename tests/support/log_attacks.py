"""Texts that would forge a line of a log, move a terminal's cursor or break a parser, and places to put them."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

FORGED = '{"timestamp":"2026-01-01T00:00:00Z","level":"INFO","event":"admin.logged_in"}'
TEXTS = (
    f"x\n{FORGED}",
    f"x\r\n{FORGED}",
    f'"}}\n{FORGED}',
    f"x\u2028{FORGED}",
    f"x\u2029{FORGED}",
    f"x\x85{FORGED}",
    f"x\x0b\x0c{FORGED}",
    "\x1b[2J\x1b[1;1Hall is well",
    "\x1b]0;title\x07",
    "\x08\x08\x08\x7f",
    "\u202egnp.exe",
    "%s %d %(levelname)s {0} {event}",
    "${jndi:ldap://127.0.0.1/a}",
    "<script>alert(1)</script>",
    "' OR 1=1 --",
    "\\n\\r\\x1b",
    "\udcff".encode("utf-8", "surrogateescape").decode("latin-1"),
    "x" * 20_000,
    "\ufeff\u200b\u200d",
    "a\tb\tc",
)


@dataclass(frozen=True)
class Attack:
    """One request.

    Args:
        service: Which gets it.
        target: Path with query, encoded.
        headers: Beside the token.
        body: JSON; None: a GET.
    """

    service: str
    target: str
    headers: dict[str, bytes] = field(default_factory=dict)
    body: object = None


def attacks() -> Iterator[Attack]:
    """Every text in each of five places: 100 requests."""
    for (number, text), place in itertools.product(enumerate(TEXTS), range(5)):
        service = ("training", "datasets")[number % 2]
        jobs = "/api/training/jobs" if service == "training" else "/api/datasets"
        plain = text.encode("utf-8", "replace").replace(b"\n", b" ").replace(b"\r", b" ").replace(b"\0", b"")
        shown = text[:2_000]
        if place == 0:
            yield Attack(service, f"{jobs}/{quote(shown, safe='')}")
        elif place == 1:
            yield Attack(service, f"{jobs}?after={quote(shown, safe='')}&{quote(shown, safe='')}=1")
        elif place == 2:
            yield Attack(service, "/nothing", {"X-Request-ID": plain[:4_000], "User-Agent": plain[:4_000]})
        elif place == 3:
            yield Attack(service, "/nothing", {"Authorization": b"Bearer " + plain[:4_000], "Origin": plain[:4_000]})
        else:
            body = {"trainer_type": "probe", "config": {}, "name": text, "job_name": text, "search_query": text}
            yield Attack(service, jobs, body=body)
