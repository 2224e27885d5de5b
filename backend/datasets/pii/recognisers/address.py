"""Postal addresses: street and number, postcode and place, or both."""

import re
from collections.abc import Iterator

from backend.datasets.pii.base import BaseRecogniser, Finding
from backend.datasets.pii.edges import MARKS, SIGN
from backend.datasets.pii.kinds import Kind
from backend.datasets.pii.names.cities import CITIES
from backend.datasets.pii.triggers import ENDING, Trigger

ADDRESS = Kind("address", "Anschrift")

_NUMBER = (
    rf"\s?[1-9][0-9]{{0,3}}(?:\s?[a-hA-H](?!{SIGN}|[.)]))?(?:\s?[-–/]\s?[0-9]{{1,3}}(?:\s?[a-h](?!{SIGN}))?)?"
    rf"(?!{SIGN}|[.,][0-9])"
)
_TOWN = (
    r"(?:St\.\s|Bad\s)?[A-ZÄÖÜ][a-zäöüß]+(?:[ \-](?:[a-z]{2,3} )?[A-ZÄÖÜ][a-zäöüß]+){0,2}"
    r"(?:\s(?:am|an\sder|im|ob\sder|vor\sder)\s[A-ZÄÖÜ][a-zäöüß]+| ?\([A-ZÄÖÜ][a-z]+\.?\)|\s[a-z]\.\s?[A-ZÄÖÜ]\.)?"
)
_POSTCODE_AND_TOWN = rf"(?:D[- ])?(?:0[1-9]|[1-9][0-9])[0-9]{{3}}\s{_TOWN}"
_ENDS = (
    r"(?:stra(?:ß|ss)en?|str\.|weg|allee|platz|gasse|ring|damm|ufer|chaussee|steig|stieg|pfad|promenade|markt"
    r"|wall|graben|twiete|zeile|siedlung)"
)
# what a street's name ends in stands before its number, and is looked for first
_STREET_END = re.compile(
    rf"(?:{_ENDS}|(?:Stra(?:ß|ss)e|Str\.|Weg|Allee|Platz|Gasse|Ring|Damm|Ufer|Chaussee|Promenade|Wall))"
    rf"(?P<number>{_NUMBER})(?:(?:,\s{{0,8}}|\s{{1,8}})(?P<town>{_POSTCODE_AND_TOWN}))?"
)
# named after a day, or after what streets are named after; other words need a place behind the number
_STREET_OF = re.compile(
    r"(?:Stra(?:ß|ss)e|Str\.|Platz|Allee|Weg|Ufer) (?:des|der) "
    r"(?:(?P<known>[1-9][0-9]?\. (?:Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember)"
    r"|(?:Deutschen )?Einheit|(?:Weimarer )?Republik|(?:Vereinten )?Nationen|Pariser Kommune|Freiheit|Freundschaft"
    r"|Jugend|Befreiung|Solidarität|Demokratie|Menschenrechte|Luftbrücke|Göttinger Sieben|Opfer des Faschismus)"
    rf"|[A-ZÄÖÜ][\w\-]+(?: [A-ZÄÖÜ][\w\-]+)?){_NUMBER}(?:(?:,\s{{0,8}}|\s{{1,8}})(?P<town>{_POSTCODE_AND_TOWN}))?"
)
_STREET_BEGIN = re.compile(
    r"(?:(?:Am|An der|An den|Zum|Zur|Alte[rn]?|Neue[rn]?|Große|Kleine|Unter den|St\.|Sankt|Dr\.|"
    r"(?:[A-ZÄÖÜ][a-zäöüß]+er)|[A-ZÄÖÜ][a-zäöüß]+)[ \-]){0,2}"
    r"(?:[A-ZÄÖÜ][\wäöüß]*-){0,4}(?:[A-ZÄÖÜ][a-zäöüß]*)?$"
)
_ROADS = re.compile(
    r"(?:Bundes|Land|Landes|Kreis|Staats|Wasser|Durchgangs|Haupt|Gemeinde|Schnell|Kraftfahr|Welt"
    r"|Eisenbahn|Schienen|Rechts|Lebens|Beschwerde|Rechtsmittel|Instanzen|Dienst|Arbeits|Ausbildungs|Bildungs"
    r"|Schul|Verwaltungs|Verfahrens|Steuer)[a-z]*$"
)
# roads by their kind, which are also the names of streets: with a house number, in the singular, they are
_NAMES = re.compile(rf"(?<!{SIGN})(?:Haupt|Schul|Land|Wasser|Eisenbahn|Gemeinde)$")
_ONE_STREET = re.compile(r"stra(?:ß|ss)e|str\.|gasse")
_PREPOSITION_STREET = re.compile(
    rf"(?<!{SIGN})(?:Am|An der|An den|Auf der|Auf dem|Im|In der|In den|Unter den|Zum|Zur|Beim|Hinter der|Vor dem)"
    rf"(?:\s[A-ZÄÖÜ][\wäöüß\-]+){{1,2}}{_NUMBER}(?P<town>[,\s]{{1,3}}{_POSTCODE_AND_TOWN})"
)
_TOWN_ALONE = re.compile(
    rf"(?:(?<=[,;|\n])[ \t]*[{MARKS}]{{0,3}}|^[{MARKS}]{{0,3}}|(?<=\bin )|(?<=wohnhaft ))"
    rf"(?P<town>{_POSTCODE_AND_TOWN})(?=\s*(?:[,;.|)\n{MARKS}]|$))"
)
_UNITS = re.compile(
    r"(?:Euro|Mark|Meter|Kilometer|Tonnen|Einwohner|Liter|Stück|Jahre|Stunden|Kilogramm|Personen|Deutsche|Volt|Watt)\b"
)

