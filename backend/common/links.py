"""Say in `/openapi.json` which answer holds the id that another route asks for (OpenAPI's `links`).

They are found, not written: wherever an answer has a field of the name of a path parameter, there is a link from the
one to the other. Generators of clients and of tests follow them.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]


def add_links(document: Document) -> None:
    """Add the links of all operations to an OpenAPI document."""
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    for operation in operations:
        answer = operation.get("responses", {}).get("200", {})
        schema = answer.get("content", {}).get("application/json", {}).get("schema")
        places = dict(_places(schema, document)) if schema else {}
        links = {name: link for target in operations for name, link in _links(target, places)}
        if links:
            answer["links"] = links


def _links(target: Mapping[str, Any], places: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    wanted = [each["name"] for each in target.get("parameters", ()) if each["in"] == "path"]
    if wanted and all(name in places for name in wanted):
        expressions = {name: f"$response.body#{places[name]}" for name in wanted}
        yield target["operationId"], {"operationId": target["operationId"], "parameters": expressions}


def _places(schema: Mapping[str, Any], document: Document) -> Iterator[tuple[str, str]]:
    """Field names of an answer and of the first entry of its lists, each with its JSON pointer; nearer ones last."""
    fields = dict(_fields(schema, document))
    for name, field in fields.items():
        entry = field.get("items")
        if entry:
            yield from ((inner, f"/{name}/0/{inner}") for inner, _ in _fields(entry, document))
    yield from ((name, f"/{name}") for name, field in fields.items() if field.get("type") == "string")


def _fields(schema: Mapping[str, Any], document: Document) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    for choice in schema.get("anyOf", ()):
        yield from _fields(choice, document)
    yield from schema.get("properties", {}).items()
