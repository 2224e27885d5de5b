"""Every setting of CLARA: its type, its unit, its default and what it is for.

A field `name` is read from `CLARA_NAME`; fields of other products (`KEYCLOAK_*`, `POSTGRES_*`, `CHROMA_*`, `NEO4J_*`,
`COUCH_*`, `UDS3_*`, `MLFLOW_*`) also under their bare name. The names come from the field's own name by one rule, so
that an environment class that overrides a default can never lose them. Order: environment variable,
`.env.<environment>`, default.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import quote, urlsplit

from pydantic import AliasChoices, AliasGenerator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

BARE_PREFIXES = ("keycloak_", "postgres_", "chroma_", "neo4j_", "couch_", "uds3_", "mlflow_")
"""Settings that are also read without the `CLARA_` prefix."""

_EXTRA_NAMES = {"environment": ("CLARA_ENV",), "hub_offline": ("HF_HUB_OFFLINE",)}


def environment_names(field: str) -> tuple[str, ...]:
    """The environment variables that a field is read from, the strongest first."""
    bare = (field.upper(),) if field.startswith(BARE_PREFIXES) else ()
    return (f"CLARA_{field.upper()}", *bare, *_EXTRA_NAMES.get(field, ()))


_LOGIN_GOES_INTO = {
    "keycloak_url": "no login at all, keys of an identity provider are public",
    "neo4j_uri": "NEO4J_USER and NEO4J_PASSWORD",
    "embedding_model": "CLARA_EMBEDDING_API_KEY",
    "synthetic_url": "CLARA_SYNTHETIC_KEY",
    "mlflow_tracking_uri": "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD",
    "publish_targets": "the variables of the store, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
}

Port = Annotated[int, Field(ge=0, le=65535)]
SecurityMode = Literal["production", "development", "debug", "testing"]


class BaseConfig(BaseSettings):
    """All settings; environment classes override defaults only. Frozen: a running service never changes them."""

    model_config = SettingsConfigDict(
        frozen=True,
        # validators are built for the one environment that is used, and not for the others and this class as well
        defer_build=True,
        extra="ignore",
        env_file_encoding="utf-8",
        populate_by_name=True,
        alias_generator=AliasGenerator(validation_alias=lambda name: AliasChoices(*environment_names(name), name)),
    )

    overrides: ClassVar[Mapping[str, Any]] = {}
    """Field -> default of this environment; the field keeps its names, range and description."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment classes add their defaults as the weakest source."""
        defaults = InitSettingsSource(settings_cls, init_kwargs=dict(cls.overrides))
        return init_settings, env_settings, dotenv_settings, file_secret_settings, defaults

    # Service
    app_name: str = Field("CLARA", description="Name shown by the services and in /docs.")
    environment: Literal["development", "production", "testing"] = Field(
        "development", description="Chooses the class of defaults."
    )
    debug: bool = Field(False, description="Verbose errors for developers; refused in production.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least level that is logged.")
    api_host: str = Field("127.0.0.1", description="Address the services listen on.")
    training_port: Port = Field(45680, description="Port of the training service.")
    dataset_port: Port = Field(45681, description="Port of the dataset service.")
    serving_port: Port = Field(45682, description="Port of the serving service.")
    cors_origins: str = Field("", description="Exact browser origins that may call, separated by commas.")
    max_upload_mb: int = Field(256, ge=1, description="Largest request body of an upload (unit: MiB).")
    upload_file_limit_mb: int = Field(64, ge=1, description="Largest single document, unpacked (unit: MiB).")
    upload_row_limit: int = Field(1_000_000, ge=1, description="Most rows of one uploaded table or JSON lines file.")

    trusted_proxies: str = Field(
        "",
        description="Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed, separated by commas: addresses "
        "or networks.",
    )
    max_connections: int = Field(
        4096,
        ge=1,
        description="Connections that a service holds open, WebSockets included; fewer where it may not open as many "
        "files, 512 more than this.",
    )
    max_connections_per_address: int = Field(
        2048, ge=1, description="Connections of one address; trusted proxies have no such limit."
    )
    header_seconds: float = Field(
        10.0,
        gt=0,
        description="Longest time in which a TLS handshake, or the head of a request, must have come (unit: s).",
    )
    request_seconds: float = Field(
        600.0, gt=0, description="Longest time until the answer to a request begins (unit: s)."
    )
    rate_limit_per_user: float = Field(
        1000.0,
        ge=0,
        description="Calls of one user, sustained; twice as many in a burst, 429 beyond; 0: no limit (unit: calls/s).",
    )
    rate_limit_per_address: float = Field(
        2000.0, ge=0, description="Likewise of one address; probes are not counted (unit: calls/s)."
    )
    json_depth: int = Field(64, ge=8, le=500, description="Deepest nesting of a JSON body.")
    outgoing_allowed: str = Field(
        "",
        description="Hosts and networks of your own that services may connect to (identity provider, embedding "
        "endpoint, MLflow), separated by commas: names, addresses, 10.1.0.0/16. Public addresses need not be listed; "
        "link-local and reserved ones are never connected to. Databases need not be listed.",
    )

    # Jobs
    max_concurrent_jobs: int = Field(2, ge=1, le=64, description="Trainer processes that one training service runs.")
    worker_timeout: int = Field(3600, ge=1, description="Longest run of one attempt (unit: s).")
    lease_seconds: float = Field(30.0, gt=0, description="A silent worker loses its job after this time (unit: s).")
    heartbeat_seconds: float = Field(10.0, gt=0, description="Distance of lease renewals (unit: s).")
    grace_seconds: float = Field(30.0, ge=0, description="Time a trainer gets to let go before it is killed (unit: s).")
    save_every: int = Field(100, ge=1, description="Distance of checkpoints (unit: optimizer steps).")
    max_attempts: int = Field(
        3, ge=1, le=100, description="Crashes, or temporary errors, in a row without progress after which a job fails."
    )
    retry_seconds: float = Field(
        5.0, ge=0, description="Pause before the second retry in a row, doubled with each further one (unit: s)."
    )
    stall_seconds: float = Field(
        900.0, gt=0, description="A trainer that says nothing for this time hangs and is ended (unit: s)."
    )
    trainer_memory_mb: int | None = Field(
        None, ge=64, description="Memory that a trainer process may allocate; empty: no limit (unit: MiB)."
    )
    warm_trainer: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Keep a process with the libraries imported, from which trainers fork (Linux only); auto: where "
        "4096 MiB of memory are available.",
    )
    token_cache_mb: int = Field(
        20_000, ge=0, description="Tokenised data files kept over jobs below data/cache; 0: none (unit: MiB)."
    )
    max_queued_jobs: int = Field(10_000, ge=1, description="Active jobs of all users; one more is answered with 429.")
    max_jobs_per_user: int = Field(1_000, ge=1, description="Active jobs of one user; one more is answered with 429.")
    poll_seconds: float = Field(
        1.0, gt=0, description="Longest wait of an idle worker between looks at the queue (unit: s)."
    )

    # Feedback
    continuous_after_items: int = Field(
        0, ge=0, description="New items of feedback with a target at which a continuous run is submitted; 0: never."
    )
    continuous_after_hours: float = Field(
        0.0, ge=0, description="Time after which one is submitted if anything is new; 0: never (unit: h)."
    )
    continuous_config_path: str = Field(
        "", description="Training config of such a run, below configs_dir; empty: the server's defaults."
    )
    continuous_check_seconds: float = Field(60.0, gt=0, description="Distance of looks at the feedback (unit: s).")

    # Security
    security_mode: SecurityMode = Field(
        "development", description="production: JWT + mTLS; development: JWT; debug: no login; testing: local test key."
    )
    jwt_enabled: bool | None = Field(None, description="Overrides what security_mode says about tokens.")
    mtls_enabled: bool | None = Field(None, description="Overrides what security_mode says about client certificates.")
    tls_cert_file: Path | None = Field(None, description="Server certificate chain (PEM).")
    tls_key_file: Path | None = Field(None, description="Private key of the server certificate (PEM).")
    tls_client_ca_file: Path | None = Field(None, description="Authority that signs client certificates (PEM).")
    tls_client_crl_file: Path | None = Field(
        None, description="Revocation list of that authority (PEM); a new one is in force with the next handshake."
    )
    client_cert_file: Path | None = Field(
        None, description="Certificate that the command line shows to services (PEM)."
    )
    client_key_file: Path | None = Field(None, description="Private key of that certificate (PEM).")
    client_ca_file: Path | None = Field(
        None, description="Authority of the services' certificates (PEM); empty: those that this machine trusts."
    )
    keycloak_url: str = Field("http://localhost:8080", description="Base URL of the identity provider.")
    keycloak_realm: str = Field("vcc", description="Realm whose tokens are accepted.")
    keycloak_client_id: str = Field("clara-training-system", description="Audience that a token must name.")
    keycloak_cli_client_id: str = Field(
        "clara-cli", description="Public client of that realm with which `clara login` logs in."
    )
    jwt_algorithm: Literal["RS256", "PS256", "ES256"] = Field(
        "RS256", description="The one accepted signature algorithm."
    )
    debug_user_id: str = Field("debug-user", description="Subject of the fixed user of security_mode debug.")
    debug_user_email: str = Field("debug@clara.local", description="E-mail of that user.")
    debug_user_roles: str = Field("admin,trainer", description="Roles of that user, separated by commas.")

    # Audit log
    audit_anchor_seconds: float = Field(
        300.0, gt=0, description="Longest time between an entry of the audit log and an anchor over it (unit: s)."
    )
    audit_anchor_rows: int = Field(1000, ge=1, description="Most entries of the audit log that no anchor is over.")

    # Databases
    database_url: SecretStr | None = Field(
        None,
        description="SQLAlchemy URL of the truth; empty: PostgreSQL if postgres_host is set, else SQLite below home.",
    )
    postgres_host: str | None = Field(None, description="Host of PostgreSQL; empty: SQLite.")
    postgres_port: Port = Field(5432, description="Port of PostgreSQL.")
    postgres_user: str = Field("clara", description="User of PostgreSQL.")
    postgres_password: SecretStr | None = Field(None, description="Password of that user.")
    postgres_database: str = Field("clara", description="Database name.")
    postgres_schema: str = Field("public", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="Schema of CLARA's tables.")
    postgres_search: bool = Field(
        True, description="Where PostgreSQL is configured, let it answer searches by words (schema clara_search)."
    )
    chroma_host: str | None = Field(None, description="Host of ChromaDB; empty: not used.")
    chroma_port: Port = Field(8000, description="Port of ChromaDB.")
    chroma_ssl: bool = Field(False, description="Speak HTTPS with ChromaDB.")
    chroma_token: SecretStr | None = Field(None, description="Bearer token of ChromaDB.")
    chroma_path: Path | None = Field(
        None, description="Folder of a ChromaDB inside the dataset service, instead of a server; one process only."
    )
    neo4j_uri: str | None = Field(None, description="Bolt URI of Neo4j; empty: not used.")
    neo4j_user: str = Field("neo4j", description="User of Neo4j.")
    neo4j_password: SecretStr | None = Field(None, description="Password of that user.")
    neo4j_database: str | None = Field(None, description="Database of Neo4j; empty: the user's home database.")
    couch_url: SecretStr | None = Field(
        None, description="URL of CouchDB, which may hold a login and is never shown; empty: not used."
    )
    couch_user: str | None = Field(None, description="User of CouchDB.")
    couch_password: SecretStr | None = Field(None, description="Password of that user.")
    couch_database: str = Field("clara_documents", description="Database of CouchDB.")
    uds3_enabled: bool = Field(True, description="Search documents through the UDS3 layer.")
    uds3_embedded: bool = Field(
        True,
        description="Keep the embedded search stores; they answer what no configured database can, and while one is "
        "down. Without them at least one database must be configured.",
    )
    uds3_sources_file: Path | None = Field(
        None, description="YAML file that names databases of others, to be searched and never written."
    )

    # Embeddings
    embedding_model: str = Field(
        "hashed",
        description="What makes vectors: hashed (offline), the folder of a sentence-transformers model, the URL of an "
        "OpenAI-compatible endpoint (http(s)://…/v1), or none.",
    )
    embedding_model_name: str = Field("", description="Model that the endpoint is asked for.")
    embedding_api_key: SecretStr | None = Field(None, description="Key of the endpoint.")
    embedding_query_prefix: str = Field("", description='Put before queries, as some models want ("query: ").')
    embedding_passage_prefix: str = Field("", description='Put before texts, as some models want ("passage: ").')
    embedding_batch_size: int = Field(32, ge=1, le=4096, description="Texts that a model gets at once.")
    embedding_cache_mb: int = Field(
        2_000, ge=0, description="Vectors of models and endpoints kept below data/cache; 0: none (unit: MiB)."
    )

    # Experiment tracking
    mlflow_tracking_uri: str | None = Field(
        None,
        description="MLflow server that ended jobs are told to (http(s)://…, or sqlite:///… on this machine); empty: "
        "none. Passwords go into MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.",
    )
    mlflow_experiment_name: str = Field("CLARA", min_length=1, description="MLflow experiment of all runs.")
    mlflow_log_weights: bool = Field(False, description="Upload adapters to MLflow too, not only their reports.")

    # Datasets
    quality_profile: str = Field(
        "legal-de",
        description="How texts are judged: legal-de, general-de, general-en, datatrove-compat, or a YAML file "
        "(guides/quality.md).",
    )
    quality_executor: Literal["local", "ray"] = Field(
        "local", description="Who measures in a quality run: processes of this machine, or a Ray cluster (extra `ray`)."
    )
    quality_ray_address: str = Field(
        "", description="Address of the Ray cluster, e.g. head:6379 or auto; empty: one of this machine alone."
    )
    quality_workers: int = Field(
        0, ge=0, le=256, description="Processes that measure quality in a quality run; 0: one for each core."
    )
    build_processes: int = Field(
        2, ge=1, le=64, description="Processes that one build of a dataset uses at most; its result is the same."
    )
    export_processes: int = Field(
        2,
        ge=1,
        le=64,
        description="Exports and publications at once, each in a process of its own; others wait for their turn.",
    )
    pii_policy: str = Field(
        "none",
        description="What is done with personal data in records: none, default, or a YAML file (guides/datasets.md).",
    )
    pii_key: SecretStr | None = Field(
        None, description="Secret of the pseudonyms, at least 16 bytes; needed by a policy that makes them."
    )

    publish_targets: str = Field(
        "",
        description="URLs below which exports may be published, separated by spaces (s3://bucket/datasets "
        "file:///srv/share); empty: nowhere. Access data come from the environment (guides/datasets.md).",
    )

    evaluation_sets: Path | None = Field(
        None,
        description="Folder of evaluation sets (*.jsonl): datasets do without what gives them away "
        "(guides/datasets.md); empty: nothing is compared.",
    )
    templates: Path | None = Field(
        None,
        description="Folder of the installation's own templates of questions and answers (guides/records.md); empty: "
        "none.",
    )
    synthetic_url: str | None = Field(
        None,
        description="OpenAI-compatible endpoint (http(s)://…/v1) that writes questions and answers for datasets whose "
        "order wants some; empty: none is ever asked.",
    )
    synthetic_model: str = Field("", description="Model that this endpoint is asked for.")
    synthetic_key: SecretStr | None = Field(None, description="Key of this endpoint.")
    synthetic_concurrency: int = Field(4, ge=1, le=64, description="Requests at once to this endpoint.")
    synthetic_timeout: float = Field(
        120.0, gt=0, le=3600, description="A request of this age is given up and made again (unit: s)."
    )

    # Streaming
    streaming_enabled: bool = Field(True, description="Offer POST /api/datasets/stream.")
    streaming_batch_size: int = Field(
        100,
        ge=10,
        le=1000,
        description="Sections that a stream looks at before it sends its first records (unit: sections).",
    )
    streaming_cache_mb: int = Field(
        1024,
        ge=0,
        description="Disk space for records that streams have made, so that the next stream finds them ready; 0: none "
        "are kept (unit: MiB).",
    )
    streaming_prepare: bool = Field(
        True,
        description="Make records of new documents ready before anybody streams them, by a process of the lowest "
        "priority: of the usual shape, and of those in which everything was streamed before.",
    )

    # Folders and models
    home: Path = Field(Path("~/.clara"), description="All state lies below this folder.")
    data_dir: Path = Field(
        default_factory=lambda fields: _below(fields, "data"),
        description="Datasets, exports, uploads; default: data below home.",
    )
    models_dir: Path = Field(
        default_factory=lambda fields: _below(fields, "models"),
        description="Base models and adapters; default: models below home.",
    )
    logs_dir: Path = Field(
        default_factory=lambda fields: _below(fields, "logs"),
        description="Logs of jobs and services; default: logs below home.",
    )
    configs_dir: Path = Field(
        default_factory=lambda fields: _below(fields, "configs"),
        description="Where config_path of a job is looked up; default: configs below home.",
    )
    default_base_model: str = Field("starter", description="Base model of a job that names none.")
    base_model_dirs: str = Field(
        "", description="Further folders in which base models may lie, separated by the system's path separator."
    )
    hub_offline: bool = Field(False, description="Never ask a model hub; only local folders are base models.")

    @field_validator("home", "data_dir", "models_dir", "logs_dir", "configs_dir", mode="after")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().absolute()

    @field_validator("synthetic_url", mode="after")
    @classmethod
    def _http_or_none(cls, url: str | None) -> str | None:
        if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
            raise ValueError("must be an address that begins with http:// or https://")
        return url or None

    @field_validator("evaluation_sets", "templates", mode="before")
    @classmethod
    def _none_if_empty(cls, path: object) -> object:
        # an empty path would be the folder that the service was started in
        return path or None

    @field_validator("evaluation_sets", "templates", mode="after")
    @classmethod
    def _absolute_if_given(cls, path: Path | None) -> Path | None:
        return None if path is None else path.expanduser().absolute()

    @field_validator("mlflow_tracking_uri", mode="after")
    @classmethod
    def _tracking_server(cls, uri: str | None) -> str | None:
        if not uri:
            return None
        if urlsplit(uri).scheme not in {"http", "https", "sqlite"}:
            raise ValueError("must begin with http://, https:// or sqlite:///")
        return uri.rstrip("/")

    @field_validator(*_LOGIN_GOES_INTO, mode="before")
    @classmethod
    def _without_login(cls, addresses: object, info: ValidationInfo) -> object:
        # these are shown: in logs, in reports, to who asks for the settings
        if isinstance(addresses, str) and any(_has_login(address) for address in addresses.split()):
            raise ValueError(f"must hold no password; use {_LOGIN_GOES_INTO[str(info.field_name)]}")
        return addresses

    @property
    def is_development(self) -> bool:
        """Whether this is the development environment."""
        return self.environment == "development"

    @property
    def is_production(self) -> bool:
        """Whether this is the production environment."""
        return self.environment == "production"

    @property
    def is_testing(self) -> bool:
        """Whether this is the testing environment."""
        return self.environment == "testing"

    @property
    def jwt_enabled_resolved(self) -> bool:
        """Whether callers need a token: `jwt_enabled` if given, else every mode but debug."""
        return self.security_mode != "debug" if self.jwt_enabled is None else self.jwt_enabled

    @property
    def mtls_enabled_resolved(self) -> bool:
        """Whether callers need a client certificate: `mtls_enabled` if given, else production only."""
        return self.security_mode == "production" if self.mtls_enabled is None else self.mtls_enabled

    @property
    def keycloak_issuer(self) -> str:
        """The exact `iss` of accepted tokens."""
        return f"{self.keycloak_url.rstrip('/')}/realms/{self.keycloak_realm}"

    @property
    def keycloak_jwks_url(self) -> str:
        """Where the issuer publishes its keys."""
        return f"{self.keycloak_issuer}/protocol/openid-connect/certs"

    @property
    def debug_user_roles_list(self) -> list[str]:
        """Roles of the debug user as a list."""
        return _split(self.debug_user_roles)

    @property
    def cors_origins_list(self) -> list[str]:
        """Allowed browser origins as a list."""
        return _split(self.cors_origins)

    @property
    def trusted_proxies_list(self) -> list[str]:
        """Trusted proxies as a list."""
        return _split(self.trusted_proxies)

    @property
    def outgoing_allowed_list(self) -> list[str]:
        """Hosts and networks of our own as a list."""
        return _split(self.outgoing_allowed)

    @property
    def base_model_roots(self) -> list[Path]:
        """Every folder in which a base model may lie, `models_dir` first."""
        return [self.models_dir, *(Path(part).expanduser() for part in self.base_model_dirs.split(os.pathsep) if part)]

    @property
    def postgres_dsn(self) -> str:
        """The libpq URL of the configured PostgreSQL (host `localhost` where none is set); holds the password."""
        password = f":{quote(self.postgres_password.get_secret_value(), safe='')}" if self.postgres_password else ""
        user = quote(self.postgres_user, safe="")
        host = self.postgres_host or "localhost"
        return f"postgresql://{user}{password}@{host}:{self.postgres_port}/{quote(self.postgres_database, safe='')}"

    @property
    def database_url_resolved(self) -> str:
        """SQLAlchemy URL of the truth: `database_url`, else PostgreSQL if configured, else SQLite below `home`."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        if self.postgres_host:
            search_path = "" if self.postgres_schema == "public" else f"?options=-csearch_path%3D{self.postgres_schema}"
            return self.postgres_dsn.replace("postgresql://", "postgresql+psycopg://", 1) + search_path
        return f"sqlite:///{(self.home / 'clara.db').as_posix()}"


def _below(fields: dict[str, Any], name: str) -> Path:
    # `home` is absent when it failed its own validation; that error is the one to show
    return Path(fields.get("home", Path())) / name


def _has_login(address: str) -> bool:
    try:
        parts = urlsplit(address)
        # looked at, as it raises: a password with a slash ends the host too early and looks like a port
        _ = parts.port
    except ValueError:
        return "@" in address
    return "@" in parts.netloc


def _split(listed: str) -> list[str]:
    return [part.strip() for part in listed.split(",") if part.strip()]
