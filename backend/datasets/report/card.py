"""The data card of a dataset: the questions of a datasheet, answered from its statistics and its order.

What only people can know (who may use it for what, who answers for it) is asked for, not made up.

Source: Gebru et al. 2021, Datasheets for Datasets, https://arxiv.org/abs/1803.09010
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from backend.datasets.report.bars import charts_of
from backend.datasets.report.subject import Language, ReportSubject
from backend.datasets.report.wording import Wording
from shared.models.dataset import Split

CARD_FORMAT = 1


@dataclass(frozen=True, slots=True)
class CardPart:
    """A chapter of a datasheet with its answers."""

    key: str
    title: str
    answers: Sequence[str]


def card_of(subject: ReportSubject, say: Wording) -> Sequence[CardPart]:
    """All chapters in the language of the wording."""
    written = _GERMAN if say.language is Language.GERMAN else _ENGLISH
    fields = _fields(subject, say)
    return [
        CardPart(key, say(key), [answer.format_map(fields) for answer in answers]) for key, answers in written.items()
    ]


def card_json(subject: ReportSubject) -> dict[str, Any]:
    """The card for programs: order, statistics without samples, names of pictures, the chapters in both languages."""
    order = {name: value for name, value in asdict(subject).items() if name != "statistics"}
    return {
        "format": CARD_FORMAT,
        "dataset": order,
        "statistics": {name: value for name, value in subject.statistics.items() if name != "samples"},
        "pictures": list(charts_of(subject.statistics, Wording(Language.ENGLISH))),
        "card": {
            language.value: {part.key: list(part.answers) for part in card_of(subject, Wording(language))}
            for language in Language
        },
    }


def card_markdown(subject: ReportSubject, say: Wording) -> str:
    """The card as Markdown."""
    parts = "".join(
        f"\n## {part.title}\n\n" + "".join(f"- {_one_line(answer)}\n" for answer in part.answers)
        for part in card_of(subject, say)
    )
    return f"# {_one_line(subject.name)}\n\n{say('card')} · `{subject.dataset_id}`\n{parts}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _fields(subject: ReportSubject, say: Wording) -> Mapping[str, str]:
    told = subject.statistics
    sections, leak = told["sections"], told["split_leak"]
    dropped = sorted(sections["dropped"].items(), key=lambda each: (-each[1], each[0]))
    shares = [f"{say(split.value)} {say.percent(subject.shares.get(split.value, 0.0))}" for split in Split]
    return {
        "name": subject.name,
        "description": subject.description or "–",
        "query": subject.query_text,
        "records": say.number(told["records"]),
        "documents": say.number(told["documents"]),
        "tokens": say.number(told["tokens"]["total"]),
        "counter": told["tokens"]["counter"],
        "record_format": subject.record_format,
        "splits": ", ".join(f"{say(s.value)} {say.number(told['splits'][s.value]['records'])}" for s in Split),
        "languages": ", ".join(f"{say(name)} {say.number(count)}" for name, count in told["languages"].items()) or "–",
        "sources": ", ".join(f"{name} ({say.number(count)})" for name, count in list(told["sources"].items())[:10]),
        "synthetic": say.percent(told["synthetic"]["share"]),
        "found": say.number(sections["found"]),
        "kept": say.number(sections["kept"]),
        "dropped": ", ".join(f"{say.reason(code)} {say.number(count)}" for code, count in dropped) or "–",
        "profile": subject.quality_profile,
        "threshold": say.number(subject.min_quality_score),
        "quality": say.number(told["quality"]["mean"]),
        "deduplicate": say(subject.deduplicate),
        "policy": subject.personal_data_policy,
        "algorithm": subject.split_algorithm,
        "seed": str(subject.seed),
        "shares": ", ".join(shares),
        "leak": f"{leak['documents']} / {leak['texts']} / {leak['near_duplicates']}",
        "exports": ", ".join(subject.export_formats) or "–",
        "hash": subject.content_sha256,
        "id": subject.dataset_id,
    }


_GERMAN: Mapping[str, Sequence[str]] = {
    "motivation": (
        "Zweck, wie beim Auftrag angegeben: {description}",
        "Angelegt mit CLARA zum Anpassen von Sprachmodellen; Auswahl durch die Suchanfrage „{query}“.",
    ),
    "composition": (
        "{records} Datensätze der Form {record_format} aus {documents} Dokumenten, {tokens} Token ({counter}).",
        "Teile: {splits}.",
        "Quellen: {sources}.",
        "Sprachen der Abschnitte: {languages}.",
        "Synthetisch erzeugt: {synthetic}.",
        "Jeder Datensatz nennt Dokument, Fassung, Fundstelle und Quelle.",
    ),
    "collection": (
        "Die Dokumente wurden vom Betreiber eingelesen; ob sie verwendet werden dürfen, hat er zu klären.",
        "{found} Abschnitte gefunden, {kept} behalten; jeder andere ist mit genau einem Grund verzeichnet.",
    ),
    "preprocessing": (
        "Weggelassen: {dropped}.",
        "Qualitätsprofil {profile}, Mindestqualität {threshold}, mittlere Qualität {quality}.",
        "Wiederholungen: {deduplicate}. Personenbezogene Daten: Regel {policy}.",
        "Aufteilung {algorithm}, Startwert {seed}, gewünschte Anteile {shares}.",
        "Überschneidung der Teile, an den fertigen Datensätzen gemessen (Dokumente / Texte / fast gleiche): {leak}.",
    ),
    "uses": (
        "Qualität misst Form und Sprache eines Textes, nicht ob er richtig oder noch in Kraft ist.",
        "Erkannt wird nur, was die Regeln kennen: Personenbezogenes kann übersehen worden sein.",
        "Token wurden ohne das Modell gezählt; dessen Tokenizer braucht meist mehr.",
    ),
    "distribution": (
        "Ausgaben: {exports}. Jede nennt ihre Prüfsummen im Manifest.",
        "SHA-256 des Inhalts: {hash}.",
    ),
    "maintenance": (
        "Dieser Datensatz ({id}) ändert sich nie; Änderungen sind neue Fassungen.",
        "Gelöschte Dokumente stehen in keiner neuen Fassung.",
    ),
}

_ENGLISH: Mapping[str, Sequence[str]] = {
    "motivation": (
        "Purpose as given with the order: {description}",
        'Made with CLARA for fine-tuning language models; chosen by the query "{query}".',
    ),
    "composition": (
        "{records} records of the shape {record_format} from {documents} documents, {tokens} tokens ({counter}).",
        "Splits: {splits}.",
        "Sources: {sources}.",
        "Languages of sections: {languages}.",
        "Synthetic: {synthetic}.",
        "Every record names its document, version, place and source.",
    ),
    "collection": (
        "The documents were ingested by the operator, who has to settle that they may be used.",
        "{found} sections were found, {kept} kept; each of the others is recorded with exactly one reason.",
    ),
    "preprocessing": (
        "Left out: {dropped}.",
        "Quality profile {profile}, least quality {threshold}, mean quality {quality}.",
        "Repetitions: {deduplicate}. Personal data: policy {policy}.",
        "Split {algorithm}, seed {seed}, wished shares {shares}.",
        "Leak of the splits, measured on the finished records (documents / texts / nearly equal ones): {leak}.",
    ),
    "uses": (
        "Quality measures the shape and language of a text, not whether it is right or still in force.",
        "Only what the rules know is recognised: personal data may have been overlooked.",
        "Tokens were counted without the model; its tokenizer mostly needs more.",
    ),
    "distribution": (
        "Exports: {exports}. Each names its checksums in its manifest.",
        "SHA-256 of the content: {hash}.",
    ),
    "maintenance": (
        "This dataset ({id}) never changes; changes are new versions.",
        "Erased documents are in no new version.",
    ),
}
