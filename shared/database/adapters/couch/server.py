"""One database on a CouchDB: its HTTP interface as far as we use it, and its errors as ours.

Source: https://docs.couchdb.org/en/stable/api/index.html
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from shared.database.adapters.couch.courier import Courier, Deadline
from shared.database.adapters.couch.errors import CouchFailed, CouchLate, CouchMissing, CouchUnreachable, refusal
from shared.errors import InvalidInput

_FIRST_ERROR = 400
_PAGE = 500


class CouchAddressInvalid(InvalidInput):
    """The configured URL is none of a CouchDB."""

    code = "couchdb_address_invalid"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The URL of CouchDB {reason}. It looks like http://couchdb.example:5984.", reason=reason)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of `_all_docs` of a document that is there.

    Args:
        document: None unless documents were asked for.
    """

    id: str
    rev: str
    document: Mapping[str, Any] | None = None


class CouchServer:
    """A database by its name; nothing is asked before the first call.

    Args:
        url: Of the server; a user and a password in it are taken out of it.
        user: Goes before the one in the URL.
        password: Of the user.
        database: Name of the database.

    Raises:
        CouchAddressInvalid: If the URL names no server.
    """

    def __init__(self, url: str, user: str | None, password: str | None, *, database: str) -> None:
        base_url, url_user, url_password = _parted(url)
        self.user = user or url_user
        self.database = database
        self.place = f"database '{database}' at {base_url}"
        secret = (password or "") if user else url_password
        self._courier = Courier(base_url, _headers(self.user, secret))
        self._path = "/" + quote(database, safe="")

    def close(self) -> None:
        """Give connections back."""
        self._courier.close()

    def ask(
        self,
        asked: str,
        method: str,
        path: str = "",
        *,
        until: Deadline,
        body: Any = None,
        params: Mapping[str, Any] | None = None,
        passes: Sequence[int] = (),
    ) -> tuple[int, Any]:
        """Status and decoded body of one request.

        Args:
            asked: What for, as verb and object, for the message of an error.
            method: Of HTTP.
            path: Below the database, quoted.
            until: When it has to be over.
            body: Sent as JSON.
            params: Of the query; anything but a string is sent as JSON.
            passes: Statuses of 400 and more that are an answer here and no error.

        Raises:
            CouchFailed: If there is no answer in time, or another one than was hoped for.
        """
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        query = {name: value if isinstance(value, str) else json.dumps(value) for name, value in (params or {}).items()}
        status, raw = self._carried(asked, method, path, query, content, until)
        try:
            answer = json.loads(raw)
        except ValueError:
            answer = None
        if status >= _FIRST_ERROR and status not in passes:
            raise refusal(self.place, self.user, asked=asked, status=status, answer=answer)
        if answer is None:
            raise CouchFailed(self.place, f"was asked to {asked} and answered {status} with something that is no JSON")
        return status, answer

    def document(self, document_id: str, *, until: Deadline) -> Mapping[str, Any] | None:
        """One document whose id needs no quoting, or None.

        Raises:
            CouchDatabaseMissing: If there is no such database.
        """
        try:
            _, answer = self.ask("read a document", "GET", f"/{document_id}", until=until)
        except CouchMissing:
            return None
        return dict(answer)

    def rows(self, ids: Sequence[str], *, until: Deadline, with_documents: bool = False) -> dict[str, Row]:
        """Those of these documents that are there."""
        if not ids:
            return {}
        params = {"include_docs": with_documents}
        _, answer = self.ask("read documents", "POST", "/_all_docs", body={"keys": ids}, params=params, until=until)
        return {row.id: row for row in _rows(answer)}

    def page(self, prefix: str, *, after: str, until: Deadline, with_documents: bool, limit: int = _PAGE) -> list[Row]:
        """The next documents whose ids start with a prefix, in the order of their ids' bytes.

        Args:
            prefix: Ends with a colon.
            after: Id of the last one seen; empty at the beginning.
            until: When it has to be over.
            with_documents: Whether the documents come along.
            limit: Of the page.
        """
        params = {
            "startkey": json.dumps(after or prefix),
            "endkey": json.dumps(prefix[:-1] + ";"),  # the character after the colon
            "limit": limit + 1,  # the last one seen comes again
            "include_docs": with_documents,
        }
        _, answer = self.ask("list documents", "GET", "/_all_docs", params=params, until=until)
        return [row for row in _rows(answer) if row.id != after][:limit]

    def pages(self, prefix: str, *, within_s: float, with_documents: bool) -> Iterator[list[Row]]:
        """All documents whose ids start with a prefix; each page has its own time."""
        after = ""
        while rows := self.page(prefix, after=after, until=Deadline(within_s), with_documents=with_documents):
            yield rows
            after = rows[-1].id

    def put_all(self, documents: Sequence[Mapping[str, Any]], *, until: Deadline) -> dict[str, str]:
        """Write documents, each on its own; returns the new revision by id, empty where somebody else was faster.

        Raises:
            CouchFailed: If one was refused for another reason than a conflict; others may be written.
        """
        if not documents:
            return {}
        _, answer = self.ask("write documents", "POST", "/_bulk_docs", body={"docs": list(documents)}, until=until)
        written: dict[str, str] = {}
        for row in answer:
            if row.get("error") and row["error"] != "conflict":
                raise refusal(self.place, self.user, asked="write documents", status=_status_of(row), answer=row)
            written[str(row["id"])] = "" if row.get("error") else str(row["rev"])
        if missing := [each["_id"] for each in documents if each["_id"] not in written]:
            raise CouchFailed(self.place, f"says nothing about {len(missing)} of {len(documents)} written documents")
        return written

    def _carried(
        self, asked: str, method: str, path: str, query: dict[str, str], content: bytes | None, until: Deadline
    ) -> tuple[int, bytes]:
        import httpx

        from shared.outgoing.transport import AddressNotAllowed

        try:
            parcel = self._courier.carry(method, self._path + path, params=query, content=content, until=until)
        except TimeoutError as exc:
            raise CouchLate(self.place, asked, until.within_s) from exc
        except AddressNotAllowed as exc:
            raise CouchUnreachable(self.place, f"is not asked ({exc})") from exc
        except httpx.HTTPError as exc:
            # the class says enough; the text may quote addresses
            raise CouchUnreachable(self.place, f"cannot be reached ({type(exc).__name__})") from exc
        return parcel.status, parcel.body


