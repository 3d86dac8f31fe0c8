"""An HTML page as a test reads it: its elements, with a complaint about every one that is not closed where it should be."""

from html.parser import HTMLParser
from typing import NamedTuple


class Element(NamedTuple):
    """An element with the texts in it, those of inner elements included."""

    tag: str
    attributes: dict[str, str | None]
    texts: list[str]

    @property
    def text(self) -> str:
        """The texts in a row, with single spaces."""
        return " ".join("".join(self.texts).split())

    @property
    def classes(self) -> list[str]:
        """The classes that it is of."""
        return (self.attributes.get("class") or "").split()


class Page(HTMLParser):
    """The elements of a page in their order. `faults` names what a strict reader would stumble over."""

    VOID = frozenset({"meta", "br", "hr", "img", "input", "link"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.faults: list[str] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()
        self.faults += [f"{element.tag} is never closed" for element in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs), [])
        if len(element.attributes) != len(attrs):
            self.faults.append(f"{tag} has an attribute twice")
        self.elements.append(element)
        if tag not in self.VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs), []))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1].tag != tag:
            self.faults.append(f"{tag} is closed and is not the last that was opened")
        else:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.texts.append(data)

    def all(self, tag: str, of_class: str = "") -> list[Element]:
        """All elements with a tag, and a class when one is named."""
        return [each for each in self.elements if each.tag == tag and (not of_class or of_class in each.classes)]

    def one(self, tag: str, of_class: str = "") -> Element:
        """The one element with a tag and a class; the only one of its kind."""
        (found,) = self.all(tag, of_class)
        return found

    def rows(self, caption: str) -> list[list[str]]:
        """The cells of the table whose caption begins like this, its header first."""
        rows: list[list[str]] = []
        is_wanted = False
        for element in self.elements:
            if element.tag == "caption":
                is_wanted = element.text.startswith(caption)
            elif is_wanted and element.tag == "tr":
                rows.append([])
            elif is_wanted and element.tag in ("th", "td"):
                rows[-1].append(element.text)
        return rows
