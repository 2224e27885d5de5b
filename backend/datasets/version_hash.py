"""What names a version: its documents, the pipeline's version and the parameters, and nothing else.

No id, date, name or path of an installation is in it: the same order over the same documents gives the same hash
everywhere. Its counterpart is `content_sha256`, over the records that came out.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from backend.common.version import VERSION
from backend.datasets.build_plan import BuildPlan
from backend.datasets.records.candidates import Candidate
from backend.datasets.splits import ALGORITHM

PIPELINE_VERSION = "4"
"""Raise it whenever the same sections and parameters would give other records."""

NOT_PARAMETERS = frozenset({"name", "description", "parent", "export_formats"})
"""Members of an order that change no record."""


def section_hash(candidate: Candidate) -> str:
    """Of everything of a section and its document that comes into a record, hex; relevance is the search's."""
    stored, section = candidate.stored, candidate.section
    content = [
        stored.source,
        stored.path,
        stored.document_title,
        stored.abbreviation,
        section.ordinal,
        section.number,
        section.heading,
        section.heading_path,
        section.valid_from.isoformat() if section.valid_from else None,
        section.valid_to.isoformat() if section.valid_to else None,
        section.start,
        section.end,
        section.text,
        candidate.licence,
    ]
    return hashlib.sha256(_canonical(content)).hexdigest()


def parameters_of(
    plan: BuildPlan,
    *,
    quality_profile: str,
    measuring: str,
    drafting: Mapping[str, Any],
    contamination: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Everything besides the documents that decides which records a build makes, as plain JSON.

    Args:
        plan: What is to be built.
        quality_profile: Name, version and digest of what texts are judged by.
        measuring: Names and versions of what measures them, learnt models with their digests.
        drafting: What decides over the words of records besides the documents.
        contamination: Rule and evaluation sets with their digests; None: nothing is compared.
    """
    return {
        "order": {name: value for name, value in plan.order.items() if name not in NOT_PARAMETERS},
        "record_format": plan.record_format.value,
        "split": {"algorithm": ALGORITHM, "seed": plan.split.seed, "shares": dict(plan.split.shares)},
        "most": plan.limit.most,
        "tokens": plan.counter.name,
        "min_quality_score": plan.min_quality_score,
        "deduplicate": plan.deduplicate.value,
        "quality_profile": quality_profile,
        "quality_measuring": measuring,
        **plan.personal_data.parameters,
        "drafting": dict(drafting),
        "contamination": dict(contamination) if contamination else None,
    }


def version_hash(parameters: Mapping[str, Any], documents_sha256: str) -> str:
    """The hash of a version, hex.

    Args:
        parameters: Of `parameters_of`.
        documents_sha256: Over the documents that took part, sorted.
    """
    named = {"pipeline": PIPELINE_VERSION, "parameters": parameters, "documents": documents_sha256}
    return hashlib.sha256(_canonical(named)).hexdigest()


def plan_key(plan: BuildPlan, parameters: Mapping[str, Any]) -> str:
    """Names what finished stages are good for: the same dataset by the same rules, in the same release's files."""
    named = {
        "dataset": plan.dataset_id,
        "release": VERSION,
        "pipeline": PIPELINE_VERSION,
        "parameters": parameters,
    }
    return hashlib.sha256(_canonical(named)).hexdigest()


def _canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
