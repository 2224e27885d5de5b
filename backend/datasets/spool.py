"""A scratch table of everything a search found: lets a build sort, compare and look back with flat memory.

It lives in the stage folder of one build attempt and is never read by anybody else.
"""

import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal

from backend.datasets.lineage import UsedSection
from backend.datasets.records.candidates import UNKNOWN, Candidate, Place, file_type_of
from backend.datasets.records.decontaminating import Giveaway
from backend.datasets.records.judging import JudgedSection
from backend.datasets.records.repetitions import Repetition
from backend.datasets.version_hash import section_hash
from shared.models.dataset import Split
from shared.models.document import Section, StoredSection

DUPLICATE = "duplicate"
NEAR_DUPLICATE = "near_duplicate"
CONTAMINATED = "contaminated"

_TABLES = """
    CREATE TABLE found (
        document TEXT, ordinal INTEGER, split TEXT, text_hash BLOB, payload TEXT, normalised TEXT, assessment TEXT,
        dropped TEXT, ruling TEXT, is_spared INTEGER, section_hash TEXT,
        source TEXT, type TEXT, year TEXT, language TEXT, cluster_size INTEGER DEFAULT 1,
        evaluation_text TEXT, evaluation_share REAL,
        PRIMARY KEY (document, ordinal)
    ) WITHOUT ROWID;
    CREATE INDEX found_texts ON found (text_hash, split);
"""
# what stands in an earlier split keeps its text; within one split repetition is no leak
_DROP_DUPLICATES = """
    UPDATE found SET dropped = ? WHERE dropped IS NULL AND split = ? AND text_hash IN (
        SELECT text_hash FROM found WHERE dropped IS NULL AND split = ?)
"""


