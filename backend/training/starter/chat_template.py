"""The chat template and special tokens of a starter model."""

END_OF_TEXT = "<|endoftext|>"
PADDING = "<|pad|>"
END_OF_TURN = "<|end|>"
ROLE_TOKENS = ("<|system|>", "<|user|>", "<|assistant|>", "<|tool|>")
CALL = "<|call|>"
SPECIAL_TOKENS = (END_OF_TEXT, PADDING, END_OF_TURN, *ROLE_TOKENS, CALL)

# The end-of-turn token lies inside the generation block: a model that is never trained on it never stops.
CHAT_TEMPLATE = (
    "{%- if tools -%}{{- '<|system|>' ~ (tools | tojson) ~ '<|end|>' -}}{%- endif -%}"
    "{%- for message in messages -%}"
    "{%- if message['role'] not in ['system', 'user', 'assistant', 'tool'] -%}"
    "{{ raise_exception('unknown role ' ~ message['role']) }}"
    "{%- endif -%}"
    "{{- '<|' ~ message['role'] ~ '|>' -}}"
    "{%- if message['role'] == 'assistant' -%}"
    "{%- generation -%}{{- message['content'] or '' -}}"
    "{%- for call in message['tool_calls'] or [] -%}"
    "{%- set function = call['function'] or call -%}"
    "{{- '<|call|>' ~ ({'name': function['name'], 'arguments': function['arguments']} | tojson) -}}"
    "{%- endfor -%}{{- '<|end|>' -}}{%- endgeneration -%}"
    "{%- else -%}"
    "{{- (message['content'] or '') ~ '<|end|>' -}}"
    "{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}"
)
