"""A table of fees as a spreadsheet program exports it."""

import csv
import io
from random import Random

from admin.sample_corpus.bank import Fee
from admin.sample_corpus.municipality import describe
from admin.sample_corpus.slots import fill

FEWEST_ROWS = 18


def render_fee_table(fees: tuple[Fee, ...], place: str, rng: Random) -> str:
    """Draws the fee items of one place as CSV with the columns id, title and text."""
    values = describe(place, rng)
    count = rng.randint(min(FEWEST_ROWS, len(fees)), len(fees))
    positions = sorted(rng.sample(range(len(fees)), count))
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(("id", "title", "text"))
    for number, position in enumerate(positions, start=1):
        fee = fees[position]
        text = fill(rng.choice(fee.wordings), values, rng)
        writer.writerow((f"GT-{number:03d}", fee.title, text))
    return table.getvalue()
