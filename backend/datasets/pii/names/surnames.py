"""Surnames that are frequent in Germany, and endings that only surnames have.

Many are nouns as well ("Koch", "Richter"): a name in this list says that a word may be a name where something before it
asks for one, never that it is one.
"""

import re

_SURNAMES = """
Abel Ackermann Adam Adler Ahrens Albers Albert Albrecht Altmann Amann Anders Arendt Arndt Arnold Aslan Auer Aydin Bach
Bachmann Bader Bahr Baier Balzer Bartel Bartels Barth Bartsch Bauer Baum Baumann Baumgart Baumgärtner Baumgartner Baur
Bayer Beck Becker Beckmann Beer Behrend Behrendt Behrens Beier Bender Benz Berg Berger Bergmann Berndt Bernhardt
Bertram Betz Beyer Bischoff Blank Bloch Block Blum Bode Böhm Böhme Bohn Böhmer Born Böttcher Böttger Brand Brandl
Brandt Braun Brenner Breuer Brinkmann Brückner Bruns Brunner Buchholz Buck Budde Bühler Burger Burkhardt Busch Busse
Büttner Can Çelik Christ Claus Conrad Dahm Demir Diehl Dietrich Dietz Dittrich Doğan Döring Dorn Dreher Dressler
Eberhardt Ebert Eckert Eckhardt Eder Ehlers Eichhorn Engel Engelhardt Erdmann Ernst Esser Evers Ewald Falk Fett
Feldmann Fiedler Fink Finke Fischer Fleischer Forster Förster Frank Franke Franz Freitag Freund Frey Fricke Friedrich
Fritsch Fritz Fröhlich Fuchs Funk Funke Gabriel Gärtner Gebhardt Geiger Geisler Geißler Gerber Gerlach Giese Glaser
Göbel Götz Graf Greiner Grimm Gross Groß Großmann Gruber Grünberg Grünewald Günther Haas Haase Hagen Hahn Hamann Hanke
Hansen Harms Hartmann Hartung Hartwig Haupt Hauser Hecht Heck Heil Heim Hein Heine Heinemann Heinrich Heinz Heinze
Heise Held Heller Hellwig Henke Henkel Hennig Henning Hermann Herold Herrmann Herzog Hess Heß Hesse Heuer Hildebrand
Hildebrandt Hiller Hinz Hirsch Hoffmann Hofmann Höhn Hohmann Holz Holzmann Hoppe Horn Huber Hübner Hummel Jacob Jacobi
Jacobs Jäger Jahn Jakob Jansen Janssen Janßen John Jordan Josef Jung Junge Jürgens Kaiser Kaminski Kaya Karl Kaufmann
Keil Keller Kern Kessler Keßler Kiefer Kilian Kirchner Klaus Klein Klemm Klose Kluge Knapp Knoll Knorr Koch Köhler
Kohl Köhn Kolb König Konrad Köster Kowalski Kraft Krämer Kramer Kraus Krause Krauß Krebs Kretschmer Kröger Krüger
Kruse Kühn Kuhn Kühne Kunz Kunze Kurz Lang Lange Langer Lauer Lechner Lehmann Lemke Lenz Lindemann Lindner Link Linke
Lohmann Lorenz Löffler Ludwig Lutz Maier Mann Marquardt Martens Martin Marx März Mayer Meier Meister Meißner Menzel
Merkel Mertens Merz Metzger Meyer Michel Michels Mohr Möller Moritz Moser Müller Münch Nagel Naumann Neubauer Neumann
Nickel Nielsen Niemann Noack Nolte Nowak Opitz Oswald Ott Otto Öztürk Pape Paul Paulus Peter Peters Petersen Pfeffer
Pfeifer Pfeiffer Philipp Pohl Popp Preuß Probst Raabe Rapp Rau Rauch Reich Reichel Reichert Reimann Reimer Reimers
Reinhardt Reinhold Reiter Renner Reuter Richter Riedel Rieger Ritter Röder Rohde Römer Rose Rösler Roth Rothe Rudolph
Ruf Rupp Rust Sander Sauer Sauter Schäfer Schaller Scheffler Schenk Scherer Schiller Schilling Schindler Schlegel
Schlüter Schmid Schmidt Schmitt Schmitz Schneider Scholz Schön Schrader Schramm Schreiber Schreiner Schröder Schröter
Schubert Schuler Schüler Schulte Schultz Schultze Schulz Schulze Schumacher Schumann Schuster Schütte Schütz Schütze
Schwab Schwarz Schweizer Seidel Seifert Seitz Siebert Siegel Simon Singer Sommer Sonntag Späth Specht Stadler Stahl
Stark Steffen Stein Steinbach Steiner Steinmetz Stephan Stock Stoll Straub Strauß Strobel Sturm Süß Tietz Thiel Thiele
Thomas Thomsen Thiemann Timm Tölle Ullrich Ulrich Unger Urban Vetter Vogel Vogelsang Vogt Voigt Völker Volk Voß Wagner
Walter Walther Weber Wegener Wegner Weidner Weigel Weinert Weis Weise Weiß Weiss Weller Wendt Wenzel Werner Wessel
Westphal Wetzel Wichmann Widmann Wiedemann Wieland Wiese Wild Wilhelm Wilke Will Willms Wimmer Winkler Winter Wirth
Witt Witte Wittmann Wolf Wolff Wulf Yildirim Yıldırım Yildiz Yıldız Yilmaz Yılmaz Zander Zeller Ziegler Zimmer
Zimmermann
"""
SURNAMES = frozenset(_SURNAMES.split())
_ENDING = re.compile(
    r"(?:m[ae][iy]e?r|hofer|hof[f]?mann|bauer|huber|[^h]ow(?:sk[iy])?|[^i]sk[iy]|wicz|vic|vić|[aeoi]vi[cć]|oğlu|oglu"
    r"|enko|[^e]ssen|[ckrt]sen|inger|eder|acker|precht|brecht|hardt|ndt|ltz|tz(?:ke|mann|el)|chke|sch[kn]e|bach(?:er)?"
    r"|[^t]rich|h[oö]lz?l|mann|witz|berg(?:er)?|l[ea]ben|dorf(?:er)?|meister|stedt|stein|horst|meyer|ö[bhs]l?er"
    r"|zyk|czak)$"
)


def has_ending_of_surnames(word: str) -> bool:
    """Whether a word ends as surnames do; some nouns do, too ("Berg", "Hauptmann")."""
    return len(word) > 4 and _ENDING.search(word) is not None
