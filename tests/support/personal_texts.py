"""German sentences with personal data of every kind that can be drawn, for tests of what is done with them."""

from datetime import date

from hypothesis import strategies as st

from tests.support import identifiers
from tests.support.identifiers import written

_names = st.sampled_from(("Krause", "Lindner", "Schmidt-Rabe", "Yıldız", "von der Heide", "Wrzesniewska", "Müller"))
_first = st.sampled_from(("Sabine", "Karl-Heinz", "Mehmet", "Anna"))
_days = st.dates(date(1930, 1, 1), date(2012, 1, 1))
_towns = st.sampled_from(("Leipzig", "Köln", "Offenburg"))

SENTENCES = st.one_of(
    st.builds("Herr {} und Frau Dr. {} erschienen nicht.".format, _names, _names),
    st.builds("Die Zeugin {} {} hat ausgesagt.".format, _first, _names),
    st.builds("Der Angeklagte {}. fuhr weiter.".format, st.sampled_from("KLMT")),
    st.builds("Name: {} {}\n".format, _first, _names),
    st.builds("Die Richter {}, Dr. {} und {} haben beschlossen.".format, _names, _names, _names),
    st.builds("Rechtsanwältin {} vertritt sie.".format, _names),
    st.builds("Er wurde am {:%d.%m.%Y} geboren, geb. {:%d.%m.%Y}.".format, _days, _days),
    st.builds("Sie wohnt Lange Straße {}, 04109 {}.".format, st.integers(1, 99), _towns),
    st.builds("Er zog nach {}.".format, _towns),
    st.builds("Tel.: 0351/{}, Mobil 0171 {}".format, st.integers(10000, 999999), st.integers(1000000, 9999999)),
    st.builds("Schreiben Sie an {}@stadt-leipzig.de.".format, st.sampled_from(("info", "a.krause"))),
    st.builds("Der Pkw mit dem Kennzeichen L-AB {} stand dort.".format, st.integers(1, 9999)),
    st.builds("Konto-Nr. {} bei der Sparkasse.".format, st.integers(10000, 999999999)),
    st.sampled_from(identifiers.ALL).flatmap(written).map("Die Nummer {} wurde angegeben.".format),
    st.builds("Personalausweis {}, Steuer-ID {}.".format, identifiers.IDENTITY_CARD.valid, identifiers.TAX_ID.valid),
    st.builds("Reisepass Nr. {}.".format, identifiers.PASSPORT.valid.map(lambda number: number[:9])),
    st.just("Nach § 35a Abs. 1 VwVfG ist der Antrag zulässig."),
)
TEXTS = st.lists(SENTENCES, min_size=1, max_size=6).map(" ".join)
