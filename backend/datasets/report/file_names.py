"""Names of the files of a report; apart from what writes them, so that a service finds them with nothing loaded."""

from backend.datasets.report.subject import Language

REPORT_FOLDER = "report"
CARD_FILE = "data_card.json"
DETAILS_FILE = "details.json"
DETAILS = ("samples", "split_strata")
"""Members of the statistics that are too large, or too near to the text, for the database's row of a dataset."""


def page_name(language: Language) -> str:
    """The page."""
    return f"{language.value}.html"


def picture_name(picture: str, language: Language) -> str:
    """A picture."""
    return f"{picture}.{language.value}.png"


def card_name(language: Language) -> str:
    """The data card to be read."""
    return f"data_card.{language.value}.md"
