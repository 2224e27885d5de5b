"""Every word of reports and data cards in both languages, and how their figures are written."""

from collections.abc import Mapping
from typing import Any

from backend.datasets.report.subject import Language

NOTHING = "–"
_THIN = "\u202f"

WORDS: Mapping[str, tuple[str, str]] = {
    # key: (German, English)
    "kind": ("CLARA-Datensatzbericht", "CLARA dataset report"),
    "records": ("Datensätze", "Records"),
    "documents": ("Dokumente", "Documents"),
    "tokens": ("Token", "Tokens"),
    "quality": ("Qualität", "Quality"),
    "leak": ("Überschneidung der Teile", "Split leak"),
    "at_a_glance": ("Auf einen Blick", "At a glance"),
    "from_documents": ("aus {n} Dokumenten", "from {n} documents"),
    "by_counter": ("gezählt mit {name}", "counted by {name}"),
    "mean_of": ("Mittel; Median {median}", "mean; median {median}"),
    "leak_note": ("Dokumente · Texte · Fast-Doppel", "documents · texts · near twins"),
    "order": ("Auftrag", "Order"),
    "dataset": ("Datensatz", "Dataset"),
    "description": ("Zweck", "Purpose"),
    "query": ("Suchanfrage", "Query"),
    "record_format": ("Form der Datensätze", "Shape of records"),
    "profile": ("Qualitätsprofil", "Quality profile"),
    "threshold": ("Mindestqualität", "Least quality"),
    "deduplicate": ("Wiederholungen", "Repetitions"),
    "policy": ("Personenbezogene Daten", "Personal data"),
    "hash": ("SHA-256 des Inhalts", "SHA-256 of the content"),
    "exports": ("Ausgabeformate", "Exports"),
    "near": ("auch fast gleiche entfallen", "near ones are left out too"),
    "exact": ("gleiche entfallen", "equal ones are left out"),
    "off": ("bleiben, nie über Teile hinweg", "stay, never across splits"),
    "origin": ("Herkunft", "Where it comes from"),
    "sources": ("Quellen", "Sources"),
    "types": ("Dateiarten", "Kinds of files"),
    "years": ("Jahrgänge", "Years"),
    "decade": ("{year}er", "{year}s"),
    "templates": ("Vorlagen", "Templates"),
    "synthetic": ("Synthetische Datensätze", "Synthetic records"),
    "unit_records": ("Datensätze", "records"),
    "unit_documents": ("Dokumente", "documents"),
    "unit_sections": ("Abschnitte", "sections"),
    "unit_clusters": ("Gruppen", "clusters"),
    "unit_findings": ("Funde", "findings"),
    "dropped": ("Was weggelassen wurde", "What was left out"),
    "dropped_lead": (
        "Von {found} gefundenen Abschnitten blieben {kept}. Jeder andere hat genau einen Grund.",
        "Of {found} sections that were found, {kept} stayed. Each of the others has exactly one reason.",
    ),
    "nothing_dropped": ("Nichts wurde weggelassen.", "Nothing was left out."),
    "reason": ("Grund", "Reason"),
    "sections": ("Abschnitte", "Sections"),
    "share": ("Anteil", "Share"),
    "spread": ("Länge, Qualität, Sprache", "Length, quality, language"),
    "lengths": ("Länge der Datensätze", "Length of records"),
    "token_counts": ("Token je Datensatz", "Tokens per record"),
    "qualities": ("Qualität der Datensätze", "Quality of records"),
    "languages": ("Sprachen", "Languages"),
    "unit_characters": ("Datensätze je Zeichenzahl", "records by characters"),
    "unit_tokens": ("Datensätze je Tokenzahl", "records by tokens"),
    "unit_scores": ("Datensätze je Wert", "records by score"),
    "least": ("kleinster", "least"),
    "mean": ("Mittel", "mean"),
    "most": ("größter", "most"),
    "figure": ("Größe", "Figure"),
    "characters": ("Zeichen", "Characters"),
    "quantile_note": (
        "p5 ist der Wert, unter dem 5 % liegen; Quantile sind auf 1 % genau.",
        "p5 is the value below which 5 % lie; quantiles are right to 1 %.",
    ),
    "duplicates": ("Wiederholungen", "Repetitions"),
    "duplicates_lead": (
        "{clusters} Gruppen gleicher oder fast gleicher Abschnitte, zusammen {sections}; aus jeder blieb einer.",
        "{clusters} clusters of equal or nearly equal sections, {sections} in all; one of each stayed.",
    ),
    "no_duplicates": ("Es wurden keine Wiederholungen gefunden.", "No repetitions were found."),
    "duplicates_off": (
        "Nach Wiederholungen innerhalb eines Teils wurde nicht gesucht.",
        "Repetitions within one split were not looked for.",
    ),
    "cluster_sizes": ("Größe der Gruppen", "Sizes of clusters"),
    "personal": ("Personenbezogene Daten", "Personal data"),
    "personal_none": (
        "Es war keine Regel eingestellt: nach personenbezogenen Daten wurde nicht gesucht.",
        "No policy was set: personal data were not looked for.",
    ),
    "personal_clean": (
        "Nach der Regel {policy} gesucht, nichts gefunden.",
        "Looked for by the policy {policy}; nothing was found.",
    ),
    "personal_lead": ("Behandelt nach der Regel {policy}.", "Treated by the policy {policy}."),
    "personal_kinds": ("Funde je Art", "Findings by kind"),
    "kind_of": ("Art", "Kind"),
    "deeds": ("Was getan wurde", "What was done"),
    "contamination": ("Prüftexte", "Evaluation texts"),
    "contamination_none": (
        "Es wurde nicht mit Prüftexten verglichen.",
        "Nothing was compared with evaluation texts.",
    ),
    "contamination_lead": (
        "{texts} Prüftexte verglichen; {dropped} Abschnitte fehlen, weil sie einen davon vorwegnähmen.",
        "Compared with {texts} evaluation texts; {dropped} sections were left out that would give one away.",
    ),
    "set": ("Sammlung", "Set"),
    "texts": ("Texte", "Texts"),
    "covered": ("vorweggenommen, vorher", "given away, before"),
    "left": ("nachher", "after"),
    "splits": ("Teile für Training, Abstimmung und Prüfung", "Splits for training, validation and test"),
    "splits_lead": (
        (
            "Der Pfad eines Dokuments allein bestimmt seinen Teil; kommen Dokumente hinzu, wechselt keines. Fast "
            "gleiche Texte stehen nie in zwei Teilen: der im früheren Teil bleibt (split_twin)."
        ),
        (
            "The path of a document alone decides its split; when documents are added, none moves. Nearly equal texts "
            "never stand in two splits: the one in the earlier split stays (split_twin)."
        ),
    ),
    "twin_records": (
        "Datensätze, die deshalb fehlen, obwohl sich ihre Abschnitte unterscheiden: {n}.",
        "Records that were left out for that although their sections differ: {n}.",
    ),
    "split": ("Teil", "Split"),
    "train": ("Training", "train"),
    "validation": ("Abstimmung", "validation"),
    "test": ("Prüfung", "test"),
    "leak_measured": (
        (
            "An den fertigen Datensätzen gemessen: {documents} Dokumente, {texts} gleiche Texte und {near} fast "
            "gleiche (Jaccard ab 0,8) stehen in zwei Teilen."
        ),
        (
            "Measured on the finished records: {documents} documents, {texts} equal texts and {near} nearly equal ones "
            "(Jaccard from 0.8 on) stand in two splits."
        ),
    ),
    "strata": ("Wie gleichmäßig die Teile sind", "How evenly the splits are spread"),
    "strata_note": (
        (
            "Jede Schicht hat dieselben Schwellen; die Abweichung ist Zufall und wird mit der Zahl der Dokumente "
            "kleiner. Der Standardfehler sagt, wie groß sie üblicherweise ist."
        ),
        (
            "Every stratum has the same thresholds; what it deviates by is chance and shrinks with its documents. The "
            "standard error says how much is usual."
        ),
    ),
    "stratum": ("Schicht", "Stratum"),
    "source": ("Quelle", "Source"),
    "type": ("Dateiart", "Kind of file"),
    "year": ("Jahr", "Year"),
    "deviation": ("Abweichung", "Deviation"),
    "standard_error": ("Standardfehler", "Standard error"),
    "samples": ("Stichproben", "Samples"),
    "samples_lead": (
        "Nach einem Hash ihrer Kennung gezogen: zufällig, und jedes Mal dieselben.",
        "Drawn by a hash of their ids: at random, and the same ones every time.",
    ),
    "card": ("Datenblatt", "Data card"),
    "footer": (
        (
            "Diese Seite lädt nichts nach und führt nichts aus. Sie gehört zum Datensatz und steht mit ihrer "
            "Prüfsumme in dessen Manifest. Alle Zahlen stehen auch in der Statistik des Datensatzes."
        ),
        (
            "This page loads nothing and runs nothing. It is part of the dataset and named in its manifest with its "
            "SHA-256. All of its figures are in the statistics of the dataset too."
        ),
    ),
    "unknown": ("unbekannt", "unknown"),
    "others": ("übrige", "others"),
    "und": ("nicht bestimmbar", "cannot be told"),
    "motivation": ("Anlass", "Motivation"),
    "composition": ("Zusammensetzung", "Composition"),
    "collection": ("Erhebung", "Collection process"),
    "preprocessing": ("Aufbereitung", "Preprocessing"),
    "uses": ("Verwendung und Grenzen", "Uses and limits"),
    "distribution": ("Weitergabe", "Distribution"),
    "maintenance": ("Pflege", "Maintenance"),
}

