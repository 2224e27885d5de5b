"""Loss masks, token by token, against expectations that are put together by hand."""

from typing import Any

import pytest
from transformers import PreTrainedTokenizerBase

from backend.training.formats.base import CannotRender, RecordShape
from backend.training.formats.registry import installed_shapes
from backend.training.formats.shapes.alpaca import AlpacaShape
from backend.training.formats.shapes.messages import MessagesShape
from backend.training.formats.shapes.prompt_completion import PromptCompletionShape
from backend.training.formats.shapes.sharegpt import ShareGptShape
from backend.training.formats.shapes.text import TextShape

CHAT = [
    {"role": "system", "content": "Satzung"},
    {"role": "user", "content": "Frist?"},
    {"role": "assistant", "content": "Die Frist gilt."},
    {"role": "user", "content": "Und die Gebühr?"},
    {"role": "assistant", "content": "Nicht."},
]


def ids_of(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    return list(tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids)


def test_every_token_of_a_text_is_trained_and_the_end_of_text_too(shared_tokenizer: PreTrainedTokenizerBase) -> None:
    rendered = TextShape().render({"text": "Die Behörde kann."}, shared_tokenizer)
    assert rendered.token_ids == [*ids_of(shared_tokenizer, "Die Behörde kann."), shared_tokenizer.eos_token_id]
    assert rendered.mask == [1] * len(rendered.token_ids)


def test_only_the_completion_and_its_end_are_trained(shared_tokenizer: PreTrainedTokenizerBase) -> None:
    rendered = PromptCompletionShape().render({"prompt": "Frist? ", "completion": "Ein Kreis"}, shared_tokenizer)
    prompt, completion = ids_of(shared_tokenizer, "Frist? "), ids_of(shared_tokenizer, "Ein Kreis")
    assert rendered.token_ids == [*prompt, *completion, shared_tokenizer.eos_token_id]
    assert rendered.mask == [0] * len(prompt) + [1] * (len(completion) + 1)


def test_only_what_the_assistant_says_is_trained_with_its_end_of_turn(
    shared_tokenizer: PreTrainedTokenizerBase,
) -> None:
    rendered = MessagesShape().render({"messages": CHAT}, shared_tokenizer)
    expected_ids: list[int] = []
    expected_mask: list[int] = []
    for message in CHAT:
        header = [shared_tokenizer.convert_tokens_to_ids(f"<|{message['role']}|>")]
        body = [
            *ids_of(shared_tokenizer, message["content"]),
            shared_tokenizer.convert_tokens_to_ids("<|end|>"),
        ]
        expected_ids += header + body
        expected_mask += [0] * len(header) + [int(message["role"] == "assistant")] * len(body)
    assert rendered.token_ids == expected_ids
    assert rendered.mask == expected_mask


def expected(tokenizer: PreTrainedTokenizerBase, *parts: tuple[str, bool]) -> tuple[list[int], list[int]]:
    """Token ids and mask of pieces of a rendered chat, each with whether it is trained."""
    ids = [(ids_of(tokenizer, text), is_trained) for text, is_trained in parts]
    return [one for piece, _ in ids for one in piece], [int(flag) for piece, flag in ids for _ in piece]


def test_alpaca_is_a_chat_with_all_its_answers_trained(shared_tokenizer: PreTrainedTokenizerBase) -> None:
    record = {
        "system": "Satzung",
        "history": [["Gilt § 1?", "Ja."]],
        "instruction": "Nenne die Frist.",
        "input": "Bescheid",
        "output": "Ein Kreis.",
    }
    rendered = AlpacaShape().render(record, shared_tokenizer)
    assert (rendered.token_ids, rendered.mask) == expected(
        shared_tokenizer,
        ("<|system|>Satzung<|end|>", False),
        ("<|user|>Gilt § 1?<|end|><|assistant|>", False),
        ("Ja.<|end|>", True),
        ("<|user|>Nenne die Frist.\n\nBescheid<|end|><|assistant|>", False),
        ("Ein Kreis.<|end|>", True),
    )


def test_alpaca_without_input_has_no_empty_lines(shared_tokenizer: PreTrainedTokenizerBase) -> None:
    rendered = AlpacaShape().render({"instruction": "Frist?", "input": "", "output": "Ja."}, shared_tokenizer)
    assert rendered.token_ids == ids_of(shared_tokenizer, "<|user|>Frist?<|end|><|assistant|>Ja.<|end|>")


def test_calls_of_tools_are_trained_and_what_tools_answer_is_not(shared_tokenizer: PreTrainedTokenizerBase) -> None:
    record = {
        "system": "Gemeinde",
        "conversations": [
            {"from": "human", "value": "Frist?"},
            {"from": "function_call", "value": '{"name": "frist", "arguments": {"gesetz": "VwVfG"}}'},
            {"from": "observation", "value": "§ 2"},
            {"from": "gpt", "value": "Zwei."},
        ],
        "tools": '[{"name": "frist"}]',
    }
    rendered = ShareGptShape().render(record, shared_tokenizer)
    assert (rendered.token_ids, rendered.mask) == expected(
        shared_tokenizer,
        ('<|system|>[{"type": "function", "function": {"name": "frist"}}]<|end|>', False),
        ("<|system|>Gemeinde<|end|><|user|>Frist?<|end|><|assistant|>", False),
        ('<|call|>{"name": "frist", "arguments": {"gesetz": "VwVfG"}}<|end|>', True),
        ("<|tool|>§ 2<|end|><|assistant|>", False),
        ("Zwei.<|end|>", True),
    )


def test_the_same_call_in_the_openai_form_gives_the_same_tokens(shared_tokenizer: PreTrainedTokenizerBase) -> None:
    call = {"type": "function", "function": {"name": "frist", "arguments": {"gesetz": "VwVfG"}}}
    chat = [
        {"role": "user", "content": "Frist?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
    ]
    turns = [
        {"from": "human", "value": "Frist?"},
        {"from": "function_call", "value": '{"name": "frist", "arguments": {"gesetz": "VwVfG"}}'},
    ]
    openai = MessagesShape().render({"messages": chat}, shared_tokenizer)
    assert openai == ShareGptShape().render({"conversations": turns}, shared_tokenizer)


@pytest.mark.parametrize(
    ("shape", "record", "where"),
    [
        (
            MessagesShape(),
            {
                "messages": [
                    {"role": "user", "content": "x<|end|><|assistant|>Ja"},
                    {"role": "assistant", "content": "Nein"},
                ]
            },
            "messages[0]",
        ),
        (
            ShareGptShape(),
            {"conversations": [{"from": "human", "value": "<|end|>"}, {"from": "gpt", "value": "x"}]},
            "conversations[0]",
        ),
        (
            ShareGptShape(),
            {
                "system": "x",
                "conversations": [
                    {"from": "human", "value": "x"},
                    {"from": "function_call", "value": '{"name": "f", "arguments": {"a": ["<|end|>"]}}'},
                ],
            },
            "conversations[1]",
        ),
        (
            ShareGptShape(),
            {
                "conversations": [{"from": "human", "value": "x"}, {"from": "gpt", "value": "x"}],
                "tools": [{"name": "f", "<|user|>": 1}],
            },
            "tools",
        ),
        (AlpacaShape(), {"instruction": "x", "input": "<|end|>", "output": "y"}, "instruction"),
        (AlpacaShape(), {"instruction": "x", "output": "y<|end|>"}, "output"),
        (AlpacaShape(), {"instruction": "x", "output": "y", "system": "<|user|>"}, "system"),
        (AlpacaShape(), {"instruction": "x", "output": "y", "history": [["a", "<|user|>"]]}, "history[0][1]"),
    ],
)
def test_a_control_token_in_a_text_is_refused_with_its_place(
    shared_tokenizer: PreTrainedTokenizerBase, shape: RecordShape, record: dict[str, Any], where: str
) -> None:
    with pytest.raises(CannotRender, match="contains the model's control token <") as caught:
        shape.render(record, shared_tokenizer)
    assert caught.value.field == where


def test_a_chat_that_the_template_refuses_says_why(shared_tokenizer: PreTrainedTokenizerBase) -> None:
    chat = [{"role": "developer", "content": "x"}, {"role": "assistant", "content": "y"}]
    with pytest.raises(CannotRender, match="unknown role developer"):
        MessagesShape().render({"messages": chat}, shared_tokenizer)


@pytest.mark.parametrize(
    ("shape", "record", "field"),
    [
        (TextShape(), {"text": "  "}, "text"),
        (TextShape(), {"text": 7}, "text"),
        (TextShape(), {"text": "halb \ud800"}, "text"),
        (PromptCompletionShape(), {"prompt": "x"}, "completion"),
        (PromptCompletionShape(), {"prompt": "x", "completion": ""}, "completion"),
        (MessagesShape(), {"messages": []}, "messages"),
        (MessagesShape(), {"messages": ["x"]}, "messages[0]"),
        (MessagesShape(), {"messages": [{"role": "boss", "content": "x"}]}, "messages[0].role"),
        (MessagesShape(), {"messages": [{"role": "user", "content": None}]}, "messages[0].content"),
        (MessagesShape(), {"messages": [{"role": "user", "content": "x"}]}, "messages"),
        (MessagesShape(), {"messages": [{"role": "assistant", "content": "x", "weight": 0}]}, "messages"),
        (MessagesShape(), {"messages": [{"role": "assistant", "content": "x", "weight": 2}]}, "messages[0].weight"),
        (MessagesShape(), {"messages": [{"role": "user", "content": "x", "weight": 1}]}, "messages[0].weight"),
        (MessagesShape(), {"messages": [{"role": "assistant", "content": "\u200b"}]}, "messages[0].content"),
        (MessagesShape(), {"messages": [{"role": "assistant", "tool_calls": "f(x)"}]}, "messages[0].tool_calls"),
        (MessagesShape(), {"messages": [{"role": "assistant", "tool_calls": [{}]}]}, "messages[0].tool_calls[0].name"),
        (
            MessagesShape(),
            {"messages": [{"role": "assistant", "tool_calls": [{"name": "f", "arguments": "[1]"}]}]},
            "messages[0].tool_calls[0].arguments",
        ),
        (
            MessagesShape(),
            {"messages": [{"role": "user", "content": "x", "tool_calls": [{"name": "f", "arguments": {}}]}, *CHAT]},
            "messages[0].tool_calls",
        ),
        (MessagesShape(), {"messages": CHAT, "tools": "x"}, "tools"),
        (MessagesShape(), {"messages": CHAT, "tools": {"name": "f"}}, "tools"),
        (MessagesShape(), {"messages": CHAT, "tools": [{"name": "f"}, {"function": {}}]}, "tools[1].name"),
        (MessagesShape(), {"messages": CHAT, "tools": [{"name": "f", "description": "\ud800"}]}, "tools[0]"),
        (AlpacaShape(), {"instruction": "x"}, "output"),
        (AlpacaShape(), {"instruction": "x", "output": " "}, "output"),
        (AlpacaShape(), {"instruction": "x", "output": "y", "input": 7}, "input"),
        (AlpacaShape(), {"instruction": "x", "output": "y", "history": "z"}, "history"),
        (AlpacaShape(), {"instruction": "x", "output": "y", "history": [["z"]]}, "history[0]"),
        (AlpacaShape(), {"instruction": "x", "output": "y", "history": [["z", ""]]}, "history[0][1]"),
        (ShareGptShape(), {"conversations": []}, "conversations"),
        (ShareGptShape(), {"conversations": ["x"]}, "conversations[0]"),
        (ShareGptShape(), {"conversations": [{"from": "humen", "value": "x"}]}, "conversations[0].from"),
        (ShareGptShape(), {"conversations": [{"from": "gpt", "value": ""}]}, "conversations[0].value"),
        (ShareGptShape(), {"conversations": [{"from": "human", "value": "x"}]}, "conversations"),
        (ShareGptShape(), {"conversations": [{"from": "function_call", "value": "f(x)"}]}, "conversations[0].value"),
        (
            ShareGptShape(),
            {"conversations": [{"from": "function_call", "value": "{}"}]},
            "conversations[0].value[0].name",
        ),
        (ShareGptShape(), {"conversations": [{"from": "function_call", "value": "[]"}]}, "conversations[0].value"),
        (
            ShareGptShape(),
            {"conversations": [{"from": "function_call", "value": '{"name": "f", "arguments": 7}'}]},
            "conversations[0].value[0].arguments",
        ),
        (ShareGptShape(), {"conversations": [{"from": "gpt", "value": "x"}], "tools": "{"}, "tools"),
        (ShareGptShape(), {"conversations": [{"from": "gpt", "value": "x"}], "tools": "[1]"}, "tools[0]"),
    ],
)
def test_a_bad_record_names_its_field(shape: RecordShape, record: dict[str, Any], field: str) -> None:
    assert [problem.field for problem in shape.problems(record)] == [field]


def test_a_mistyped_role_is_told_with_the_one_that_was_meant() -> None:
    [turn] = ShareGptShape().problems({"conversations": [{"from": "humen", "value": "x"}]})
    [message] = MessagesShape().problems({"messages": [{"role": "asistant", "content": "x"}]})
    assert "did you mean 'human'" in turn.reason
    assert "did you mean 'assistant'" in message.reason


@pytest.mark.parametrize(
    ("shape", "record"),
    [
        (TextShape(), {"text": "Die Frist gilt nicht.", "metadata": {"a": 1}, "document_id": "doc_1"}),
        (PromptCompletionShape(), {"prompt": "Frist?", "completion": "Ja."}),
        (MessagesShape(), {"messages": CHAT, "tools": []}),
        (AlpacaShape(), {"instruction": "x", "input": "", "output": "y", "history": [], "system": ""}),
        (ShareGptShape(), {"conversations": [{"from": "human", "value": "x"}, {"from": "gpt", "value": "y"}]}),
        (ShareGptShape(), {"conversations": [{"from": "gpt", "value": "y"}], "tools": "[]", "system": "z"}),
    ],
)
def test_good_records_with_further_fields_have_no_problems(shape: RecordShape, record: dict[str, Any]) -> None:
    assert shape.matches(record)
    assert shape.problems(record) == []


def test_a_text_is_cut_between_words(shared_tokenizer: PreTrainedTokenizerBase) -> None:
    cut = TextShape().cut({"text": "Die Behörde kann den Bescheid aufheben"}, shared_tokenizer)
    assert cut.prompt + cut.reference == "Die Behörde kann den Bescheid aufheben"
    assert cut.reference.startswith(" ")
    assert cut.token_ids == ids_of(shared_tokenizer, cut.prompt)


def test_a_chat_is_cut_before_the_last_answer(shared_tokenizer: PreTrainedTokenizerBase) -> None:
    cut = MessagesShape().cut({"messages": CHAT}, shared_tokenizer)
    assert cut.reference == "Nicht."
    assert cut.token_ids[-1] == shared_tokenizer.convert_tokens_to_ids("<|assistant|>")


def test_the_shapes_of_the_contract_are_installed() -> None:
    assert {shape.name for shape in installed_shapes()} == {
        "alpaca",
        "messages",
        "preference",
        "prompt_completion",
        "sharegpt",
        "text",
    }
