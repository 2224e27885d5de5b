"""A profile: thresholds and weights with a version; what a dataset keeps and drops is written down here alone.

Profiles are YAML files; built-in ones lie in `profiles/`. One of an administration's own begins with another one and
changes what is different there:

    name: our-permits
    version: 3
    description: Permits have tables of fees.
    extends: legal-de
    limits:
      - {signal: digit_share, at_most: {soft: 0.2, hard: 0.4}, reason: many_digits, min_words: 20}
    without: [top_2_gram]

`measures: what_is_judged` leaves out signals without a limit, which are otherwise kept beside every text. `learnt:
ignored` keeps the model of the accepted corpus from judging; without it one of the profile's language does.
Limits of a signal replace all that the other profile has for it. The first limit in the file that rejects a text names
the first reason.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator

from backend.datasets.quality.base import Signals
from backend.datasets.quality.limits import Limit
from backend.datasets.settings_file import UnusableFile, read_settings_file
from shared.errors import InvalidInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DEFAULT = "legal-de"
_FOLDER = Path(__file__).with_name("profiles")
_Whole = Annotated[int, Field(strict=True)]
_Number = Annotated[float, Field(strict=True)]
"""Numbers as YAML writes them: `true` is none, nor is text that looks like one."""
_Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]


class InvalidProfile(InvalidInput):
    """A quality profile is not there or says something impossible."""

    code = "invalid_quality_profile"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"The quality profile '{name}' cannot be used: {reason}.", profile=name, reason=reason)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the limits of a profile say about the signals of one text.

    Args:
        rejections: Reasons of the limits that reject it, each once, in the order of the profile.
        penalties: Weighted penalty of every signal that costs something.
    """

    rejections: Sequence[str]
    penalties: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything that decides over a text once its signals are measured.

    Args:
        name: As the settings name it.
        version: Raised by whoever changes it.
        description: For whom it is.
        language: Of the texts, "de" or "en".
        review_below: Kept texts with a lower score deserve a look.
        limits: In order of precedence.
        measures_judged_only: Whether signals without a limit are not measured either.
        heeds_learnt: Whether a model of the accepted corpus judges too, with limits of its own.
    """

    name: str
    version: int
    description: str
    language: str
    review_below: float
    limits: Sequence[Limit]
    measures_judged_only: bool = False
    heeds_learnt: bool = True

    @property
    def key(self) -> str:
        """Name, version and a digest of everything that decides: what is recorded beside every judged text."""
        decisive = repr((self.language, self.review_below, tuple(self.limits)))
        digest = hashlib.blake2b(decisive.encode(), digest_size=4).hexdigest()
        return f"{self.name}-{self.version}+{digest}"

    def as_json(self) -> dict[str, Any]:
        """Everything that decides, as plain JSON; an open end is null."""
        limits = [
            {name: None if value == math.inf else value for name, value in asdict(limit).items()}
            for limit in self.limits
        ]
        own = {"name": self.name, "version": self.version, "language": self.language}
        return {**own, "review_below": self.review_below, "limits": limits}

    def judge(self, signals: Signals, word_counts: "NDArray[np.int64]") -> list[Judgement]:
        """What the limits say of each text; signals without a value are not judged.

        Args:
            signals: Values by name, each of shape (texts,).
            word_counts: Words per text, shape (texts,).
        """
        rejections: list[dict[str, None]] = [{} for _ in word_counts]
        penalties: list[dict[str, float]] = [{} for _ in word_counts]
        for limit in self.limits:
            if limit.signal not in signals:
                continue
            applies, values = limit.applies(word_counts), signals[limit.signal]
            for text in (applies & limit.rejected(signals)).nonzero()[0].tolist():
                rejections[text].setdefault(limit.reason)
            costs = limit.weight * limit.penalties(values)
            # few texts cost anything: what is said of each is gathered one by one
            (costly,) = (applies & (costs > 0)).nonzero()
            for text, cost in zip(costly.tolist(), costs[costly].tolist(), strict=True):
                penalties[text][limit.signal] = penalties[text].get(limit.signal, 0.0) + cost
        return [Judgement(tuple(reasons), costs) for reasons, costs in zip(rejections, penalties, strict=True)]


def built_in_names() -> Sequence[str]:
    """Profiles that need no file."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


