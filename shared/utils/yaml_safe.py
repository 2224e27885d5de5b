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
            raise yaml.constructor.ConstructorError(None, None, "aliases are not allowed", None)
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:float"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789."))


def load_yaml(text: str) -> Any:
    """Plain values from YAML text.

    Raises:
        yaml.YAMLError: If the text is not YAML, uses an alias or a tag that builds objects.
    """
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - derived from SafeLoader
