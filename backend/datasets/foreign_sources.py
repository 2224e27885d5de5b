"""The file that names databases of others (`CLARA_UDS3_SOURCES_FILE`): which there are and which field means what.

    sources:
      - name: fachakten
        kind: postgres
        url: postgresql://leser@db.amt.example:5432/akten
        password_env: FACHAKTEN_PASSWORD
        table: public.akten
        fields: {id: aktenzeichen, text: inhalt, title: betreff, valid_from: gueltig_ab}

Passwords do not stand in it: `password_env` names the environment variable that holds one.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from backend.datasets.settings_file import UnusableFile, read_settings_file
from shared.database.search_store import SearchSource
from shared.database.uds3.foreign import FieldMapping
from shared.errors import InvalidInput

_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
_Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]
_OWN_NAMES = frozenset(("embedded", "embedded_vectors", "postgres", "chromadb", "neo4j", "couchdb"))


class InvalidSourcesFile(InvalidInput):
    """The file of foreign sources cannot be read or says something impossible."""

    code = "invalid_sources_file"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"The file {path} (CLARA_UDS3_SOURCES_FILE) cannot be used: {reason}.", path=str(path), reason=reason
        )


class _Fields(BaseModel):
    """`FieldMapping` as it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: _Text
    text: _Text
    title: str = ""
    heading: str = ""
    number: str = ""
    abbreviation: str = ""
    media_type: str = ""
    valid_from: str = ""
    valid_to: str = ""
    ingested_at: str = ""

    def mapping(self) -> FieldMapping:
        """The same for the stores."""
        return FieldMapping(**self.model_dump())


class _Source(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: _Name = Field(description="How it is called in answers; also the source of its documents.")
    url: _Text
    user: str | None = None
    password_env: str | None = None
    fields: _Fields

    @model_validator(mode="after")
    def _not_ours(self) -> Self:
        if self.name in _OWN_NAMES:
            raise ValueError(f"the name '{self.name}' is taken by a store of CLARA's own")
        return self

    @model_validator(mode="after")
    def _no_password(self) -> Self:
        if urlsplit(self.url).password is not None:
            raise ValueError(f"the url of '{self.name}' holds a password: name a variable for it in password_env")
        return self

    def password(self) -> str | None:
        """From the environment.

        Raises:
            ValueError: If the variable that the file names is not set.
        """
        if self.password_env is None:
            return None
        value = os.environ.get(self.password_env)
        if value is None:
            raise ValueError(f"source '{self.name}' takes its password from {self.password_env}, which is not set")
        return value


class PostgresSource(_Source):
    """A table or view."""

    kind: Literal["postgres"]
    table: _Text
    vector_column: str = Field("", description="Column of type tsvector to search in; empty: made from the text.")


class ChromaSource(_Source):
    """A collection with texts."""

    kind: Literal["chromadb"]
    collection: _Text


class Neo4jSource(_Source):
    """Nodes of a label."""

    kind: Literal["neo4j"]
    label: _Text
    database: str | None = None


class CouchSource(_Source):
    """Documents of a database."""

    kind: Literal["couchdb"]
    database: _Text


ForeignSource = Annotated[PostgresSource | ChromaSource | Neo4jSource | CouchSource, Field(discriminator="kind")]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    sources: list[ForeignSource] = Field(max_length=50)

    @model_validator(mode="after")
    def _unique(self) -> Self:
        names = [source.name for source in self.sources]
        if len(set(names)) < len(names):
            raise ValueError("two sources have the same name")
        return self


def read_sources_file(path: Path) -> Sequence[ForeignSource]:
    """The sources that a file names.

    Raises:
        InvalidSourcesFile: If it cannot be read, is no YAML, or names something impossible; says what and where.
    """
    try:
        return read_settings_file(path, _File).sources
    except UnusableFile as exc:
        raise InvalidSourcesFile(path, str(exc)) from exc


def open_sources(path: Path | None, *, timeout_s: float) -> list[SearchSource]:
    """The databases that the file names, not yet connected; none without a file.

    Raises:
        InvalidSourcesFile: If the file cannot be used.
    """
    if path is None:
        return []
    try:
        return [_open(source, timeout_s) for source in read_sources_file(path)]
    except ValueError as exc:
        raise InvalidSourcesFile(path, str(exc)) from exc


def _open(source: ForeignSource, timeout_s: float) -> SearchSource:
    options: dict[str, Any] = {"timeout_s": timeout_s}
    mapping = source.fields.mapping()
    if isinstance(source, PostgresSource):
        from psycopg.conninfo import make_conninfo

        from shared.database.adapters.postgres import ForeignPostgresSource

        dsn = make_conninfo(source.url, user=source.user, password=source.password())
        return ForeignPostgresSource(
            source.name, dsn, table=source.table, mapping=mapping, vector_column=source.vector_column, **options
        )
    if isinstance(source, ChromaSource):
        from shared.database.adapters.chroma_connection import ChromaPlace
        from shared.database.adapters.chromadb import ForeignChromaSource

        address = urlsplit(source.url)
        if address.scheme not in {"http", "https"} or not address.hostname or "@" in address.netloc:
            raise ValueError(f"source '{source.name}' needs a url such as http://host:8000")
        token = source.password()
        place = ChromaPlace(
            host=address.hostname,
            port=address.port or (443 if address.scheme == "https" else 8000),
            is_tls=address.scheme == "https",
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )
        return ForeignChromaSource(source.name, place, source.collection, mapping, **options)
    if isinstance(source, Neo4jSource):
        from shared.database.adapters.neo4j import ForeignNeo4jSource

        return ForeignNeo4jSource(
            source.name,
            source.url,
            source.user or "",
            source.password() or "",
            label=source.label,
            mapping=mapping,
            database=source.database,
            **options,
        )
    from shared.database.adapters.couchdb import ForeignCouchSource

    return ForeignCouchSource(
        source.url,
        source.user,
        source.password(),
        name=source.name,
        database=source.database,
        mapping=mapping,
        **options,
    )
