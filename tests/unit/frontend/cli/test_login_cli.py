"""`clara whoami` of a key; logins are tested against a provider."""

from tests.support.cli import Clara


def test_whose_a_key_is_a_service_says(clara: Clara) -> None:
    who = clara.json("whoami", "--token", "clara_key_abcd")

    assert who == {"subject": "key:abcd", "email": "nightly (key)", "roles": ["analyst"], "from": "--token"}
    assert "nightly (key)" in clara("whoami", env={"CLARA_TOKEN": "clara_key_abcd"}).stdout
