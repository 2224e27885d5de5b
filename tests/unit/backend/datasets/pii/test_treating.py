"""What the settings want done with personal data: refused early, applied to texts that stand together, counted."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from backend.datasets.pii.applying import PolicyApplier
from backend.datasets.pii.policy import Action, InvalidPolicy, Policy, Rule, policy_of
from backend.datasets.pii.pseudonyms import WeakKey
from backend.datasets.pii.treating import DeedCounts, PersonalData, personal_data_of

PSEUDONYMS = "name: ours\nversion: 1\ndescription: Same people.\nkinds:\n  person: {action: pseudonymise}\n"


@pytest.fixture
def policy_file(tmp_path: Path) -> str:
    path = tmp_path / "ours.yaml"
    path.write_text(PSEUDONYMS, encoding="utf-8")
    return str(path)


def test_none_leaves_every_text_as_it_is() -> None:
    personal_data = personal_data_of("none", None)

    assert (personal_data.policy_key, personal_data.is_treated) == ("none", False)
    assert personal_data.treat(["Herr Krause klagt."]).texts == ["Herr Krause klagt."]


def test_the_built_in_policy_needs_no_key() -> None:
    personal_data = personal_data_of("default", None)

    assert (personal_data.policy_key, personal_data.is_treated) == (policy_of().key, True)
    assert personal_data.treat(["Herr Krause klagt.", "Es regnet."]).texts == ["Herr [Person] klagt.", "Es regnet."]


@pytest.mark.parametrize("key", [None, SecretStr("")])
def test_pseudonyms_without_a_key_are_refused(policy_file: str, key: SecretStr | None) -> None:
    with pytest.raises(InvalidPolicy, match="no key for them is given"):
        personal_data_of(policy_file, key)


def test_a_weak_key_is_refused_and_not_told(policy_file: str) -> None:
    with pytest.raises(WeakKey, match="at least 16 bytes") as refused:
        personal_data_of(policy_file, SecretStr("hunter2"))

    assert "hunter2" not in str(refused.value)


def test_a_strong_key_gives_the_same_pseudonyms_every_time(policy_file: str) -> None:
    key = SecretStr("a key of sixteen bytes and more")
    first, second = (personal_data_of(policy_file, key).treat(["Herr Krause klagt."]).texts for _ in range(2))

    assert first == second != ["Herr Krause klagt."]


def test_an_unknown_policy_is_named() -> None:
    with pytest.raises(InvalidPolicy, match="built in are default"):
        personal_data_of("strict", None)


def test_one_text_that_must_not_be_used_takes_the_others_along_and_the_report_stays() -> None:
    policy = Policy("test", 1, "of a test", {"person": Rule(Action.DROP)}, Rule(Action.MASK))
    treated = PersonalData(PolicyApplier(policy)).treat(["Es regnet.", "Herr Krause klagt."])

    assert treated.texts is None
    assert [deed.action for deed in treated.deeds] == [Action.DROP]


def test_deeds_are_counted_by_kind_and_action() -> None:
    counts = DeedCounts()
    for text in ("Herr Krause klagt.", "Frau Lindner klagt nicht.", "Richterin am VG Dr. Lindner entschied."):
        counts.add(PersonalData(PolicyApplier()).treat([text]).deeds)

    assert counts.as_json() == {"judge": {"report": 1}, "person": {"mask": 2}}
