"""Every documented variable arrives in every environment, and wrong ones are named."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from config.base import BaseConfig, environment_names
from config.factory import ENVIRONMENTS, InvalidSettings, load_config, unknown_variables

SAMPLES = {
    "environment": None,  # chooses the class itself
    "log_level": "ERROR",
    "security_mode": "debug",
    "jwt_algorithm": "ES256",
    "warm_trainer": "on",
    "quality_executor": "ray",
    "jwt_enabled": "false",
    "mtls_enabled": "true",
    "debug": "true",
    "uds3_enabled": "false",
    "streaming_enabled": "false",
    "hub_offline": "true",
    "postgres_schema": "clara_schema",
    "trainer_memory_mb": "4096",
    "token_cache_mb": "1000",
    "mlflow_tracking_uri": "http://mlflow.example:5000",
    "mlflow_log_weights": "true",
    "synthetic_url": "http://modell.example:8000/v1",
}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in BaseConfig.model_fields:
        for name in environment_names(field):
            monkeypatch.delenv(name, raising=False)


def sample_of(field: str) -> str:
    if field in SAMPLES:
        return SAMPLES[field] or ""
    annotation = str(BaseConfig.model_fields[field].annotation)
    if "bool" in annotation:
        return "False" if BaseConfig.model_fields[field].default else "True"
    if "Path" in annotation:
        return "/somewhere/else"
    return "37" if "int" in annotation or "float" in annotation else "sample"


CASES = [
    (field, name) for field in BaseConfig.model_fields if field != "environment" for name in environment_names(field)
]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize(("field", "name"), CASES)
def test_every_variable_arrives_in_every_environment(
    environment: str, field: str, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CLARA_ENVIRONMENT", environment)
    monkeypatch.setenv(name, sample_of(field))
    value = getattr(load_config(tmp_path), field)
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    assert str(value).lower().removesuffix(".0") == sample_of(field).lower()


@pytest.mark.parametrize("variable", ["CLARA_ENVIRONMENT", "CLARA_ENV"])
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_both_names_choose_the_environment(
    variable: str, environment: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(variable, environment)
    config = load_config(tmp_path)
    assert (config.environment, type(config)) == (environment, ENVIRONMENTS[environment])


def test_every_field_says_what_it_is_for() -> None:
    for name, field in BaseConfig.model_fields.items():
        assert (field.description or "").endswith("."), name


def test_testing_has_its_own_ports_and_one_worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CLARA_ENV", "testing")
    config = load_config(tmp_path)
    assert (config.training_port, config.dataset_port, config.serving_port) == (45690, 45691, 45692)
    assert (config.max_concurrent_jobs, config.worker_timeout) == (1, 60)


def test_the_env_file_of_the_environment_is_read_below_variables(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env.production").write_text("CLARA_LOG_LEVEL=ERROR\nKEYCLOAK_REALM=stadt\n", encoding="utf-8")
    monkeypatch.setenv("CLARA_ENV", "production")
    monkeypatch.setenv("KEYCLOAK_REALM", "kreis")
    config = load_config(tmp_path)
    assert (config.log_level, config.keycloak_realm) == ("ERROR", "kreis")


@pytest.mark.parametrize(
    ("mode", "jwt", "mtls"),
    [("production", True, True), ("development", True, False), ("debug", False, False), ("testing", True, False)],
)
def test_the_security_mode_decides_unless_told_otherwise(mode: str, jwt: bool, mtls: bool) -> None:
    config = BaseConfig(security_mode=mode)
    assert (config.jwt_enabled_resolved, config.mtls_enabled_resolved) == (jwt, mtls)
    assert BaseConfig(security_mode=mode, jwt_enabled=not jwt).jwt_enabled_resolved is not jwt


def test_urls_are_derived() -> None:
    config = BaseConfig(keycloak_url="https://login.example.org/", postgres_host="db", postgres_password="p@ss/word")
    assert config.keycloak_issuer == "https://login.example.org/realms/vcc"
    assert config.keycloak_jwks_url == "https://login.example.org/realms/vcc/protocol/openid-connect/certs"
    assert config.postgres_dsn == "postgresql://clara:p%40ss%2Fword@db:5432/clara"
    assert config.database_url_resolved == "postgresql+psycopg://clara:p%40ss%2Fword@db:5432/clara"


def test_without_a_database_everything_is_embedded_below_home(tmp_path: Path) -> None:
    config = BaseConfig(home=tmp_path)
    assert config.database_url_resolved == f"sqlite:///{tmp_path.as_posix()}/clara.db"
    assert config.models_dir == tmp_path / "models"


def test_settings_are_frozen_and_secrets_stay_hidden() -> None:
    config = BaseConfig(postgres_password="geheim")
    with pytest.raises(ValueError, match="frozen"):
        config.debug = True
    assert "geheim" not in repr(config)


def test_a_login_inside_of_the_address_of_couchdb_stays_hidden(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CLARA_COUCH_URL", "https://kim:geheim@couch.example")
    config = load_config(tmp_path)

    assert config.couch_url is not None
    assert config.couch_url.get_secret_value() == "https://kim:geheim@couch.example"
    for shown in (repr(config), str(config), str(config.model_dump()), config.model_dump_json()):
        assert "geheim" not in shown
        assert "kim" not in shown


def test_a_wrong_value_is_named_without_being_repeated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CLARA_TRAINING_PORT", "hunter2")
    with pytest.raises(InvalidSettings, match="CLARA_TRAINING_PORT") as caught:
        load_config(tmp_path)
    assert "hunter2" not in str(caught.value)
    assert "default factory" not in str(caught.value)


def test_an_unknown_environment_names_the_nearest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CLARA_ENV", "produktion")
    with pytest.raises(InvalidSettings, match="Did you mean 'production'"):
        load_config(tmp_path)


def test_mistyped_variables_are_found() -> None:
    assert unknown_variables({"CLARA_TRAINING_PROT": "1", "PATH": "/bin"}) == [
        ("CLARA_TRAINING_PROT", "CLARA_TRAINING_PORT")
    ]


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("databricks", "must begin with http://"),
        ("./mlruns", "must begin with http://"),
        ("http://user:secret@mlflow.example", "must hold no password"),
    ],
)
def test_a_tracking_server_that_cannot_be_served_is_refused_without_repeating_a_password(
    uri: str, reason: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(InvalidSettings, match=reason) as refused:
        load_config(tmp_path)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("variable", "value", "place"),
    [
        ("KEYCLOAK_URL", "https://anna:secret@login.example", "public"),
        ("NEO4J_URI", "bolt://anna:secret@graph.example", "NEO4J_PASSWORD"),
        ("CLARA_EMBEDDING_MODEL", "https://anna:secret@modell.example/v1", "CLARA_EMBEDDING_API_KEY"),
        ("CLARA_SYNTHETIC_URL", "https://secret@modell.example/v1", "CLARA_SYNTHETIC_KEY"),
        ("CLARA_SYNTHETIC_URL", "https://anna:very/secret@modell.example/v1", "CLARA_SYNTHETIC_KEY"),
        ("CLARA_EMBEDDING_MODEL", "https://anna:sec@ret/secret@modell.example/v1", "CLARA_EMBEDDING_API_KEY"),
        ("CLARA_SYNTHETIC_URL", "https://anna:secret@[modell.example/v1", "CLARA_SYNTHETIC_KEY"),
        ("CLARA_PUBLISH_TARGETS", "file:///srv/share sftp://anna:secret@ablage.example/sets", "AWS_ACCESS_KEY_ID"),
    ],
)
def test_an_address_that_is_shown_holds_no_login(
    variable: str, value: str, place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidSettings, match=f"{variable}: .*must hold no password; use .*{place}") as refused:
        load_config(tmp_path)
    assert "secret" not in str(refused.value)


def test_an_at_sign_after_the_host_is_no_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CLARA_SYNTHETIC_URL", "https://modell.example/teams/a@b/v1")
    monkeypatch.setenv("CLARA_EMBEDDING_MODEL", "/srv/models/bge@2")
    assert load_config(tmp_path).synthetic_url == "https://modell.example/teams/a@b/v1"


def test_the_folder_of_evaluation_sets_is_absolute_and_none_if_empty(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLARA_EVALUATION_SETS", "golden")
    assert BaseConfig().evaluation_sets == tmp_path / "golden"
    monkeypatch.setenv("CLARA_EVALUATION_SETS", "")
    assert BaseConfig().evaluation_sets is None


@pytest.mark.parametrize("url", ["modell.example", "ftp://modell.example/v1", "http://"])
def test_a_writing_model_has_an_http_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str) -> None:
    monkeypatch.setenv("CLARA_SYNTHETIC_URL", url)
    with pytest.raises(InvalidSettings, match="CLARA_SYNTHETIC_URL"):
        load_config(tmp_path)


def test_an_empty_tracking_server_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    assert load_config(tmp_path).mlflow_tracking_uri is None
