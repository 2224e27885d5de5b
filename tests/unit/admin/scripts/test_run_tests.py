"""Which part of the tests runs where."""

from pathlib import PurePosixPath

from admin.scripts.run_tests import ALONE, ROOT, side_by_side


def test_every_file_of_tests_is_run_by_exactly_one_part() -> None:
    parts = [*side_by_side(), [f"tests/e2e/{name}" for name in ALONE]]
    named = [PurePosixPath(each) for part in parts for each in part]

    for kind in ("unit", "integration", "e2e"):
        for path in (ROOT / "tests" / kind).rglob("test_*.py"):
            file = PurePosixPath(path.relative_to(ROOT).as_posix())
            assert sum(file == each or each in file.parents for each in named) == 1, file
