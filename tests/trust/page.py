"""docs/trust.md and the line of the README, made from the lines that the experiments printed."""

from collections.abc import Iterable, Sequence

from tests.support.figures import DOCS, Line, between, record, table

LINES = DOCS / "figures" / "trust.jsonl"
PAGE = DOCS / "trust.md"
README = DOCS.parent / "README.md"
MARK = "trust figures"
HEAD = """# What CLARA survives

Every promise is put to the test on real services, processes and databases. `make trust` (that is
`python -m tests.trust --write`) runs the full forms and writes this page; `python -m tests.trust G03 --fast` runs the
short form of one, and all short forms run with `make test`. Each experiment prints one JSON line. AIR takes as
long as the quick start and all tests, which it runs without a network; alone it is `make air-gapped`
([Without a network](guides/operations.md#without-a-network)).

"""
_ABOUT = {"test", "subject", "form", "database"}


def write(fresh: Iterable[Line]) -> None:
    """Keep fresh lines, and make the page and the README's figures from all that are kept."""
    lines = record(LINES, fresh, key=lambda line: (line["test"], line["database"]))
    PAGE.write_text(HEAD + _overview(lines) + "".join(map(_section, lines)), encoding="utf-8", newline="\n")
    readme = between(README.read_text(encoding="utf-8"), MARK, _summary(lines))
    README.write_text(readme, encoding="utf-8", newline="\n")


def _overview(lines: Sequence[Line]) -> str:
    rows = "".join(
        f"| [{line['test']}](#{_title(line).lower().replace(' ', '-')}) | {line['subject']} | {line['database']} "
        f"| {'yes' if line['holds'] else '**no**'} | {line['seconds']} |\n"
        for line in lines
    )
    return f"| | promise | database | held | seconds |\n|---|---|---|---|---|\n{rows}"


def _section(line: Line) -> str:
    figures = {name: value for name, value in line.items() if name not in _ABOUT}
    return f"\n## {_title(line)}\n\n{line['subject']}.\n\n{table(figures)}"


def _title(line: Line) -> str:
    return f"{line['test']} {line['database']}"


def _summary(lines: Sequence[Line]) -> str:
    minutes = round(sum(line["seconds"] for line in lines) / 60)
    held = sum(bool(line["holds"]) for line in lines)
    return f"{held} of {len(lines)} full experiments held; together they take {minutes} minutes"
