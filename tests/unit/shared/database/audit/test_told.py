"""What the log may tell of without anybody missing it."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from shared.database.audit.anchors import Anchor, anchor_of
from shared.database.audit.signing_key import SigningKey, public_key
from shared.database.audit.told import Evidence, ToldAnchors
from shared.models.audit_chain import AuditHead, AuditLink


def row(detail: str | None) -> AuditLink:
    return AuditLink(9, "", {"action": "audit.anchored", "detail": detail}, "")


def telling(anchor: Anchor) -> AuditLink:
    return row(json.dumps(asdict(anchor)))


@pytest.fixture
def anchors(tmp_path: Path) -> list[Anchor]:
    key = SigningKey(tmp_path)
    return [anchor_of(AuditHead(seq, "0" * 64), key, made_at="2026-03-01T12:00:00Z") for seq in (2, 5, 8)]


def missing(told: ToldAnchors, now: Evidence) -> list[int]:
    return [seq for seq, _ in told.missing(lambda: now)]


@pytest.mark.parametrize("detail", [None, "", "[", "{}", "[]", "7", '{"seq": 1}', "[" * 100_000])
def test_details_that_are_no_anchor_tell_of_none(detail: str | None) -> None:
    told = ToldAnchors(Evidence())
    told.take(row(detail))
    assert missing(told, Evidence()) == []


def test_evidence_is_read_again_only_if_something_is_lacking(anchors: list[Anchor], tmp_path: Path) -> None:
    def never() -> Any:
        raise AssertionError

    told = ToldAnchors(Evidence(anchors, None, public_key(tmp_path)))
    told.take(telling(anchors[0]))
    assert list(told.missing(never)) == []


def test_an_anchor_that_the_file_has_by_now_is_not_missed_if_it_is_signed(
    anchors: list[Anchor], tmp_path: Path
) -> None:
    key = public_key(tmp_path)
    for now, expected in ((anchors[1], []), (replace(anchors[1], signature="00"), [5])):
        told = ToldAnchors(Evidence(anchors[:1], None, key))
        told.take(telling(anchors[1]))
        assert missing(told, Evidence([anchors[0], now], None, key)) == expected


def test_anchors_of_another_installation_say_nothing_about_our_file(anchors: list[Anchor], tmp_path: Path) -> None:
    evidence = Evidence(anchors[:1], None, public_key(tmp_path))
    told = ToldAnchors(evidence)
    told.take(telling(replace(anchors[2], key_id="another")))
    assert missing(told, evidence) == []


def test_numbers_that_no_column_holds_are_taken_as_they_are(anchors: list[Anchor], tmp_path: Path) -> None:
    evidence = Evidence(anchors, anchors[:1], public_key(tmp_path))
    told = ToldAnchors(evidence)
    for seq in (-(2**70), 2**70):
        told.take(telling(replace(anchors[0], seq=seq)))
    assert missing(told, evidence) == [2**70]
