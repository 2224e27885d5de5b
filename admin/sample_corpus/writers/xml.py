"""A small XML schema of our own: title, section, heading and p."""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from admin.sample_corpus.document import Document, Section, numbered


def render_xml(document: Document) -> str:
    """A ``document`` element with one ``section`` per "§"; list items are further ``p``."""
    root = Element("document", {"slug": document.slug, "date": document.enacted.isoformat()})
    SubElement(root, "title").text = f"{document.title} ({document.abbreviation})"
    SubElement(root, "p").text = document.preamble
    for section in document.sections:
        _append(root, section)
    indent(root)
    declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return declaration + tostring(root, encoding="unicode") + "\n"


def _append(root: Element, section: Section) -> None:
    element = SubElement(root, "section", {"number": str(section.number)})
    SubElement(element, "heading").text = section.label
    for text, items in numbered(section.paragraphs):
        SubElement(element, "p").text = text
        for number, item in enumerate(items, start=1):
            SubElement(element, "p").text = f"{number}. {item}"
