"""Every line of a log is one JSON object, whoever writes into it, and no secret is in any of them, or in any answer.

A hundred requests carry what would forge lines into path, query, headers and bodies. Twenty secrets, none of which
occurs anywhere else, are given to the services as settings, tokens and passwords of callers, in every place in which
people put them; then they are looked for in logs, answers, descriptions, figures, the settings as they are shown and
every file that the services left behind, databases among them.
"""

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from backend.common.security import security_from
from config.development import DevelopmentConfig
from shared.auth.local_issuer import issue_test_token
from tests.support.installation import Installation, installation
from tests.support.log_attacks import FORGED, attacks
from tests.support.quick_service import probe_order
from tests.support.raw_http import raw_answer
from tests.trust.place import Place

_IN_SETTINGS = (
    "CLARA_PII_KEY",
    "CLARA_EMBEDDING_API_KEY",
    "CHROMA_TOKEN",
    "NEO4J_PASSWORD",
    "COUCH_PASSWORD",
    "POSTGRES_PASSWORD",
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
)
_OPEN = ("/", "/health", "/livez", "/readyz", "/metrics", "/docs", "/redoc", "/openapi.json")


def run(place: Place) -> Mapping[str, Any]:
    """Attack, then read everything."""
    home = place.folder / "home"
    security = security_from(DevelopmentConfig(security_mode="testing", home=home))
    secrets = [f"cAnArY{os.urandom(9).hex()}" for _ in range(20)]
    settings = dict(zip(_IN_SETTINGS, secrets, strict=False))
    with installation(home, CLARA_SECURITY_MODE="testing", CLARA_LOG_LEVEL="DEBUG", **settings) as it:
        token = issue_test_token(security)
        answers = [*_attacks(it, token), *_secretive(it, token, secrets[len(settings) :])]
        shown = [httpx.get(it.url(name) + path, trust_env=False).text for name in it.ports for path in _OPEN]
    logs = _logs(home)
    shown.append(_config_shown(settings))
    told = [answer for answer in answers if answer.status >= 400]
    bad_lines = [line[:200] for name, line in logs if name.endswith(".out") and not _is_one_object(line)]
    told_to_callers = [("an answer", answer.text) for answer in answers] + [("a page", text) for text in shown]
    wanted = [*secrets, token.rpartition(".")[2]]
    places = {
        secret: sorted(
            {where for where, text in [*logs, *told_to_callers] if secret in text} | _files_with(home, secret)
        )
        for secret in wanted
    }
    leaked = {secret: where for secret, where in places.items() if where}
    lines = [line for name, line in logs if name.endswith(".out") and _is_one_object(line)]
    correlated = {json.loads(line).get("correlation_id") for line in lines}
    untraced = [answer.what for answer in answers if not answer.request_id or answer.request_id not in correlated]
    no_problem = [answer.what for answer in told if not answer.is_problem]
    return {
        "holds": not (bad_lines or leaked or untraced or no_problem)
        and not any(answer.status >= 500 for answer in answers)
        and len(told) >= 90,
        "injections": sum(1 for _ in attacks()),
        "secrets": len(secrets) + 1,
        "lines": len(logs),
        "lines_that_are_no_object": bad_lines[:5],
        "secrets_found": leaked,
        "errors": len(told),
        "errors_that_are_no_problem": no_problem[:5],
        "answers_without_trace": untraced[:5],
        "server_errors": [answer.what for answer in answers if answer.status >= 500][:5],
    }


class _Answer:
    """What came back to which request."""

    def __init__(self, what: str, status: int, headers: Mapping[str, str], text: str) -> None:
        self.what, self.status, self.text = what[:120], status, text
        self.request_id = headers.get("x-request-id")
        self.is_problem = headers.get("content-type") == "application/problem+json"


