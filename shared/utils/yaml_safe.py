"""YAML as people write it: numbers in exponent form are numbers, aliases cannot explode, no object is ever built."""

import re
from typing import Any

import yaml

# YAML 1.1 wants a dot and a sign in "2.0e-4"; people (and YAML 1.2) write 2e-4.
_FLOAT = re.compile(
    r"""^(?:[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+]?[0-9]+)?
        |[-+]?(?:[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)
        |\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?
        |[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$""",
    re.VERBOSE,
)


class _Loader(yaml.SafeLoader):
    """SafeLoader without aliases (no exponential growth) and with YAML 1.2 floats."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # the stubs leave it without types
            raise yaml.constructor.ConstructorError(None, None, "aliases are not allowed", mark)
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:float"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789."))


class _StrictLoader(_Loader):
    """The same, refusing a mapping that gives a name twice: the last one would win, and nobody would know."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"'{key.value}' stands twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def load_yaml(text: str, *, names_once: bool = False) -> Any:
    """Plain values from YAML text.

    Args:
        text: One document.
        names_once: Whether to refuse a mapping that gives a name twice, as YAML itself does.

    Raises:
        yaml.YAMLError: If the text is not YAML, uses an alias or a tag that builds objects.
    """
    try:
        return yaml.load(text, Loader=_StrictLoader if names_once else _Loader)  # noqa: S506 - from SafeLoader
    except RecursionError as exc:
        raise yaml.YAMLError("it is nested too deeply") from exc
    except ValueError as exc:
        # its constructors let errors of int() and of dates through, e.g. for 2024-13-45
        raise yaml.YAMLError(f"a value is none of its kind: {exc}") from exc


def yaml_reason(error: yaml.YAMLError) -> str:
    """What is wrong, on one line, with its place."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return " ".join(str(error).split())
    problem = str(getattr(error, "problem", None) or getattr(error, "context", "") or "it cannot be read")
    hint = "; indent with blanks" if "'\\t'" in problem else ""
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}{hint}"
