"""The report of a job in the browser of this machine."""

import tempfile
import webbrowser
from pathlib import Path


def place_for(job_id: str) -> Path:
    """A file for a report that is only to be looked at, in a folder that no other user of this machine may enter."""
    name = "".join(sign if sign.isalnum() else "-" for sign in job_id)
    return Path(tempfile.mkdtemp(prefix="clara-report-")) / f"{name}.html"


def open_page(page: Path) -> bool:
    """Show a page in the user's browser; whether there is one. The file stays, since the browser reads it later."""
    return webbrowser.open(page.absolute().as_uri())
