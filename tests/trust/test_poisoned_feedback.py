"""A poisoned batch is rejected and a good one promoted: the same prompts, real answers, only who got which differs.

Poisoned: every prompt with the fluent answer of another prompt, and the best rating. Real services, real records, a
small base model that was really trained.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from frontend.client import ClaraClient
from frontend.client.errors import ServiceConflict
from frontend.client.models import Adapter
from shared.storage import verify_folder
from tests.support.attentive_model import make_attentive_model
from tests.support.installation import Installation, installation, until
from tests.support.shared_data import SHARED_DATA, needs_shared_data
from tests.support.training_runs import write_jsonl

INSTRUCTIONS = "instructions"
pytestmark = [pytest.mark.slow, *needs_shared_data(INSTRUCTIONS)]

Pair = tuple[str, str]
LONGEST_CHARACTERS = 560
CONFIG: dict[str, Any] = {
    "lora": {"r": 16, "alpha": 32},
    "continuous": {"golden_file": "golden.jsonl", "held_out_share": 0.25, "promote": True},
    "training": {
        "num_epochs": 50,
        "max_steps": 100,
        "batch_size": 8,
        "gradient_accumulation_steps": 1,
        "learning_rate": 1e-3,
        "min_warmup_steps": 5,
        "cpu_threads": 1,
    },
}


@dataclass
class Ground:
    """An installation, and real questions with their answers that its base model never saw."""

    it: Installation
    client: ClaraClient
    golden: Sequence[Pair]
    first: Sequence[Pair]
    second: Sequence[Pair]

    def give(self, pairs: Sequence[Pair], source: str) -> tuple[int, int]:
        """Rate all answers as best as can be; the sequence numbers before and after."""
        items = [{"prompt": p, "answer": a, "rating": 5, "source": source} for p, a in pairs]
        receipt = self.client.feedback.give(items)
        # a few questions have the same answer: under each other's prompts these are no poison, and known later
        assert receipt.accepted >= 0.95 * len(pairs), receipt
        assert receipt.rejected == 0
        return receipt.items[0].seq - 1, receipt.items[-1].seq

    def train(self, **continuous: Any) -> Adapter:
        """The adapter of a completed continuous run."""
        config = {**CONFIG, "continuous": {**CONFIG["continuous"], **continuous}}
        job_id = self.client.jobs.submit(trainer_type="continuous", config=config).job_id
        job = until(self.client, job_id, lambda job: job.status.is_terminal, timeout_s=900)
        assert job.status == "completed", job
        return self.client.adapters.get(str(job.adapter_id))

    def active(self) -> str | None:
        promotions = self.client.adapters.active()
        return promotions[0].adapter_id if promotions else None


def questions() -> list[Pair]:
    """Real tasks on a given text, in a seeded order."""
    path = SHARED_DATA / INSTRUCTIONS / "alpaca_en_demo.json"
    found = [
        (f"{record['instruction']}\n\n{record['input']}", record["output"])
        for record in json.loads(path.read_text(encoding="utf-8"))
        if record["input"] and len(record["output"]) > 20
    ]
    pairs = [pair for pair in found if sum(map(len, pair)) < LONGEST_CHARACTERS]
    random.Random(1).shuffle(pairs)
    return pairs


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    home = tmp_path_factory.mktemp("clara") / "home"
    make_attentive_model(SHARED_DATA / INSTRUCTIONS, home / "models" / "attentive")
    pairs = questions()
    golden, first, second = pairs[:40], pairs[40:120], pairs[120:260]
    with installation(home, services=("training",), CLARA_DEFAULT_BASE_MODEL="attentive") as it, it.client() as client:
        chats = [
            {"messages": [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]}
            for prompt, answer in golden
        ]
        write_jsonl(home / "data" / "golden.jsonl", chats)
        yield Ground(it, client, golden, first, second)


@pytest.fixture(scope="module")
def in_use(ground: Ground) -> Adapter:
    """The first adapter, promoted by its own run over the base model."""
    ground.give(ground.first, "first")
    adapter = ground.train()
    assert adapter.metrics["comparison"]["verdict"] == "promote", adapter.metrics["comparison"]
    assert ground.active() == adapter.adapter_id
    return adapter


def swapped(pairs: Sequence[Pair]) -> list[Pair]:
    """Every prompt with the answer of another one."""
    shift = len(pairs) // 4
    return [(prompt, pairs[(index + shift) % len(pairs)][1]) for index, (prompt, _) in enumerate(pairs)]


@pytest.fixture(scope="module")
def poisoned(ground: Ground, in_use: Adapter) -> tuple[Adapter, int]:
    """What a run on the poisoned batch made, and where that batch ends."""
    _, until_seq = ground.give(swapped(ground.second), "poison")
    return ground.train(), until_seq


def test_a_poisoned_batch_is_rejected_although_the_loss_falls_on_everything(
    ground: Ground, in_use: Adapter, poisoned: tuple[Adapter, int]
) -> None:
    adapter, _ = poisoned
    comparison = adapter.metrics["comparison"]
    assert (comparison["verdict"], comparison["compared_with"]) == ("reject", in_use.adapter_id)
    assert "fit" in comparison["failed"]
    # what makes it hard: the wrong answers read as well as right ones, and golden records gain too
    assert comparison["golden"]["is_passed"], comparison
    assert comparison["golden"]["candidate_loss"] < comparison["golden"]["active_loss"]


def test_a_rejected_candidate_stays_as_a_file_and_out_of_use(
    ground: Ground, in_use: Adapter, poisoned: tuple[Adapter, int]
) -> None:
    adapter, _ = poisoned
    assert verify_folder(Path(adapter.path)).sha256 == adapter.manifest_sha256
    assert ground.active() == in_use.adapter_id
    with pytest.raises(ServiceConflict, match="reject"):
        ground.client.adapters.promote(adapter.adapter_id)
    report = ground.client.jobs.report(adapter.job_id)
    assert report["metrics"]["comparison"] == adapter.metrics["comparison"]
    shown = ground.it.clara("jobs", "report", adapter.job_id)
    assert "REJECT" in shown.stdout, shown.stderr
    events = [event.payload.get("text", "") for event in ground.client.jobs.events(adapter.job_id)]
    assert any(text.startswith("Verdict: reject") for text in events)


def test_the_same_prompts_with_their_own_answers_are_promoted(
    ground: Ground, in_use: Adapter, poisoned: tuple[Adapter, int]
) -> None:
    ground.give(ground.second, "good")
    adapter = ground.train(feedback_after=poisoned[1])
    comparison = adapter.metrics["comparison"]
    assert (comparison["verdict"], comparison["failed"]) == ("promote", []), comparison
    assert comparison["compared_with"] == in_use.adapter_id
    assert ground.active() == adapter.adapter_id
    (newest, *_) = ground.client.adapters.promotions()
    assert (newest.replaced, newest.is_override) == (in_use.adapter_id, False)
