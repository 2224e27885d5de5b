"""A policy: what is done with each kind of personal data, from which confidence on.

Policies are YAML files; the built-in one lies in `policies/`. One of an administration's own begins with another one
and changes what is different there:

    name: our-permits
    version: 2
    description: Notaries are to be hidden, and whoever is named is to stay the same person.
    extends: default
    kinds:
      person: {action: pseudonymise, min_confidence: 0.5}
      lawyer: {action: mask}
      identity_card: {action: drop}
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from backend.datasets.pii.base import Finding
from backend.datasets.settings_file import UnusableFile, read_settings_file
from shared.errors import InvalidInput

DEFAULT = "default"
MIN_CONFIDENCE = 0.6
_FOLDER = Path(__file__).with_name("policies")
_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class InvalidPolicy(InvalidInput):
    """A policy for personal data is not there or says something impossible."""

    code = "invalid_pii_policy"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"The policy '{name}' for personal data cannot be used: {reason}.", policy=name, reason=reason)


class Action(StrEnum):
    """What is done with a finding."""

    REPORT = "report"
    MASK = "mask"
    PSEUDONYMISE = "pseudonymise"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Rule:
    """What is done with one kind.

    Args:
        action: With the finding; `DROP` drops the whole text.
        min_confidence: Findings below it are passed over.
    """

    action: Action
    min_confidence: float = MIN_CONFIDENCE


@dataclass(frozen=True, slots=True)
class Policy:
    """What is done with personal data.

    Args:
        name: As settings name it.
        version: Raised by whoever changes it.
        description: For whom it is.
        rules: By kind.
        otherwise: For kinds without a rule.
    """

    name: str
    version: int
    description: str
    rules: Mapping[str, Rule]
    otherwise: Rule

    @property
    def key(self) -> str:
        """Name, version and a digest of everything that decides: what is recorded beside every treated text."""
        decisive = repr((sorted(self.rules.items()), self.otherwise))
        return f"{self.name}-{self.version}+{hashlib.blake2b(decisive.encode(), digest_size=4).hexdigest()}"

    def action_for(self, finding: Finding) -> Action | None:
        """What is to be done; None where the confidence is too low."""
        rule = self.rules.get(finding.kind, self.otherwise)
        return rule.action if finding.confidence >= rule.min_confidence else None

    def needs_key(self) -> bool:
        """Whether any kind gets pseudonyms."""
        return any(rule.action is Action.PSEUDONYMISE for rule in (*self.rules.values(), self.otherwise))


def built_in_names() -> list[str]:
    """Policies that need no file."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def policy_of(setting: str = DEFAULT) -> Policy:
    """The policy that a setting names: a built-in one, or a file that ends in .yaml or .yml.

    Raises:
        InvalidPolicy: If it is not there or cannot be used; says what and where.
    """
    if setting.endswith((".yaml", ".yml")):
        return _read(Path(setting))
    if setting not in built_in_names():
        raise InvalidPolicy(setting, f"built in are {', '.join(built_in_names())}; a file of yours ends in .yaml")
    return _read(_FOLDER / f"{setting}.yaml")


class _RuleEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    action: Action
    min_confidence: float = Field(MIN_CONFIDENCE, ge=0, le=1)

    def rule(self) -> Rule:
        return Rule(self.action, self.min_confidence)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: _Name
    version: int = Field(ge=1)
    description: str = Field(max_length=500)
    extends: str | None = None
    otherwise: _RuleEntry | None = None
    kinds: dict[_Name, _RuleEntry] = Field(default_factory=dict, max_length=200)


def _read(path: Path) -> Policy:
    try:
        told = read_settings_file(path, _File, names_once=True)
    except UnusableFile as exc:
        raise InvalidPolicy(str(path), str(exc)) from exc
    if told.extends is not None and told.extends not in built_in_names():
        raise InvalidPolicy(told.name, f"it extends '{told.extends}'; built in are {', '.join(built_in_names())}")
    base = policy_of(told.extends) if told.extends else None
    own = {kind: entry.rule() for kind, entry in told.kinds.items()}
    otherwise = told.otherwise.rule() if told.otherwise else base.otherwise if base else Rule(Action.MASK)
    return Policy(told.name, told.version, told.description, {**(base.rules if base else {}), **own}, otherwise)
