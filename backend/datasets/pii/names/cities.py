"""Larger towns of Germany, and some of its neighbours' that German texts name."""

_GERMAN = """
Aachen Aalen Ahlen Altenburg Amberg Ansbach Apolda Arnsberg Aschaffenburg Aschersleben Augsburg Aurich Bamberg Bautzen
Bayreuth Bergheim Berlin Bernau Bernburg Biberach Bielefeld Bitterfeld Bocholt Bochum Bonn Borna Bottrop Brandenburg
Braunschweig Bremen Bremerhaven Bruchsal Böblingen Castrop-Rauxel Celle Chemnitz Coburg Coesfeld Cottbus Cuxhaven
Dachau Darmstadt Deggendorf Delitzsch Delmenhorst Dessau Detmold Dinslaken Dormagen Dortmund Dresden Duisburg Düren
Düsseldorf Eberswalde Eisenach Eisenhüttenstadt Elmshorn Emden Erding Erfurt Erlangen Eschweiler Essen Esslingen
Euskirchen Flensburg Forchheim Frankfurt Frechen Freiberg Freiburg Freising Friedrichshafen Fulda Fürstenwalde Fürth
Garbsen Gelsenkirchen Gera Gießen Gladbeck Goslar Gotha Greifswald Greiz Grevenbroich Görlitz Göppingen Göttingen
Gummersbach Güstrow Gütersloh Hagen Halberstadt Halle Hamburg Hameln Hamm Hanau Hannover Hattingen Heidelberg
Heidenheim Heilbronn Helmstedt Herford Herne Herten Hildesheim Hilden Hof Homburg Hoyerswerda Husum Ibbenbüren
Ingolstadt Iserlohn Itzehoe Jena Kaiserslautern Karlsruhe Kassel Kaufbeuren Kempten Kerpen Kiel Kleve Koblenz Konstanz
Krefeld Köln Landau Landshut Langenfeld Langenhagen Leipzig Leverkusen Limburg Lingen Lippstadt Ludwigsburg
Ludwigshafen Ludwigslust Lübeck Lüdenscheid Lüneburg Lünen Magdeburg Mainz Mannheim Marburg Marl Meerbusch Meiningen
Meißen Memmingen Menden Merseburg Minden Moers Mönchengladbach Mühlhausen München Münster Naumburg Neubrandenburg
Neumünster Neunkirchen Neuruppin Neuss Neustrelitz Nordhausen Nordhorn Norderstedt Nürnberg Oberhausen Oberursel
Offenbach Offenburg Oldenburg Oranienburg Osnabrück Paderborn Parchim Passau Peine Pforzheim Pinneberg Pirmasens Pirna
Plauen Potsdam Prenzlau Pulheim Quedlinburg Rastatt Rathenow Ratingen Ravensburg Recklinghausen Regensburg Remscheid
Rendsburg Reutlingen Rheine Riesa Rosenheim Rostock Rottweil Rudolstadt Saalfeld Saarbrücken Saarlouis Salzgitter
Salzwedel Sangerhausen Schleswig Schwedt Schweinfurt Schwerin Senftenberg Siegburg Siegen Sindelfingen Solingen
Sonneberg Speyer Stade Stendal Stolberg Stralsund Straubing Strausberg Stuttgart Suhl Torgau Traunstein Trier
Troisdorf Tübingen Ulm Unna Velbert Viersen Villingen-Schwenningen Völklingen Waiblingen Weiden Weimar Weißenfels
Wernigerode Wesel Wetzlar Wiesbaden Wilhelmshaven Wismar Witten Wittenberg Wolfenbüttel Wolfsburg Worms Wunstorf
Wuppertal Würzburg Zeitz Zittau Zweibrücken Zwickau
"""
_ABROAD = """
Amsterdam Ankara Antwerpen Athen Barcelona Basel Belgrad Bern Bozen Bratislava Brüssel Budapest Bukarest Den-Haag
Dublin Florenz Genf Graz Helsinki Innsbruck Istanbul Kabul Klagenfurt Kopenhagen Krakau Lausanne Lissabon Linz
Ljubljana London Luxemburg Lyon Madrid Mailand Marseille Moskau Neapel Oslo Paris Prag Riga Rom Rotterdam Salzburg
Sofia Straßburg Stockholm Tallinn Triest Turin Venedig Vilnius Warschau Wien Zagreb Zürich
"""
CITIES = frozenset((*_GERMAN.split(), *_ABROAD.split()))
