"""What the graph keeps of documents."""

from datetime import UTC, date, datetime, timedelta, timezone

from shared.database.adapters.bolt.rows import graph_rows, moment
from shared.database.adapters.bolt.upkeep import SECTIONS_PER_TRANSACTION, parcels
from shared.database.search_store import newest_of_each
from tests.support.search import a_change, a_law, an_erasure


def test_nodes_and_edges_of_a_law() -> None:
    law = a_law("doc_v", "AO 1977", "§ 3", "§ 4", text="nach § 4 und § 5 BGB", valid=[(date(2020, 1, 1), None)])

    rows = graph_rows([law])

    assert [row["id"] for row in rows.documents] == ["doc_v"]
    assert rows.sections[0] == {
        "id": "doc_v:1:0",
        "document_id": "doc_v",
        "version": 1,
        "ordinal": 0,
        "number": "§ 3",
        "heading": "",
        "valid_from": "2020-01-01",
        "valid_to": None,
    }
    assert rows.follows == [{"id": "doc_v:1:0", "next": "doc_v:1:1"}]
    assert {"id": "doc_v:1:0", "key": "parǂ3ǂao1977"} in rows.identities
    assert {"id": "doc_v:1:0", "key": "parǂ5ǂbgb"} in rows.mentions
    assert rows.keys == sorted(set(rows.keys))


def test_no_body_text_is_kept() -> None:
    rows = graph_rows([a_change("doc_a", "Der Hund bellt im Landratsamt")])

    assert "Landratsamt" not in repr(rows)


def test_of_an_erased_document_only_the_tombstone_is_kept() -> None:
    rows = graph_rows([an_erasure("doc_a", version=3)])

    assert rows.documents == [{"id": "doc_a", "version": 3, "sha256": "", "is_erased": True}]
    assert not rows.sections
    assert not rows.keys


def test_half_a_character_and_a_name_without_end_are_no_obstacle() -> None:
    rows = graph_rows([a_law("doc_v", "X" * 5000, "§ 1", source="a\ud800b")])

    assert rows.documents[0]["source"] == "a?b"
    assert not [row for row in rows.identities if "xxx" in row["key"]]


def test_moments_sort_as_text() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    later = datetime(2026, 1, 1, 14, 0, 0, 1, tzinfo=timezone(timedelta(hours=2)))

    assert moment(noon) < moment(later) < moment(noon + timedelta(seconds=1))


def test_the_newest_state_counts_and_an_erasure_beats_its_version() -> None:
    states = [a_change("doc_b", "x", version=2), an_erasure("doc_b", version=2), a_change("doc_b", "y", version=2)]

    assert [(state.document_id, state.is_erased) for state in newest_of_each([*states, a_change("doc_a", "z")])] == [
        ("doc_a", False),
        ("doc_b", True),
    ]


def test_parcels_are_bounded_and_divide_no_document() -> None:
    changes = [a_change(f"doc_{n}", *["x"] * 200) for n in range(7)]

    sizes = [sum(1 + len(change.sections) for change in parcel) for parcel in parcels(changes)]

    assert sum(sizes) == 7 * 201
    assert all(size < SECTIONS_PER_TRANSACTION + 201 for size in sizes)