@cache
def built_in(name: str) -> Profile:
    """One of the built-in profiles.

    Raises:
        InvalidProfile: If there is none of this name.
    """
    if name not in built_in_names():
        raise InvalidProfile(name, f"built in are {', '.join(built_in_names())}; a file of yours ends in .yaml")
    return _read(_FOLDER / f"{name}.yaml")


def profile_of(setting: str) -> Profile:
    """The profile that a setting names: a built-in one, or a file that ends in .yaml or .yml.

    Raises:
        InvalidProfile: If it is not there or cannot be used; says what and where.
    """
    return _read(Path(setting)) if setting.endswith((".yaml", ".yml")) else built_in(setting)


class _Range(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    soft: _Number = Field(allow_inf_nan=False)
    hard: _Number = Field(allow_inf_nan=False)


class _LimitEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    signal: str
    at_least: _Range | None = None
    at_most: _Range | None = None
    reason: _Name
    weight: _Number = Field(1.0, ge=0, le=100)
    min_words: _Whole = Field(0, ge=0)
    max_words: _Whole | None = Field(None, ge=0)
    spares_tables: StrictBool = False

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        self.limit()
        return self

    def limit(self) -> Limit:
        """The same for the judge.

        Raises:
            ValueError: If it does not say one thing, or rejects what it would not even let cost.
        """
        match self.at_least, self.at_most:
            case _Range() as told, None:
                kind, side, is_wrong = "at_least", "below", told.soft < told.hard
            case None, _Range() as told:
                kind, side, is_wrong = "at_most", "above", told.soft > told.hard
            case _:
                raise ValueError(f"the limit of {self.signal} needs either at_least or at_most")
        if is_wrong:
            raise ValueError(f"{self.signal}: {kind} rejects {side} hard, so soft must not be {side} hard")
        longest = math.inf if self.max_words is None else self.max_words
        if longest < self.min_words:
            raise ValueError(
                f"the limit of {self.signal} would judge no text: "
                f"max_words {self.max_words} is below min_words {self.min_words}"
            )
        return Limit(
            self.signal,
            told.soft,
            told.hard,
            self.reason,
            is_minimum=kind == "at_least",
            weight=self.weight,
            min_words=self.min_words,
            max_words=longest,
            spares_tables=self.spares_tables,
        )


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: _Name
    version: _Whole = Field(ge=1)
    description: str = Field(max_length=500)
    extends: str | None = None
    language: Literal["de", "en"] | None = None
    review_below: _Number | None = Field(None, ge=0, le=1)
    limits: list[_LimitEntry] = Field(default_factory=list, max_length=500)
    without: list[str] = Field(default_factory=list)
    measures: Literal["everything", "what_is_judged"] = "everything"
    learnt: Literal["judges", "ignored"] | None = None


def _read(path: Path) -> Profile:
    try:
        told = read_settings_file(path, _File, names_once=True)
    except UnusableFile as exc:
        raise InvalidProfile(str(path), str(exc)) from exc
    return _profile(told)


def _extended(told: _File) -> Profile:
    if told.extends not in built_in_names():
        raise InvalidProfile(
            told.name,
            f"it extends '{told.extends}', and only built-in profiles can be extended: {', '.join(built_in_names())}",
        )
    return built_in(told.extends)


def _profile(told: _File) -> Profile:
    base = _extended(told) if told.extends else None
    own = [entry.limit() for entry in told.limits]
    inherited = list(base.limits) if base else []
    known = {limit.signal for limit in inherited}
    if unknown := sorted(set(told.without) - known):
        raise InvalidProfile(told.name, f"without names {', '.join(unknown)}, for which there is no limit to leave out")
    replaced = {limit.signal for limit in own} | set(told.without)
    return Profile(
        told.name,
        told.version,
        told.description,
        told.language or (base.language if base else "de"),
        told.review_below if told.review_below is not None else (base.review_below if base else 0.7),
        (*(limit for limit in inherited if limit.signal not in replaced), *own),
        measures_judged_only=told.measures == "what_is_judged",
        heeds_learnt=told.learnt == "judges" if told.learnt else base is None or base.heeds_learnt,
    )
