"""Alpaca: `{"instruction", "input", "output"[, "system", "history"]}` with the description that LLaMA-Factory reads.

Source: https://github.com/tatsu-lab/stanford_alpaca; LLaMA-Factory, data/README.md (columns of `dataset_info.json`)
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from backend.datasets.export._chat import ChatExporter, Content, Form, Forms
from backend.datasets.export.conversations import ASSISTANT, SYSTEM, USER

_PLAIN = {"prompt": "instruction", "query": "input", "response": "output"}


def _from_messages(record: Content) -> dict[str, Any]:
    messages = record["messages"]
    has_system = messages[0]["role"] == SYSTEM
    said = [message["content"] for message in messages[has_system:]]
    return {
        "instruction": said[-2],
        "input": "",
        "output": said[-1],
        "system": messages[0]["content"] if has_system else "",
        "history": [[question, answer] for question, answer in zip(said[:-2:2], said[1:-2:2], strict=True)],
    }


def _to_messages(line: Content) -> dict[str, Any]:
    messages = [{"role": SYSTEM, "content": line["system"]}] if line["system"] else []
    for question, answer in [*line["history"], [line["instruction"], line["output"]]]:
        messages += [{"role": USER, "content": question}, {"role": ASSISTANT, "content": answer}]
    return {"messages": messages}


def _columns(**further: str) -> Mapping[str, Any]:
    return {"columns": {**_PLAIN, **further}}


class AlpacaExporter(ChatExporter):
    """Instructions with their answers; earlier turns of a conversation are its `history`."""

    format = "alpaca"
    forms: ClassVar[Forms] = {
        ("messages",): Form(_from_messages, _to_messages, _columns(system="system", history="history")),
        ("prompt", "completion"): Form(
            lambda record: {"instruction": record["prompt"], "input": "", "output": record["completion"]},
            lambda line: {"prompt": line["instruction"], "completion": line["output"]},
            _columns(),
        ),
        ("instruction", "input", "output"): Form(
            lambda record: {name: record[name] for name in ("instruction", "input", "output")},
            lambda line: {name: line[name] for name in ("instruction", "input", "output")},
            _columns(),
        ),
        ("prompt", "chosen", "rejected"): Form(
            lambda record: {
                "instruction": record["prompt"],
                "input": "",
                "chosen": record["chosen"],
                "rejected": record["rejected"],
            },
            lambda line: {"prompt": line["instruction"], "chosen": line["chosen"], "rejected": line["rejected"]},
            {
                "ranking": True,
                "columns": {"prompt": "instruction", "query": "input", "chosen": "chosen", "rejected": "rejected"},
            },
        ),
    }