class Spool:
    """Found sections with their assessments, by document and ordinal.

    Args:
        path: New file, or a copy of one that `save` wrote.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        tables = "" if path.exists() else _TABLES
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; {tables}")
        self._database.execute("BEGIN")

    def close(self) -> None:
        """Release the file."""
        self._database.close()

    def save(self, target: Path) -> None:
        """Copy everything so far into a file of its own."""
        self._database.execute("COMMIT")
        shutil.copyfile(self._path, target)
        self._database.execute("BEGIN")

    def add(self, judged: JudgedSection, *, split: Split, text_hash: bytes) -> bool:
        """Keep a found section; a second one for the same place is ignored. Whether it was the first."""
        candidate, assessment = judged.candidate, judged.assessment
        told = {
            "score": assessment.score,
            "decision": assessment.decision,
            "reasons": assessment.reasons,
            "signals": {name: round(value, 6) for name, value in assessment.signals.items()},
        }
        cursor = self._database.execute(
            "INSERT OR IGNORE INTO found (document, ordinal, split, text_hash, payload, assessment, dropped, ruling, "
            "is_spared, section_hash, source, type, year, language, normalised) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                candidate.document_key,
                candidate.section.ordinal,
                split.value,
                text_hash,
                _dump(candidate),
                json.dumps(told, ensure_ascii=False),
                judged.reason_to_drop,
                judged.ruling.value if judged.ruling else None,
                candidate.is_spared,
                section_hash(candidate),
                candidate.stored.source,
                file_type_of(candidate.stored.path),
                candidate.year or UNKNOWN,
                assessment.language,
                judged.text if _is_text(judged.text) else "",
            ),
        )
        return cursor.rowcount > 0

    def keep_one(self, repetition: Repetition) -> None:
        """Drop sections that another one stands for; whatever spares one of them spares the one that stays."""
        members = [*repetition.exact, *repetition.near]
        reasons = [DUPLICATE] * len(repetition.exact) + [NEAR_DUPLICATE] * len(repetition.near)
        is_spared = any(self._is_spared(place) for place in (repetition.kept, *members))
        self.drop_all(dict(zip(members, reasons, strict=True)))
        self._database.execute(
            "UPDATE found SET cluster_size = ?, is_spared = ? WHERE document = ? AND ordinal = ?",
            (repetition.size, is_spared, *repetition.kept),
        )

    def settle(self) -> None:
        """Give an empty train split the rest, drop texts that an earlier split holds already; after `keep_one`."""
        if not self._one("SELECT EXISTS (SELECT 1 FROM found WHERE dropped IS NULL AND split = ?)", Split.TRAIN):
            self._database.execute("UPDATE found SET split = ?", (Split.TRAIN,))
        order = list(Split)
        for number, later in enumerate(order):
            for earlier in order[:number]:
                self._database.execute(_DROP_DUPLICATES, (DUPLICATE, later, earlier))

    def remaining(self) -> Iterator[Candidate]:
        """What is not dropped so far, of all splits."""
        rows = self._database.execute("SELECT payload, normalised, is_spared FROM found WHERE dropped IS NULL")
        for payload, normalised, is_spared in rows:
            yield _load(payload, normalised, is_spared=bool(is_spared))

    def candidates(self, split: Split) -> Iterator[Candidate]:
        """What is not dropped, ordered by document and ordinal."""
        rows = self._database.execute(
            "SELECT payload, normalised, is_spared FROM found WHERE split = ? AND dropped IS NULL "
            "ORDER BY document, ordinal",
            (split,),
        )
        for payload, normalised, is_spared in rows:
            yield _load(payload, normalised, is_spared=bool(is_spared))

    def drop_all(self, dropped: Mapping[Place, str]) -> None:
        """Record why sections were left out later; call when no `candidates` is being read."""
        self._database.executemany(
            "UPDATE found SET dropped = ? WHERE document = ? AND ordinal = ?",
            [(reason, *place) for place, reason in dropped.items()],
        )

    def drop_giveaways(self, giveaways: Mapping[Place, Giveaway]) -> None:
        """Drop sections of which an evaluation text would be learnt, spared ones too; no reading, as in `drop_all`."""
        self._database.executemany(
            "UPDATE found SET dropped = ?, evaluation_text = ?, evaluation_share = ? "
            "WHERE document = ? AND ordinal = ?",
            [
                (CONTAMINATED, giveaway.evaluation_text, round(giveaway.share, 6), *place)
                for place, giveaway in giveaways.items()
            ],
        )

    def found(self) -> int:
        """Number of different sections found."""
        return int(self._one("SELECT count(*) FROM found"))

    def drop_counts(self) -> dict[str, int]:
        """Reason -> number of sections."""
        return dict(
            self._database.execute(
                "SELECT dropped, count(*) FROM found WHERE dropped IS NOT NULL GROUP BY dropped ORDER BY dropped"
            )
        )

    def strata(self) -> Iterator[tuple[str, str, str, int]]:
        """Attribute, its value, split, and the number of documents of which something is kept."""
        for attribute in ("source", "type", "year"):
            rows = self._database.execute(
                f"SELECT {attribute}, split, count(DISTINCT document) FROM found "  # noqa: S608 - our own names
                "WHERE dropped IS NULL GROUP BY 1, 2 ORDER BY 1, 2"
            )
            for value, split, documents in rows:
                yield attribute, value, split, documents

    def kept_by(self, attribute: Literal["language", "year"]) -> dict[str, int]:
        """How many kept sections (of `year`: documents) have each value, by value."""
        counted = "count(DISTINCT document)" if attribute == "year" else "count(*)"
        return dict(
            self._database.execute(
                f"SELECT {attribute}, {counted} FROM found "  # noqa: S608 - our own names
                "WHERE dropped IS NULL GROUP BY 1 ORDER BY 1"
            )
        )

    def cluster_sizes(self) -> dict[int, int]:
        """Size of clusters of repetitions -> how many there are; each is named by the section that stands for it."""
        return dict(
            self._database.execute(
                "SELECT cluster_size, count(*) FROM found WHERE cluster_size > 1 GROUP BY 1 ORDER BY 1"
            )
        )

    def outcomes(self) -> Iterator[dict[str, Any]]:
        """Every found section with its signals and its fate, in order."""
        rows = self._database.execute(
            "SELECT payload, split, dropped, ruling, cluster_size, evaluation_text, evaluation_share, assessment "
            "FROM found ORDER BY document, ordinal"
        )
        for payload, split, dropped, ruling, cluster_size, evaluation_text, evaluation_share, assessment in rows:
            yield {
                "section_id": json.loads(payload)["section_id"],
                "split": split,
                "dropped": dropped,
                "ruling": ruling,
                "cluster_size": cluster_size,
                "evaluation_text": evaluation_text,
                "evaluation_share": evaluation_share,
                **json.loads(assessment),
            }

    def used(self) -> Iterator[UsedSection]:
        """Every found section, in order: what the version is made of."""
        rows = self._database.execute(
            "SELECT document, ordinal, section_hash, ruling, json_extract(payload, '$.document_id'), "
            "json_extract(payload, '$.version'), json_extract(payload, '$.source'), json_extract(payload, '$.path') "
            "FROM found ORDER BY document, ordinal"
        )
        return (UsedSection(*row) for row in rows)

    def document_ids(self) -> Iterator[str]:
        """Documents of which a section was found."""
        rows = self._database.execute("SELECT json_extract(payload, '$.document_id') FROM found GROUP BY document")
        return (document_id for (document_id,) in rows)

    def _is_spared(self, place: Place) -> bool:
        return bool(self._one("SELECT is_spared FROM found WHERE document = ? AND ordinal = ?", *place))

    def _one(self, statement: str, *values: str | int) -> Any:
        return self._database.execute(statement, values).fetchone()[0]


def _dump(candidate: Candidate) -> str:
    stored, section = candidate.stored, candidate.section
    return json.dumps(
        {
            "section_id": stored.section_id,
            "document_id": stored.document_id,
            "version": stored.version,
            "document_title": stored.document_title,
            "abbreviation": stored.abbreviation,
            "source": stored.source,
            "path": stored.path,
            "section": {
                "ordinal": section.ordinal,
                "heading": section.heading,
                "text": section.text,
                "start": section.start,
                "end": section.end,
                "number": section.number,
                "heading_path": section.heading_path,
                "valid_from": section.valid_from.isoformat() if section.valid_from else None,
                "valid_to": section.valid_to.isoformat() if section.valid_to else None,
            },
            "relevance": candidate.relevance,
            "words": candidate.words,
            "quality": candidate.quality,
            "licence": candidate.licence,
        }
    )


def _load(payload: str, normalised: str, *, is_spared: bool) -> Candidate:
    values = json.loads(payload)
    own = {name: values.pop(name) for name in ("relevance", "words", "quality", "licence")}
    section = values.pop("section")
    section["heading_path"] = tuple(section["heading_path"])
    for name in ("valid_from", "valid_to"):
        section[name] = date.fromisoformat(section[name]) if section[name] else None
    return Candidate(
        StoredSection(section=Section(**section), **values), **own, is_spared=is_spared, normalised=normalised
    )


def _is_text(text: str) -> bool:
    """Whether SQLite can keep it: half a surrogate pair is none."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
