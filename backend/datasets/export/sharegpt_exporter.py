"""ShareGPT: `{"conversations": [{"from": "human|gpt", "value": …}], "system"}` with what LLaMA-Factory reads.

People stand on odd places and the model on even ones; what the system says stands beside the conversation.

Source: LLaMA-Factory, data/README.md (formatting "sharegpt", columns and tags of `dataset_info.json`)
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from backend.datasets.export._chat import ChatExporter, Content, Form, Forms
from backend.datasets.export.conversations import ASSISTANT, SYSTEM, USER

_NAMES = {USER: "human", ASSISTANT: "gpt"}
_ROLES = {name: role for role, name in _NAMES.items()}
_TAGS = {"role_tag": "from", "content_tag": "value", "user_tag": "human", "assistant_tag": "gpt"}


def _described(**columns: str) -> Mapping[str, Any]:
    return {"formatting": "sharegpt", "columns": {"messages": "conversations", **columns}, "tags": _TAGS}


def _turn(role: str, text: str) -> dict[str, str]:
    return {"from": _NAMES[role], "value": text}


def _from_messages(record: Content) -> dict[str, Any]:
    messages = record["messages"]
    has_system = messages[0]["role"] == SYSTEM
    return {
        "conversations": [_turn(message["role"], message["content"]) for message in messages[has_system:]],
        "system": messages[0]["content"] if has_system else "",
    }


def _to_messages(line: Content) -> dict[str, Any]:
    system = [{"role": SYSTEM, "content": line["system"]}] if line["system"] else []
    turns = [{"role": _ROLES[turn["from"]], "content": turn["value"]} for turn in line["conversations"]]
    return {"messages": system + turns}


def _from_instruction(record: Content) -> dict[str, Any]:
    asked = f"{record['instruction']}\n{record['input']}" if record["input"] else record["instruction"]
    # the input once more: where it begins could not be told from the question
    return {"conversations": [_turn(USER, asked), _turn(ASSISTANT, record["output"])], "input": record["input"]}


def _to_instruction(line: Content) -> dict[str, Any]:
    asked, answered = (turn["value"] for turn in line["conversations"])
    instruction = asked.removesuffix(f"\n{line['input']}") if line["input"] else asked
    return {"instruction": instruction, "input": line["input"], "output": answered}


class ShareGptExporter(ChatExporter):
    """Conversations."""

    format = "sharegpt"
    forms: ClassVar[Forms] = {
        ("messages",): Form(_from_messages, _to_messages, _described(system="system")),
        ("prompt", "completion"): Form(
            lambda record: {"conversations": [_turn(USER, record["prompt"]), _turn(ASSISTANT, record["completion"])]},
            lambda line: {
                "prompt": line["conversations"][0]["value"],
                "completion": line["conversations"][1]["value"],
            },
            _described(),
        ),
        # the input stands there twice
        ("instruction", "input", "output"): Form(_from_instruction, _to_instruction, _described(), growth=2.1),
        ("prompt", "chosen", "rejected"): Form(
            lambda record: {
                "conversations": [_turn(USER, record["prompt"])],
                "chosen": _turn(ASSISTANT, record["chosen"]),
                "rejected": _turn(ASSISTANT, record["rejected"]),
            },
            lambda line: {
                "prompt": line["conversations"][0]["value"],
                "chosen": line["chosen"]["value"],
                "rejected": line["rejected"]["value"],
            },
            {**_described(chosen="chosen", rejected="rejected"), "ranking": True},
        ),
    }
