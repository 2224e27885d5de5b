"""What the settings want done with personal data in training records, and a count of what was done."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

if TYPE_CHECKING:
    from backend.datasets.pii.applying import Deed, PolicyApplier

NO_POLICY = "none"


@dataclass(frozen=True, slots=True)
class TreatedTexts:
    """Texts of one record after a policy.

    Args:
        texts: In the given order; None where one of them must not be used, and so none may.
        deeds: What was done, over all of them.
    """

    texts: Sequence[str] | None
    deeds: "Sequence[Deed]"


class PersonalData:
    """Treats the texts of records.

    Args:
        applier: None leaves every text as it is.
    """

    def __init__(self, applier: "PolicyApplier | None" = None) -> None:
        self._applier = applier

    @property
    def policy_key(self) -> str:
        """Which policy: what is recorded beside the records."""
        return self._applier.policy.key if self._applier else NO_POLICY

    @property
    def parameters(self) -> Mapping[str, str]:
        """Everything that decides what becomes of a text: the policy, and which key pseudonyms are made with."""
        fingerprint = self._applier.key_fingerprint if self._applier else None
        named = {"personal_data": self.policy_key}
        return named if fingerprint is None else {**named, "pseudonym_key": fingerprint}

    @property
    def way(self) -> str:
        """Which policy with which key: texts that were treated in one way need not be treated again."""
        return self._applier.way if self._applier else NO_POLICY

    @property
    def is_treated(self) -> bool:
        """Whether anything is done at all."""
        return self._applier is not None

    def treat(self, texts: Sequence[str]) -> TreatedTexts:
        """What may be used of texts that stand together."""
        if self._applier is None:
            return TreatedTexts(texts, ())
        treated = [self._applier.apply(text) for text in texts]
        kept = [each.text for each in treated if each.text is not None]
        deeds = [deed for each in treated for deed in each.deeds]
        return TreatedTexts(kept if len(kept) == len(texts) else None, deeds)


class DeedCounts:
    """How often what was done with which kind."""

    def __init__(self) -> None:
        self._kinds: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def add(self, deeds: "Iterable[Deed]") -> None:
        """Count deeds."""
        for deed in deeds:
            self._kinds[deed.finding.kind][deed.action.value] += 1

    def as_json(self) -> Mapping[str, Any]:
        """Kind -> action -> count."""
        return {kind: dict(sorted(counts.items())) for kind, counts in sorted(self._kinds.items())}


def personal_data_of(setting: str, key: SecretStr | None) -> PersonalData:
    """What `CLARA_PII_POLICY` and `CLARA_PII_KEY` say; for `none`, nothing is loaded.

    Raises:
        InvalidPolicy: If the policy cannot be used, or makes pseudonyms and there is no key.
        WeakKey: If the key is too short.
    """
    if setting == NO_POLICY:
        return PersonalData()
    from backend.datasets.pii.applying import PolicyApplier  # here: by default there is no policy
    from backend.datasets.pii.policy import policy_of

    secret = key.get_secret_value().encode() if key else b""
    return PersonalData(PolicyApplier(policy_of(setting), key=secret or None))
