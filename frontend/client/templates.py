"""Templates: look at them and try them; one method per route of the dataset service."""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from frontend.client.template_answers import Template, TemplatePage, TriedTemplates
from frontend.client.transport import Transport

_TEMPLATES = "/api/datasets/templates"


class TemplatesClient:
    """Routes below `/api/datasets/templates`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def page(self, *, limit: int = 50, after: str | None = None) -> TemplatePage:
        """One page, by name."""
        return self._transport.get(_TEMPLATES, TemplatePage, params={"limit": limit, "after": after})

    def iterate(self, *, page_size: int = 100) -> Iterator[Template]:
        """Every template by name, fetched page by page."""
        after: str | None = None
        while True:
            page = self.page(limit=page_size, after=after)
            yield from page.templates
            after = page.next_after
            if after is None:
                return

    def get(self, name: str) -> Template:
        """One template.

        Raises:
            ServiceNotFound: If there is none of this name.
        """
        return self._transport.get(f"{_TEMPLATES}/{quote(name, safe='')}", Template)

    def try_on(
        self,
        *,
        section_id: str | None = None,
        document_id: str | None = None,
        templates: Sequence[str] = (),
        limit: int = 20,
        **further: Any,
    ) -> TriedTemplates:
        """Records that templates make of a section or of a document, without storing anything.

        Args:
            section_id: Either this one,
            document_id: or all sections of this one.
            templates: Names or kinds; none: all there are.
            limit: Most records.
            further: More members of the request (record_format, max_tokens …).
        """
        body = {"section_id": section_id, "document_id": document_id, "templates": list(templates), "limit": limit}
        given = {name: value for name, value in {**body, **further}.items() if value is not None}
        return self._transport.call("POST", f"{_TEMPLATES}/try", TriedTemplates, body=given, is_repeatable=True)
