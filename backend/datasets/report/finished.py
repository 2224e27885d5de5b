"""One pass over the finished records of a dataset: everything that its statistics say about them, in flat memory."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from backend.datasets.report.leaks import LeakMeter
from backend.datasets.report.samples import Samples
from backend.datasets.statistics import RecordStatistics
from shared.models.dataset import Split


def describe_records(records_dir: Path, *, seed: int, scratch: Path) -> dict[str, Any]:
    """Counts, distributions, leaks and samples of `<split>.jsonl`.

    Args:
        records_dir: Published records.
        seed: Of the samples.
        scratch: Where a folder for temporary files may be made.

    Returns:
        Members of the statistics of a dataset: see `RecordStatistics.as_json`; further `split_leak` and `samples`.
    """
    statistics, samples = RecordStatistics(), Samples(seed=seed)
    with TemporaryDirectory(prefix=".describe-", dir=scratch) as folder:
        leaks = LeakMeter(Path(folder))
        try:
            for split in list(Split)[1:]:
                leaks.hold(split, _records(records_dir, split))
            for split in Split:
                for record in _records(records_dir, split):
                    statistics.add(record, split)
                    samples.add(record, split)
                    leaks.add(record, split)
            return {**statistics.as_json(), "split_leak": leaks.counts(), "samples": samples.as_json()}
        finally:
            leaks.close()


def _records(records_dir: Path, split: Split) -> Iterator[Mapping[str, Any]]:
    with (records_dir / f"{split.value}.jsonl").open(encoding="utf-8", newline="\n") as stream:
        for line in stream:
            yield json.loads(line)