REASONS: Mapping[str, tuple[str, str]] = {
    "contaminated": ("nimmt einen Prüftext vorweg", "gives an evaluation text away"),
    "doubled_words": ("doppelte Wörter", "doubled words"),
    "duplicate": ("gleicher Text", "equal text"),
    "few_letters": ("zu wenige Buchstaben", "too few letters"),
    "few_stop_words": ("zu wenige Funktionswörter", "too few stop words"),
    "letter_spaced": ("gesperrt geschrieben", "letter-spaced"),
    "long_words": ("zu lange Wörter", "words too long"),
    "low_score": ("unter der Mindestqualität", "below the least quality"),
    "many_digits": ("zu viele Ziffern", "too many digits"),
    "many_symbols": ("zu viele Sonderzeichen", "too many symbols"),
    "near_duplicate": ("fast gleicher Text", "nearly equal text"),
    "other_language": ("andere Sprache", "another language"),
    "personal_data": ("personenbezogene Daten", "personal data"),
    "rejected_by_review": ("von Hand verworfen", "rejected by a person"),
    "repealed": ("weggefallene Vorschrift", "repealed provision"),
    "repeated_lines": ("wiederholte Zeilen", "repeated lines"),
    "repetition": ("wiederholte Wortfolgen", "repeated phrases"),
    "short_words": ("zu kurze Wörter", "words too short"),
    "split_twin": ("Fast-Doppel in einem früheren Teil", "near twin in an earlier split"),
    "stub": ("zu kurz", "too short"),
    "unknown_words": ("zu viele unbekannte Wörter", "too many unknown words"),
}


class Wording:
    """Words and figures of one language.

    Args:
        language: German or English.
    """

    def __init__(self, language: Language) -> None:
        self.language = language
        self._place = 0 if language is Language.GERMAN else 1

    def __call__(self, key: str, **values: Any) -> str:
        """The sentence of a key, `{name}` filled in; a key that is none, such as the name of a source, as it is."""
        words = WORDS.get(key)
        return words[self._place].format(**values) if words else key

    def reason(self, code: str) -> str:
        """Why a section was left out."""
        words = REASONS.get(code)
        return words[self._place] if words else code.replace("_", " ")

    def number(self, value: Any, digits: int = 3) -> str:
        """A figure; whole numbers in groups of three, others with so many significant digits."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return NOTHING if value is None else str(value)
        if isinstance(value, int) or float(value).is_integer() or abs(value) >= 10**digits:
            return f"{value:,.0f}".replace(",", _THIN)
        return self._local(f"{value:.{digits}g}")

    def percent(self, share: Any) -> str:
        """A share as per cent."""
        if not isinstance(share, int | float):
            return NOTHING
        return f"{self._local(f'{100 * share:.3g}')}{_THIN}%"

    def _local(self, figure: str) -> str:
        return figure.replace(".", ",") if self._place == 0 else figure
