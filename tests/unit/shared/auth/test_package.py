import subprocess
import sys

import pytest

import shared.auth


def test_the_names_of_the_contract_can_be_imported() -> None:
    for name in shared.auth.__all__:
        assert getattr(shared.auth, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = shared.auth.nonsense


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import shared.auth", {"fastapi", "jose", "cryptography", "httpx"}),
        ("from shared.auth import SecurityConfig", {"fastapi", "jose", "cryptography", "httpx"}),
        (
            "from shared.auth import jwt_middleware, optional_auth; import shared.auth.tokens, backend.common.service",
            {"jose", "cryptography", "httpx"},
        ),
    ],
)
def test_what_costs_memory_is_imported_on_first_use_only(statement: str, absent: set[str]) -> None:
    script = f"import sys\n{statement}\nprint(*sorted({absent!r} & set(sys.modules)))"
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert finished.stdout.split() == []
