"""People by the part they play in a case or an office: "der Zeuge Krause", "die Antragstellerin M. Lindner"."""

import re

from backend.datasets.pii.names.kinds import PERSON
from backend.datasets.pii.names.likeness import UNKNOWN
from backend.datasets.pii.names.reading import Name
from backend.datasets.pii.people import AnnouncedNames
from backend.datasets.pii.triggers import Trigger

# with the endings of both genders and all cases
_AGENTS = """
Kläger Nebenkläger Widerkläger Antragsteller Antragsgegner Beschwerdeführer Beschwerdegegner Revisionskläger
Berufungskläger Einsprechender Widersprechender Zeuge Ohrenzeuge Augenzeuge Schuldner Gläubiger Erblasser Mieter
Vermieter Käufer Verkäufer Bewohner Nachbar Eigentümer Halter Fahrer Inhaber Geschäftsführer Gesellschafter Prokurist
Betreuer Mandant Patient Gutachter Arbeitnehmer Arbeitgeber Mitarbeiter Sachbearbeiter Referatsleiter Abteilungsleiter
Amtsleiter Schulleiter Dezernatsleiter Betriebsleiter Filialleiter Sozialarbeiter Briefzusteller Polizist Lehrer
Schüler Student Soldat Bürgermeister Oberbürgermeister Minister Kandidat Bewerber Erzieher Trainer Torhüter
Chefjustitiar Nachfolger Vorgänger Bruder Schwager Onkel Arzt Hausarzt Internist Täter Mittäter Gehilfe Kollege Neffe
Enkel Hausmeister Pfleger Vormund Erfinder Autor Verfasser Kommissar Kriminalhauptkommissar Polizeikommissar
Polizeihauptmeister Reichspräsident Bundespräsident Bundeskanzler Präsident General Brigadegeneral Oberst
Oberstleutnant Major Hauptmann Oberleutnant Leutnant Feldwebel Oberfeldwebel Stabsfeldwebel Hauptfeldwebel
Oberfeldarzt Oberstabsarzt Stabsarzt Gefreiter Obergefreiter
"""
_OTHERS = """
Beklagte Beigeladene Angeklagte Mitangeklagte Angeschuldigte Beschuldigte Verurteilte Geschädigte Betroffene
Sachverständige Verstorbene Versicherte Beteiligte Vorstandsvorsitzende Angestellte Beamte Polizeibeamte
Pflegebedürftige Bevollmächtigte Schwester Mutter Vater Tochter Sohn Ehefrau Ehemann Ehemannes Ehegatte Lebensgefährte
Lebensgefährtin Oma Opa Tante Kind Kindes Kindern Kinder Eltern Großmutter Großvater Witwe Witwer Vorstandsmitglied
Vorstandsmitglieds Gemeinderatsmitglied Zeugin Zeuginnen Ärztin Ärzte Patientin Kollegin Bürgermeisterin Werbefigur
"""
_FORMS = frozenset(
    form
    for word in (*_AGENTS.split(), *_OTHERS.split())
    for form in (
        word,
        *(word + ending for ending in ("s", "es", "n", "en", "r", "in", "innen")),
        word.removesuffix("e") + "in",
    )
)
# behind these, a noun is rare
_SINGLE = (
    "Zeug",
    "Angeklagt",
    "Mitangeklagt",
    "Geschädigt",
    "Beschuldigt",
    "Nebenkläger",
    "Sachverständig",
    "Verurteilt",
)


class PersonByRole(AnnouncedNames):
    """Names behind a role; nouns often stand there too, so a word that no list and no ending speaks for is doubtful."""

    name = "person_by_role"
    kind = PERSON
    trigger = Trigger(words=_FORMS)
    # any noun before a capital; which ones announce is looked up, since a pattern of all of them is slow
    announcement = re.compile(
        r"(?P<role>[A-ZÄÖÜ](?<!\w.)[a-zäöüß]+)(?:\szu\s\d+\.?)?(?P<joint>,\s|\s\(\s?|\s)(?=[A-ZÄÖÜ])(?!Dr\.|Prof)"
    )

    def announces(self, found: re.Match[str]) -> bool:
        """Whether the noun is a role."""
        return found["role"] in _FORMS

    def confidence(self, name: Name, announced: re.Match[str]) -> float | None:
        """Behind a comma stands the next item of a list as often, so one word is not enough there."""
        if announced["joint"].startswith(",") and not (name.words > 1 or name.is_anonymous):
            return None
        if name.likeness == UNKNOWN and not (name.has_degree or announced["role"].startswith(_SINGLE)):
            return None
        return super().confidence(name, announced)