def _rows(answer: Any) -> Iterator[Row]:
    """What is there; a deleted or unknown document has a row that says so."""
    for row in answer["rows"]:
        value = row.get("value")
        if row.get("error") or not value or value.get("deleted"):
            continue
        yield Row(str(row["id"]), str(value["rev"]), row.get("doc"))


def _status_of(row: Mapping[str, Any]) -> int:
    return {"unauthorized": 401, "forbidden": 403}.get(str(row["error"]), 500)


def _headers(user: str, password: str) -> dict[str, str]:
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    if user:
        login = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
        headers["Authorization"] = f"Basic {login}"
    return headers


def _parted(url: str) -> tuple[str, str, str]:
    """The URL without credentials, the user and the password."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
    except ValueError as exc:
        raise CouchAddressInvalid("cannot be read") from exc
    if parts.scheme not in ("http", "https") or not host:
        raise CouchAddressInvalid("does not start with http:// or https:// and the name of a server")
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":
        raise CouchAddressInvalid("has a login with characters that have to be written as %2F, %3F or %23")
    name = f"[{host}]" if ":" in host else host
    where = f"{parts.scheme}://{name}{f':{port}' if port else ''}{parts.path.rstrip('/')}"
    return where, unquote(parts.username or ""), unquote(parts.password or "")
