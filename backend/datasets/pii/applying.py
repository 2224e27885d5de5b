"""A policy applied to texts: the new text, and a report of what was done where."""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.datasets.pii.base import Finding
from backend.datasets.pii.policy import Action, InvalidPolicy, Policy, policy_of
from backend.datasets.pii.pseudonyms import Pseudonymiser
from backend.datasets.pii.scanner import Scanner


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done with one finding.

    Args:
        finding: Its span counts in the original text.
        action: What the policy says.
        found: The original words, where they were asked for; they belong into no log and no export.
    """

    finding: Finding
    action: Action
    found: str | None = None


@dataclass(frozen=True, slots=True)
class Treatment:
    """A text after a policy.

    Args:
        text: What may be used; None where the whole text is dropped.
        deeds: In the order of the text.
        policy_version: `Policy.key`.
    """

    text: str | None
    deeds: Sequence[Deed]
    policy_version: str

    @property
    def is_dropped(self) -> bool:
        """Whether nothing of the text may be used."""
        return self.text is None


class PolicyApplier:
    """Scans texts and does what a policy says.

    Args:
        policy: None for the built-in default.
        key: For pseudonyms, see `Pseudonymiser`.
        scanner: None for one with every recogniser in the folder.

    Raises:
        InvalidPolicy: If the policy names a kind that nothing finds, or asks for pseudonyms and there is no key.
        WeakKey: If the key is too short.
    """

    def __init__(
        self, policy: Policy | None = None, *, key: bytes | None = None, scanner: Scanner | None = None
    ) -> None:
        self.policy = policy or policy_of()
        self._scanner = scanner or Scanner()
        if unknown := sorted(set(self.policy.rules) - set(self._scanner.kinds)):
            known = ", ".join(sorted(self._scanner.kinds))
            raise InvalidPolicy(self.policy.name, f"nothing finds {', '.join(unknown)}; found are {known}")
        if key is None and self.policy.needs_key():
            raise InvalidPolicy(self.policy.name, "it asks for pseudonyms, and no key for them is given")
        self._pseudonymiser = None if key is None else Pseudonymiser(key)
        self._version = self.policy.key

    @property
    def key_fingerprint(self) -> str | None:
        """Which key pseudonyms are made with; None where the policy makes none, whether or not there is a key."""
        if self._pseudonymiser is None or not self.policy.needs_key():
            return None
        return self._pseudonymiser.key_fingerprint

    @property
    def way(self) -> str:
        """Names the way of treating: two of one way make the same of a text."""
        return f"{self._version} {self.key_fingerprint or ''}".rstrip()

    def apply(self, text: str, *, with_found: bool = False) -> Treatment:
        """Treat one text.

        Args:
            text: As it is stored.
            with_found: Whether the report holds the words that were found.
        """
        deeds = []
        for finding in self._scanner.scan(text):
            if (action := self.policy.action_for(finding)) is not None:
                found = text[finding.start : finding.end] if with_found else None
                deeds.append(Deed(finding, action, found))
        is_dropped = any(deed.action is Action.DROP for deed in deeds)
        return Treatment(None if is_dropped else self._rewritten(text, deeds), tuple(deeds), self._version)

    def _rewritten(self, text: str, deeds: Sequence[Deed]) -> str:
        pieces, place = [], 0
        for deed in deeds:
            start, end = deed.finding.start, deed.finding.end
            pieces += [text[place:start], self._stand_in(text[start:end], deed)]
            place = end
        return "".join([*pieces, text[place:]])

    def _stand_in(self, found: str, deed: Deed) -> str:
        kind = self._scanner.kinds[deed.finding.kind]
        if deed.action is Action.MASK:
            return kind.mask
        if deed.action is Action.PSEUDONYMISE and self._pseudonymiser is not None:
            return self._pseudonymiser.pseudonym(kind, found)
        return found
