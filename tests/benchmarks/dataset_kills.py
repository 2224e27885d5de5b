"""Ten builds of a dataset of 5,957 laws (150 MB), each killed at a random moment and built to its end afterwards.

Needs ../shared/data (or CLARA_SHARED_DATA). The build is that of dataset_pipeline, by the real dataset service: laws
are ingested and a dataset is ordered once, and every service starts on a copy of that folder. One service builds
undisturbed. Ten others are killed with SIGKILL together with every process they started, each at a random moment of
another tenth of that time; then a new service is started on what is left, and nothing else is done. Told of each are
the moment, how many processes died, which stage was finished then and what had been told last, and the seconds from the
new start to the finished dataset (three of them until the dead builder's lease ends). `equal` counts the builds of
which this is the same as of the undisturbed one: the hashes of content and version, every byte of every file that is
left in the dataset's folder, what the database tells of the dataset, and the origin of every record.

The rounds take their time: with CLARA_BENCHMARK_FOLDER they are kept there, and a run that was cut off goes on.
"""

import json
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from shared.storage import write_json
from tests.benchmarks._killed_datasets import built, copied, killed_and_built, outcome
from tests.benchmarks._law_datasets import ingested_laws, law_settings, order_dataset
from tests.support.build_outcome import Outcome
from tests.support.real_texts import LAWS
from tests.support.shared_data import SHARED_DATA

KILLS = 10
SEED = 20261122
_TOLD = ("killed_after_s", "processes", "finished", "last_told", "resumed_s")


def measure() -> dict[str, Any]:
    if not (SHARED_DATA / LAWS).is_file():
        return {"skipped": f"{LAWS} not in {SHARED_DATA}", "holds": True}
    with _folder() as root:
        return measured(root, every=1, kills=KILLS, seed=SEED)


def measured(root: Path, *, every: int, kills: int, seed: int) -> dict[str, Any]:
    """Kill so many builds of a dataset of every so-manieth law."""
    size = _once(root / "laws.json", lambda: {"bytes": _ordered(root / "ordered", every)})["bytes"]
    _say(f"{size / 1e6:.0f} MB of laws are ingested")
    undisturbed = _once(root / "undisturbed.json", lambda: _undisturbed(root))
    calm = Outcome(**undisturbed["outcome"])
    _say(f"undisturbed: {undisturbed['seconds']:.1f} s, {len(calm.files)} files and folders")
    chance = random.Random(seed)
    shares = [(number + chance.random()) / kills for number in range(kills)]
    rounds = []
    for number, share in enumerate(shares):
        arguments = root / "ordered", root / "home", share, undisturbed["seconds"], calm
        rounds.append(_once(root / f"round-{number}.json", partial(killed_and_built, *arguments)))
        _say(f"{number + 1}/{kills}: {rounds[-1]}")
    equal = {name: sum(each["equal"][name] for each in rounds) for name in rounds[0]["equal"]}
    return {
        "mb": round(size / 1e6, 1),
        "undisturbed_s": round(undisturbed["seconds"], 1),
        "kills": kills,
        "equal": equal,
        **{name: [each[name] for each in rounds] for name in _TOLD},
        "holds": all(count == kills for count in equal.values()),
    }


def _ordered(home: Path, every: int) -> int:
    shutil.rmtree(home, ignore_errors=True)
    stores, size = ingested_laws(law_settings(home), every=every)
    try:
        order_dataset(stores)
    finally:
        stores.close()
    shutil.rmtree(home / "laws")
    return size


def _undisturbed(root: Path) -> dict[str, Any]:
    with copied(root / "ordered", root / "home") as home:
        return {"seconds": built(home), "outcome": asdict(outcome(home))}


def _once(file: Path, make: Callable[[], dict[str, Any]]) -> Any:
    """What was measured, or kept by an earlier run in this folder."""
    if not file.exists():
        write_json(file, make())
    return json.loads(file.read_text(encoding="utf-8"))


@contextmanager
def _folder() -> Iterator[Path]:
    if kept := os.environ.get("CLARA_BENCHMARK_FOLDER"):
        yield Path(kept)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
