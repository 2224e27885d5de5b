import time

import pytest

from backend.common.redaction import REDACTED, is_secret_name, redact_text


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "POSTGRES_PASSWORD",
        "db-password",
        "accessToken",
        "token",
        "Authorization",
        "api_key",
        "client_secret",
        "cookie",
        "tls_private_key",
        "credentials",
    ],
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["tokens_per_s", "total_tokens", "job_id", "tokenizer", "key", "path", "secretary"])
def test_names_of_other_things_are_not_mistaken(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("text", "canary"),
    [
        ("GET /ws?token=canary-1&x=1", "canary-1"),
        ("Authorization: Bearer canary-22", "canary-22"),
        ("basic Y2FuYXJ5LTM=", "Y2FuYXJ5LTM"),
        ("postgresql+psycopg://clara:canary-4@db/clara", "canary-4"),
        ("https://:canary-4b@host", "canary-4b"),
        ("POSTGRES_PASSWORD=canary-5", "canary-5"),
        ("{'password': 'canary-6', 'a': 1}", "canary-6"),
        ('{"client_secret":"canary-7"}', "canary-7"),
        ("api_key = canary-8", "canary-8"),
        ("got eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl here", "eyJzdWIi"),
        ("got www.xeyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ. here", "eyJzdWIi"),
        ("a.b..eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2ln.d", "eyJzdWIi"),
        ("my-db_token=canary-8b", "canary-8b"),
        ("connect(password='canary-9')", "canary-9"),
        ("secret: canary-10", "canary-10"),
    ],
)
def test_secrets_inside_of_text_are_cut_out(text: str, canary: str) -> None:
    assert canary not in redact_text(text)
    assert "[redacted]" in redact_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "12 tokens/s at step 3",
        "http://127.0.0.1:45680/docs",
        "the tokenizer: byte-level",
        "a@b.example: hello",
        "eyJ.b.c eyJhbGciO..c",
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert redact_text(text) == text


@pytest.mark.parametrize(
    "part",
    ["a-", "eyJa-", "eyJa.", "token", "token ", "bearer ", "://a", "://:", "a.", "eyJhbGciO.", "clara_key_", "secret="],
)
def test_what_a_stranger_writes_takes_time_in_proportion_to_its_length(part: str) -> None:
    def seconds(length: int) -> float:
        text = (part * length)[:length] + "token"
        times = []
        for _ in range(5):
            start = time.perf_counter()
            redact_text(text)
            times.append(time.perf_counter() - start)
        return min(times)

    # 16 times the text; what grows with the square of it takes 256 times as long
    assert seconds(32_000) < 80 * seconds(2_000)


def test_keys_for_scripts_lose_their_secret_and_keep_their_id() -> None:
    key = "clara_key_abcdefgh234567xy_" + "A-z_" * 10 + "abc"

    assert redact_text(f"sent {key}, refused") == f"sent clara_key_abcdefgh234567xy_{REDACTED}, refused"