def _attacks(it: Installation, token: str) -> list[_Answer]:
    """Byte by byte: a client library would not send such headers."""
    answers = []
    for attack in attacks():
        # as a JSON library writes it: escapes, and halves of characters among them
        body = b"" if attack.body is None else json.dumps(attack.body).encode()
        method = "POST" if body else "GET"
        headers = {"Host": b"clara", "Authorization": f"Bearer {token}".encode(), **attack.headers}
        if body:
            headers |= {"Content-Type": b"application/json", "Content-Length": str(len(body)).encode()}
        lines = b"".join(name.encode() + b": " + value + b"\r\n" for name, value in headers.items())
        request = f"{method} {attack.target} HTTP/1.1\r\n".encode() + lines + b"\r\n" + body
        answers.append(_raw(it.ports[attack.service], request, f"{method} {attack.target} {sorted(attack.headers)}"))
    return answers


def _raw(port: int, request: bytes, what: str) -> _Answer:
    status, raw, _ = raw_answer(port, iter([request]))
    head, _, text = raw.decode("utf-8", "replace").partition("\r\n\r\n")
    named = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
    return _Answer(what, status, {name.lower(): value for name, value in named.items()}, text)


def _secretive(it: Installation, token: str, secrets: list[str]) -> list[_Answer]:
    """Requests with a secret where people put one; none of them is repeated in the answer."""
    basic = base64.b64encode(f"user:{secrets[1]}".encode()).decode()
    jobs, training = "/api/training/jobs", it.url("training")
    good = {"Authorization": f"Bearer {token}"}
    calls: list[tuple[str, str, dict[str, str], Any]] = [
        ("GET", jobs, {"Authorization": f"Bearer {secrets[0]}"}, None),
        ("GET", jobs, {"Authorization": f"Basic {basic}"}, None),
        ("GET", f"{jobs}?token={secrets[2]}", {}, None),
        ("GET", f"/api/training/ws?token={secrets[3]}", {}, None),
        ("GET", jobs, {"Cookie": f"session={secrets[4]}"}, None),
        ("GET", f"/nothing?password={secrets[5]}", good, None),
        ("GET", jobs, {"Authorization": f"Bearer eyJhbGciOiJSUzI1NiJ9.eyJ{secrets[6]}.{secrets[6]}"}, None),
        ("POST", jobs, good, {"trainer_type": "lora", "config": {}, "api_key": secrets[7]}),
        ("POST", jobs, good, {"trainer_type": "lora", "config": {"model": {"base_model": 5, "token": secrets[8]}}}),
        ("POST", "/api/training/feedback", good, {"prompt": secrets[9], "answer": secrets[10], "rating": "five"}),
        ("POST", jobs, good, probe_order("a good one")),
    ]
    answers = []
    with httpx.Client(base_url=training, trust_env=False, timeout=30) as client:
        for method, path, headers, body in calls:
            response = client.request(method, path, headers=headers, json=body)
            answers.append(_Answer(f"{method} {path[:30]}", response.status_code, response.headers, response.text))
    # what is refused before there is a request
    starts = (f"GARBAGE {secrets[11]}\r\n\r\n", f"GET / HTTP/1.1\r\nX: {secrets[11]}{'y' * 80_000}")
    return answers + [_raw(it.ports["training"], start.encode(), "no request") for start in starts]


def _logs(home: Path) -> list[tuple[str, str]]:
    """File name and line, of everything that was logged."""
    files = [*home.glob("*.out"), *(home / "logs").rglob("*.log")]
    return [
        (file.name, line)
        # split as readers do who know only line feeds, and as those who know every sign that ends a line
        for file in files
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines()
    ]


def _files_with(home: Path, secret: str) -> set[str]:
    """Files with the secret in their bytes, whatever they are."""
    files = (path for path in home.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(home)) for path in files if secret.encode() in path.read_bytes()}


def _is_one_object(line: str) -> bool:
    try:
        found = json.loads(line)
    except ValueError:
        return False
    return isinstance(found, dict) and {"timestamp", "level", "event", "service"} <= set(found) and line != FORGED


def _config_shown(settings: Mapping[str, str]) -> str:
    """The settings as a debugger, a traceback or a careless line would show them."""
    values = {_field(name): value for name, value in settings.items() if "TRACKING" not in name}
    config = DevelopmentConfig(**values, couch_url=f"https://kim:{settings['COUCH_PASSWORD']}@couch.example")
    return f"{config!r} {config} {config.model_dump()} {config.model_dump_json()}"


def _field(variable: str) -> str:
    """The setting that a variable is read into."""
    return variable.removeprefix("CLARA_").lower()
