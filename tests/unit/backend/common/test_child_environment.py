"""What a child process inherits."""

from backend.common.child_environment import without_secrets


def test_secrets_stay_behind_but_for_those_of_the_product_that_the_child_is_for() -> None:
    environment = {
        "PATH": "/bin",
        "POSTGRES_PASSWORD": "a",
        "CLARA_DATABASE_URL": "b",
        "clara_token": "c",
        "HF_TOKEN": "d",
        "HF_HOME": "/h",
    }
    assert without_secrets(environment, keep="HF_") == {"PATH": "/bin", "HF_TOKEN": "d", "HF_HOME": "/h"}
