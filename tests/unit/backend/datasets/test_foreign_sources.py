"""The file that names databases of others."""

from pathlib import Path

import pytest

from backend.datasets.foreign_sources import InvalidSourcesFile, read_sources_file
from shared.database.uds3.foreign import FieldMapping

GOOD = """
sources:
  - name: akten
    kind: postgres
    url: postgresql://leser@db.amt.example/akten
    password_env: AKTEN_PASSWORD
    table: public.akten
    fields: {id: aktenzeichen, text: inhalt, title: betreff}
  - {name: texte, kind: chromadb, url: "http://chroma.amt.example:8000", collection: texte, fields: {id: id, text: t}}
  - {name: normen, kind: neo4j, url: "bolt://graph.amt.example", user: leser, label: Norm, fields: {id: id, text: t}}
  - {name: ablage, kind: couchdb, url: "http://couch.amt.example", database: ablage, fields: {id: _id, text: a.b}}
"""


def written(folder: Path, text: str) -> Path:
    """A file of this text."""
    path = folder / "sources.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_kind_is_read(tmp_path: Path) -> None:
    sources = read_sources_file(written(tmp_path, GOOD))

    assert [(each.name, each.kind) for each in sources] == [
        ("akten", "postgres"),
        ("texte", "chromadb"),
        ("normen", "neo4j"),
        ("ablage", "couchdb"),
    ]
    assert sources[0].fields.mapping() == FieldMapping(id="aktenzeichen", text="inhalt", title="betreff")


def test_a_password_comes_from_the_environment_and_its_absence_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    akten, texte, *_ = read_sources_file(written(tmp_path, GOOD))
    with pytest.raises(ValueError, match="AKTEN_PASSWORD"):
        akten.password()
    monkeypatch.setenv("AKTEN_PASSWORD", "geheim")

    assert (akten.password(), texte.password()) == ("geheim", None)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("kind: postgres", "kind: oracle", "oracle"),
        ("table: public.akten", "tabelle: x", "tabelle"),
        ("{id: aktenzeichen, text: inhalt, title: betreff}", "{text: inhalt}", "id"),
        ("name: texte", "name: akten", "same name"),
        ("name: texte", "name: neo4j", "taken by a store"),
        ("name: texte", "name: Große Texte", "name"),
        ("sources:", "quellen:", "sources"),
        ("{name: texte", "{{name: texte", "no YAML"),
        ("postgresql://leser@", "postgresql://leser:ge-heim@", "password_env"),
        ("http://couch.amt", "http://leser:ge-heim@couch.amt", "password_env"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in GOOD

    with pytest.raises(InvalidSourcesFile, match=complaint) as refused:
        read_sources_file(written(tmp_path, GOOD.replace(old, new)))
    assert "sources.yaml" in refused.value.message
    assert "ge-heim" not in refused.value.message


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSourcesFile, match=r"fehlt\.yaml.*No such file"):
        read_sources_file(tmp_path / "fehlt.yaml")
    (tmp_path / "latin.yaml").write_bytes("größe: 1".encode("latin-1"))
    with pytest.raises(InvalidSourcesFile, match="no YAML"):
        read_sources_file(tmp_path / "latin.yaml")
