"""Published chat formats once more, in plain Python: a second opinion on what is written and what of it is trained.

Nothing here knows Jinja, templates or how the product makes masks. A chat becomes pieces of text, each trained or not;
a token is trained if one of its characters is, a control token if its first one is.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Piece = tuple[str, bool]
Messages = Sequence[Mapping[str, Any]]
Tools = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Family:
    """How one family writes chats.

    Args:
        write: Pieces of a chat; the beginning-of-text token excluded.
        prompt: What asks the assistant to speak.
        begins: Whether the text begins with <s>.
        alternates: Whether user and assistant must take turns.
        tools: Calls that a turn may hold at most; 0: the family has no form for tools.
        can_mix: Whether a turn may speak and call.
    """

    write: Callable[[Messages, Tools], list[Piece]]
    prompt: str
    begins: bool
    alternates: bool = False
    tools: int = 0
    can_mix: bool = False


def expected(
    family: str, tokenizer: "PreTrainedTokenizerBase", messages: Messages, tools: Tools = ()
) -> tuple[list[int], list[int]]:
    """Token ids and loss mask of a chat."""
    begin: list[Piece] = [("<s>", False)] if FAMILIES[family].begins else []
    return tokens_of(tokenizer, begin + FAMILIES[family].write(messages, tools))


def tokens_of(tokenizer: "PreTrainedTokenizerBase", pieces: Sequence[Piece]) -> tuple[list[int], list[int]]:
    """Token ids of the pieces written one after the other, and whether each is trained."""
    text = "".join(piece for piece, _ in pieces)
    trained = [flag for piece, flag in pieces for _ in piece]
    encoding = tokenizer.backend_tokenizer.encode(text, add_special_tokens=False)
    mask = []
    for token, (start, end) in zip(encoding.ids, encoding.offsets, strict=True):
        is_control = token in tokenizer.added_tokens_decoder
        mask.append(int(trained[start] if is_control else any(trained[start:end])))
    return list(encoding.ids), mask


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _call(call: Mapping[str, Any], arguments: str = "arguments", **more: object) -> dict[str, Any]:
    return {"name": call["function"]["name"], arguments: call["function"]["arguments"], **more}


def _said(message: Mapping[str, Any]) -> str:
    return message.get("content") or ""


def _chatml(messages: Messages, tools: Tools) -> list[Piece]:
    pieces: list[Piece] = []
    for message in messages:
        pieces += [(f"<|im_start|>{message['role']}\n", False)]
        pieces += [(f"{_said(message)}<|im_end|>", message["role"] == "assistant"), ("\n", False)]
    return pieces


def _tagged_calls(message: Mapping[str, Any]) -> str:
    calls = [f"<tool_call>\n{_json(_call(call))}\n</tool_call>" for call in message.get("tool_calls") or ()]
    return "\n".join(([_said(message)] if _said(message) else []) + calls)


def _qwen(messages: Messages, tools: Tools) -> list[Piece]:
    head = [_said(messages[0])] if messages[0]["role"] == "system" else []
    if tools:
        head = [text for text in head if text]
        listed = "".join(f"\n{_json(tool)}" for tool in tools)
        head.append(
            f"# Tools\n\nThese functions can be called; each is given as a JSON schema:\n<tools>{listed}\n</tools>\n\n"
            "A call is a JSON object with the name of the function and its arguments:\n"
            '<tool_call>\n{"name": <name>, "arguments": <object>}\n</tool_call>'
        )
    pieces: list[Piece] = [("<|im_start|>system\n" + "\n\n".join(head) + "<|im_end|>\n", False)] if head else []
    results: list[str] = []
    for message in [*messages, {"role": "end"}]:
        if message["role"] == "tool":
            results.append(f"<tool_response>\n{message['content']}\n</tool_response>")
            continue
        if results:
            pieces.append(("<|im_start|>user\n" + "\n".join(results) + "<|im_end|>\n", False))
            results = []
        if message["role"] == "user":
            pieces.append((f"<|im_start|>user\n{message['content']}<|im_end|>\n", False))
        elif message["role"] == "assistant":
            pieces += [("<|im_start|>assistant\n", False), (f"{_tagged_calls(message)}<|im_end|>", True), ("\n", False)]
    return pieces


def _hermes(messages: Messages, tools: Tools) -> list[Piece]:
    pieces: list[Piece] = []
    if tools:
        listed = "".join(f"\n{_json(tool)}" for tool in tools)
        told = (
            "<|im_start|>system\nYou can call functions. Their signatures stand inside <tools></tools>:\n"
            f"<tools>{listed}\n</tools>\nWrite each call as a JSON object inside <tool_call></tool_call>:\n"
            '<tool_call>\n{"name": <name>, "arguments": <object>}\n</tool_call><|im_end|>\n'
        )
        pieces.append((told, False))
    results = ""
    for message in [*messages, {"role": "end"}]:
        if message["role"] == "tool":
            results += f"<tool_response>\n{message['content']}\n</tool_response>\n"
            continue
        if results:
            pieces.append((f"<|im_start|>tool\n{results}<|im_end|>\n", False))
            results = ""
        if message["role"] in ("system", "user"):
            pieces.append((f"<|im_start|>{message['role']}\n{message['content']}<|im_end|>\n", False))
        elif message["role"] == "assistant":
            pieces += [("<|im_start|>assistant\n", False), (f"{_tagged_calls(message)}<|im_end|>", True), ("\n", False)]
    return pieces


def _llama3(messages: Messages, tools: Tools) -> list[Piece]:
    told = ""
    if tools:
        listed = "".join(f"\n{_json(tool)}" for tool in tools)
        told = (
            f"These functions can be called; each is given as a JSON schema:\n{listed}\n\n"
            'A call is nothing but a JSON object: {"name": <name>, "parameters": <object>}'
        )
    messages = messages if messages[0]["role"] == "system" or not told else [{"role": "system"}, *messages]
    roles = {"system": "system", "user": "user", "assistant": "assistant", "tool": "ipython"}
    pieces: list[Piece] = []
    for index, message in enumerate(messages):
        parts = [_said(message).strip()] + [
            _json(_call(call, "parameters")) for call in message.get("tool_calls") or ()
        ]
        parts += [told] if index == 0 else []
        body = "\n\n".join(part for part in parts if part)
        pieces.append((f"<|start_header_id|>{roles[message['role']]}<|end_header_id|>\n\n", False))
        pieces.append((f"{body}<|eot_id|>", message["role"] == "assistant"))
    return pieces


def _mistral(before: str, blank: str, after: str) -> Callable[[Messages, Tools], list[Piece]]:
    def write(messages: Messages, tools: Tools) -> list[Piece]:
        pieces: list[Piece] = []
        system, told = "", f"[AVAILABLE_TOOLS]{blank}{_json(list(tools))}[/AVAILABLE_TOOLS]" if tools else ""
        ids: list[str] = []
        answered = 0
        for message in messages:
            if message["role"] == "system":
                system = f"{message['content']}\n\n" if message["content"] else ""
            elif message["role"] == "user":
                pieces.append((f"{told}{before}[INST]{blank}{system}{message['content']}{after}[/INST]", False))
                system = told = ""
            elif message["role"] == "tool":
                call_id = message.get("tool_call_id") or ids[answered]
                answered += 1
                content = _json({"content": message["content"], "call_id": call_id})
                pieces.append((f"[TOOL_RESULTS]{blank}{content}[/TOOL_RESULTS]", False))
            elif message.get("tool_calls"):
                calls = []
                for call in message["tool_calls"]:
                    ids.append(call.get("id") or f"{len(ids) + 1:09d}")
                    calls.append(_call(call, id=ids[-1]))
                pieces.append((f"[TOOL_CALLS]{blank}{_json(calls)}</s>", True))
            else:
                pieces.append((f"{blank}{message['content']}</s>", True))
        return pieces

    return write


def _gemma(messages: Messages, tools: Tools) -> list[Piece]:
    pieces: list[Piece] = []
    system = ""
    for message in messages:
        content = _said(message).strip()
        if message["role"] == "system":
            system = f"{content}\n\n" if content else ""
        elif message["role"] == "user":
            pieces.append((f"<start_of_turn>user\n{system}{content}<end_of_turn>\n", False))
            system = ""
        else:
            pieces += [("<start_of_turn>model\n", False), (f"{content}<end_of_turn>", True), ("\n", False)]
    return pieces


def _named(end: str) -> Callable[[Messages, Tools], list[Piece]]:
    def write(messages: Messages, tools: Tools) -> list[Piece]:
        pieces: list[Piece] = []
        for message in messages:
            pieces += [(f"<|{message['role']}|>\n", False)]
            pieces += [(f"{_said(message)}{end}", message["role"] == "assistant"), ("\n", False)]
        return pieces

    return write


FAMILIES: Mapping[str, Family] = {
    "chatml": Family(_chatml, "<|im_start|>assistant\n", begins=True),
    "qwen": Family(_qwen, "<|im_start|>assistant\n", begins=False, tools=3, can_mix=True),
    "hermes": Family(_hermes, "<|im_start|>assistant\n", begins=True, tools=3, can_mix=True),
    "llama3": Family(_llama3, "<|start_header_id|>assistant<|end_header_id|>\n\n", begins=True, tools=1),
    "mistral_v1": Family(_mistral(" ", " ", " "), "", begins=True, alternates=True),
    "mistral_v3": Family(_mistral("", " ", ""), "", begins=True, alternates=True, tools=3),
    "mistral_tekken": Family(_mistral("", "", ""), "", begins=True, alternates=True, tools=3),
    "gemma": Family(_gemma, "<start_of_turn>model\n", begins=True, alternates=True),
    "phi3": Family(_named("<|end|>"), "<|assistant|>\n", begins=False),
    "zephyr": Family(_named("</s>"), "<|assistant|>\n", begins=False),
}