# the last four letters of a street's name are enough to go on, and the number behind them is rarer than they are
_NUMBER_OF_A_HOUSE = re.compile(
    r"[1-9](?:(?<=(?:raße|asse|[Ss]tr\.|[Rr]ing|[Dd]amm|[Uu]fer|[Ww]all|llee|latz|ssee|teig|tieg|pfad|nade|arkt"
    r"|aben|iete"
    r"|eile|lung|.weg|\sWeg)\s.)|(?<=aße.)|(?<=[Ss]tr\..))"
)
_GENERIC = ("Straße", "Strasse", "Str", "Gasse", "Ring", "Damm", "Ufer", "Wall", "Allee", "Platz", "Weg", "Markt")
_COMPOUNDS = "straße strasse gasse ring damm ufer wall allee platz weg promenade str steig stieg pfad markt graben"
_COMPOUNDS += " twiete zeile siedlung chaussee"
_LETTERS = "abcdefghijklmnopqrstuvwxyzäöüß"
_ENDINGS = frozenset(
    (
        *(word[-ENDING:] for word in _GENERIC),
        *((one + two + end)[-ENDING:] for end in _COMPOUNDS.split() for one in _LETTERS for two in _LETTERS),
    )
)
_POSTCODE = re.compile(rf"[0-9](?<!{SIGN}.)(?<![.,/\-].)[0-9]{{4}}\s[A-ZÄÖÜ]")
_LONGEST_END = 14
_LONGEST_TOWN = 90


class AddressRecogniser(BaseRecogniser):
    """A street needs its number; a postcode needs its place and stands where a line or a part of a sentence begins."""

    name = "address"
    kind = ADDRESS
    trigger = Trigger(is_number=True, endings=_ENDINGS, pattern=_POSTCODE)

    def find(self, text: str) -> Iterator[Finding]:
        """Streets by their ends, streets that begin with a preposition, places by their postcode."""
        for found in _STREET_OF.finditer(text):
            if found["known"] or found["town"]:
                yield self.finding(found.start(), found.end(), 0.95 if found["town"] else 0.75)
        for place in _NUMBER_OF_A_HOUSE.finditer(text):
            yield from self._street(text, place.start())
        if _POSTCODE.search(text):
            yield from self._by_postcode(text)

    def _street(self, text: str, place: int) -> Iterator[Finding]:
        found = _STREET_END.search(text, max(0, place - _LONGEST_END), place + _LONGEST_TOWN)
        if found is None:
            return
        begin = _STREET_BEGIN.search(text, max(0, found.start() - 60), found.start())
        start = begin.start() if begin else found.start()
        is_named = start < found.start() or found["town"]
        if is_named and text[start : start + 1].isupper() and not _is_road(text[start : found.start()], found):
            yield self.finding(start, found.end(), 0.95 if found["town"] else 0.75)

    def _by_postcode(self, text: str) -> Iterator[Finding]:
        for found in _PREPOSITION_STREET.finditer(text):
            yield self.finding(found.start(), found.end(), 0.9)
        for found in _TOWN_ALONE.finditer(text):
            if _is_place(found["town"]):
                is_listed = found["town"].split()[1] in CITIES
                yield self.finding(found.start("town"), found.end("town"), 0.75 if is_listed else 0.6)


def _is_road(begin: str, street: re.Match[str]) -> bool:
    """Whether the number is that of a road ("Bundesstraße 5") or way, and not of a house."""
    if _ROADS.search(begin) is None or (street["town"] and _is_place(street["town"])):
        return False
    end = street.string[street.start() : street.start("number")]
    return _NAMES.search(begin) is None or _ONE_STREET.fullmatch(end) is None


def _is_place(postcode_and_town: str) -> bool:
    """Whether no quantity ("12345 Tonnen")."""
    return _UNITS.match(postcode_and_town.split(maxsplit=1)[-1]) is None
