"""Nouns that stand behind titles, roles and prepositions, where a name might: "dem Zeugen Gelegenheit geben"."""

import re

_WORDS = """
Buchstabe Richtern Richters Richterinnen Abfindung Abgabe Absatz Abs Abschnitt Abschrift Akten Akteneinsicht
Aktenzeichen Aktien Alter Alternative Amt Anfang Angaben Angebot Angehörige Anhang Anhörung Anlage Anlagen Anspruch
Ansprüche Anteil Anteile Antrag Anträge Antwort Anwendung Anzeige Arbeit Arbeitgeber Arbeitnehmer Arbeitnehmerinnen
Arbeitslosengeld Art Artikel Arzt Asyl Aufgaben Auflage Auflagen Auftrag Aufwand Aufwendungen Auskunft Auskünfte
Ausbilder Ausland Aussage Aussagen Ausweis Auszug Bank Beamte Beamten Beamter Bedarf Bedenken Beginn Begriff Beihilfe
Beitrag Beiträge Beklagte Beklagten Beklagter Belege Bericht Beruf Berufung Bescheid Beschluss Beschwerde Besitz
Besoldung Bestand Beteiligte Beteiligten Betrag Beträge Betreuer Betrieb Betrug Beweis Beweise Bezug Bezüge Blatt
Brief Bund Bundesanzeiger Bundesland Bundestag Bundesrat Bürger Bürgermeister Bürgerinnen Bürgschaft Chef Daten Datum
Diebstahl Dienst Dienste Dienstleistung Direktor Dokumente Drittel Dritte Dritten Dritter Druck Durchführung Ehe
Ehegatte Ehegatten Eid Eigentum Eigentümer Einblick Eingang Einheit Einkommen Einkünfte Einlass Einsatz Einsicht
Einspruch Einwände Einzelfall Eltern Elternzeit Ende Entgelt Entscheidung Erbe Erben Erfolg Ergebnis Erlaubnis
Ermessen Ersatz Erwerb Euro Fahrt Fall Familie Fälle Fehler Finanzamt Firma Folge Folgen Form Frage Fragen Frau Frauen
Frist Fristen Gebiet Gebrauch Gebühr Gebühren Gefahr Gegenstand Gehalt Gehör Geld Gelder Gelegenheit Gericht Geschäft
Geschäfte Gesetz Gewalt Gewerbe Gewicht Gewinn Glauben Gläubiger Grund Gründe Grundlage Grundstück Grundstücke Gruppe
Gutachten Güter Haft Halbsatz Handel Hauptsache Haus Haushalt Heft Heilung Herr Herren Herrn Hilfe Hinweis Hinweise
Höhe Information Informationen Inhalt Inhaber Inland Interesse Interessen Jahr Jahre Jahren Jahres Jahrgang Kapital
Kapitel Kassen Kauf Kenntnis Kind Kinder Kindergeld Kläger Klägerin Klage Klasse Klassen Konto Kontakt Körper Kosten
Kraft Krankengeld Kredit Kreis Kunde Kunden Land Länder Lage Lasten Leben Lehrer Leiter Leistung Leistungen Lohn Löhne
Mandanten Mann Männer Markt Maß Maßnahme Maßnahmen Material Meister Meldung Menschen Merkmale Miete Mieter
Minderjährige Minister Ministerin Mitglied Mitglieder Mittel Mitteilung Möglichkeit Monat Monate Monaten Mutter Muster
Nachteil Nachteile Nachweis Nachweise Name Namen Notar Nummer Nummern Nr Nutzen Opfer Ordnung Ort Partei Parteien
Patient Patienten Person Personal Personen Pflicht Pflichten Plan Platz Polizei Post Präsident Präsidentin Preis
Preise Privatperson Prozent Prozess Punkt Punkte Quartal Quelle Raum Räume Rahmen Recht Rechte Rechten Rechtsanwalt
Rechtsanwälte Rechtsbeistand Rechtsmittel Rechtsschutz Rechtsstreit Regel Regeln Regelung Rente Renten Revision
Richter Richterin Rücksicht Ruhe Sache Sachen Saat Satz Sätze Schaden Schäden Schadensersatz Schadenersatz Schein
Schreiben Schritt Schuld Schulden Schuldner Schule Schüler Schülerinnen Schutz Seite Seiten Selbst Senat Senator
Sicherheit Sicherheiten Sinn Sinne Sitz Soldat Soldaten Sohn Sorge Spalte Sprache Staat Staaten Stadt Stand Stelle
Stellen Steuer Steuerberater Steuern Strafe Straftaten Strafantrag Streit Studierende Stunde Stunden Stimmen Tabelle
Tag Tage Tagen Tat Taten Tatbestand Teil Teile Tenor Termin Termine Text Tiere Titel Tochter Tod Treu Übrigen Umfang
Umsatz Unfall Unrecht Unterhalt Unterlagen Unternehmen Unterschrift Unterstützung Untreue Urkunde Urkunden Urlaub
Ursache Urteil Vater Verbraucher Verein Vereine Verfahren Verfügung Vergütung Verlust Verluste Vermögen Vermieter
Vertrag Verträge Vertrauen Vertreter Vertreterin Verzicht Vollmacht Vorgaben Vorname Vorrang Vorsatz Vorschuss
Vorschüsse Vorteil Vorteile Vorsitz Vorsitzende Vorsitzender Vorstand Waffen Wahl Waren Weg Weise Werk Werke Wert
Werte Widerspruch Wirkung Witwe Witwen Woche Wochen Wohngeld Wohnung Zahl Zahlen Zahlungen Zeit Zeiten Zeuge Zeugen
Zeugnis Ziel Ziele Ziffer Zimmer Zins Zinsen Zoll Zugang Zukunft Zulage Zulagen Zusage Zustand Zutritt Zuschuss
Zuschüsse Zweck Zwecke Zweifel Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonnabend Sonntag Januar Februar
März April Mai Juni Juli August September Oktober November Dezember Der Die Das Den Dem Des Ein Eine Einer In Im Am An
Auf Aus Bei Mit Nach Von Vom Zu Zum Zur Und Oder Ist Sind Hat Wird Er Sie Es Wir Ich Ihr Ihre Ihren Ihnen Sein Seine
Diese Dieser Dieses Wenn Als Auch Nicht Kein Keine Für Gegen Über Unter Vor Durch Ohne Um Seit Bis Sehr Geehrte
Geehrter Guten Liebe Lieber Nachdem Soweit Sofern Insoweit Jedoch Dies Dabei Daher Damit Dazu Gesellschaft Verlag Anm
Bgl Vgl Siehe Bundesstraße Uhr Deutschland Österreich Schweiz Frankreich Italien Türkei Prof Dr Beteiligter
Verschulden Drogen Verstöße Apotheker Ärzte Versicherte Versicherter Beschäftigte Beschäftigten Bayern Hessen Sachsen
Thüringen Saarland Niedersachsen Europa
"""
_COMMON = frozenset(_WORDS.split())
_ENDING = re.compile(
    r"(?:ung|ungen|ungs|heit|heiten|keit|keiten|schaft|schaften|tion|tionen|tät|täten|tum|nis|nisse|ment|mente"
    r"|ismus|enz"
    r"|geld|gelder|gesetz(?:es|e|buch)?|ordnung|recht[es]?|rechte|gericht[es]?s?|amt[es]?s?|ämter|behörde"
    r"|behörden|stelle"
    r"|stellen|anwalt|anwälte|verfahren|anspruch|ansprüche|antrag|anträge|klage|klagen|pflicht|pflichten|frist"
    r"|fristen|zeit"
    r"|zeiten|sache|sachen|vertrag|verträge|urteil|beschluss|kosten|gebühr|gebühren|steuer|steuern|schein|zeugnis"
    r"|urkunde"
    r"|akte|akten|daten|punkt|punkte|teil|teile|satz|sätze|wert|werte|fall|fälle|grund|gründe|schutz|hilfe|plan"
    r"|pläne|wesen"
    r"|mittel|träger|inhaber|nehmer|geber|leiter|führer|berater|vertreter|ingenieur|technik|techniker|arbeit"
    r"|arbeiten|kraft"
    r"|kräfte|innen|trägern|stücke|stücken|isten|ling|linge|straße|platz|ministerium|instituts?|münzen?|stiftung"
    r"|verlag|preis|präsident"
    r"|präsidenten|minister|sekretär|direktor)$"
)


def is_common(word: str) -> bool:
    """Whether a word with a capital is likely to be a noun, not a name."""
    return word in _COMMON or _ENDING.search(word.lower()) is not None
