"""Fictional municipalities: names that no gazetteer lists, and the words that go with them."""

from random import Random

PLACES = (
    "Erlenbrück", "Haselwörth", "Kaltenlohe", "Grünfelden", "Ahornsbruck", "Wiesenrath",
    "Lohrbergen", "Steinwerda", "Buchenlohn", "Mühlenfurt", "Altenquell", "Birkenholm",
    "Dornstetten am Forst", "Eschenwald", "Falkenrieth", "Ginsterhude", "Hohenlinth",
    "Kirschgarten", "Moorweiler", "Niederquendt", "Oberlauchau", "Pappelsund", "Quellhagen",
    "Rehbruchsal", "Sandlohe", "Tannenrode an der Wilm", "Ulmenstedt", "Weidenbruch",
    "Zirbenthal", "Heidesprung", "Krähenborn", "Lerchenmoos", "Schilfwerder", "Distelkamp",
    "Rübenau an der Lohe", "Nebelsitz", "Wacholderau", "Otternbach", "Fichtengrund", "Salzmoor",
)  # fmt: skip
DISTRICTS = (
    "Neudorf", "Oberwinkel", "Unterwinkel", "Am Anger", "Hasenmühle", "Lehmkuhle",
    "Sankt Veitsberg", "Vorwerk", "Kleinmoor", "Siedlung Ost", "Gartenstadt", "Brühl", "Ziegelei",
)  # fmt: skip
COUNTIES = ("Oberlohe", "Wilmtal", "Mittelforst", "Lauch-Quendt", "Hohe Heide", "Unterer Moorgrund")
STREETS = (
    "Marktplatz", "Rathausstraße", "Am Alten Spritzenhaus", "Kirchgasse", "Bahnhofstraße",
    "Mühlenweg", "Schulstraße", "An der Bleiche", "Amtshof", "Lindenallee",
)  # fmt: skip
TOWN = {
    "kommune": "Stadt",
    "rat": "Stadtrat",
    "verwaltung": "Stadtverwaltung",
    "gebiet": "Stadtgebiet",
    "kasse": "Stadtkasse",
}
VILLAGE = {
    "kommune": "Gemeinde",
    "rat": "Gemeinderat",
    "verwaltung": "Gemeindeverwaltung",
    "gebiet": "Gemeindegebiet",
    "kasse": "Gemeindekasse",
}
MAYORS = (
    {"bm": "die Bürgermeisterin", "Bm": "Die Bürgermeisterin", "bm_dat": "der Bürgermeisterin"},
    {"bm": "der Bürgermeister", "Bm": "Der Bürgermeister", "bm_dat": "dem Bürgermeister"},
)


def describe(place: str, rng: Random) -> dict[str, str]:
    """Invents the slot values that belong to one municipality in one document."""
    districts = rng.sample(DISTRICTS, k=3)
    return {
        "ort": place,
        "kreis": rng.choice(COUNTIES),
        "ortsteil": districts[0],
        "ortsteil2": districts[1],
        "ortsteil3": districts[2],
        "adresse": f"{rng.choice(STREETS)} {rng.randint(1, 48)}",
        "blatt": rng.choice(("Amtsblatt", "Mitteilungsblatt", "Bekanntmachungsblatt")),
        **rng.choice((TOWN, VILLAGE)),
        **rng.choice(MAYORS),
    }
