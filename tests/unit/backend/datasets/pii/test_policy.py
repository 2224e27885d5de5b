"""Policies are files: built in, of one's own, and refused with where and what."""

from pathlib import Path

import pytest

from backend.datasets.pii.base import Finding
from backend.datasets.pii.policy import Action, InvalidPolicy, built_in_names, policy_of
from backend.datasets.pii.scanner import Scanner

OWN = """
name: our-permits
version: 2
description: Who is named stays the same person.
extends: default
kinds:
  person: {action: pseudonymise, min_confidence: 0.5}
  identity_card: {action: drop}
"""


def found(kind: str, confidence: float) -> Finding:
    return Finding(0, 1, kind, confidence, "test")


def written(folder: Path, text: str) -> str:
    path = folder / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_default_masks_people_and_keeps_officials() -> None:
    policy = policy_of()
    assert policy.action_for(found("person", 0.6)) is Action.MASK
    assert policy.action_for(found("person", 0.59)) is None
    assert policy.action_for(found("judge", 0.9)) is Action.REPORT
    assert policy.action_for(found("lawyer", 0.9)) is Action.REPORT
    assert not policy.needs_key()


def test_built_in_policies_name_kinds_that_are_found() -> None:
    for name in built_in_names():
        assert set(policy_of(name).rules) <= set(Scanner().kinds)


def test_a_file_of_ones_own_changes_what_it_names(tmp_path: Path) -> None:
    policy = policy_of(written(tmp_path, OWN))
    assert policy.action_for(found("person", 0.5)) is Action.PSEUDONYMISE
    assert policy.action_for(found("identity_card", 0.7)) is Action.DROP
    assert policy.action_for(found("judge", 0.9)) is Action.REPORT
    assert policy.action_for(found("iban", 0.9)) is Action.MASK
    assert policy.needs_key()
    assert policy.key.startswith("our-permits-2+")


def test_two_policies_that_decide_differently_have_two_keys(tmp_path: Path) -> None:
    one = policy_of(written(tmp_path, OWN)).key
    other = policy_of(written(tmp_path, OWN.replace("drop", "mask"))).key
    assert one != other
    assert one == policy_of(written(tmp_path, OWN)).key


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("action: drop", "action: burn"), "kinds.identity_card.action"),
        (("0.5", "1.5"), "min_confidence"),
        (("extends: default", "extends: unheard-of"), "built in are default"),
        (("version: 2", "version: 0"), "version"),
        (("kinds:", "kind:"), "kind"),
    ],
)
def test_a_wrong_file_is_refused_with_where_and_what(tmp_path: Path, change: tuple[str, str], reason: str) -> None:
    with pytest.raises(InvalidPolicy, match=reason):
        policy_of(written(tmp_path, OWN.replace(*change)))


def test_a_policy_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidPolicy, match="built in are default"):
        policy_of("strict")
    with pytest.raises(InvalidPolicy, match=r"nothing\.yaml"):
        policy_of(str(tmp_path / "nothing.yaml"))
