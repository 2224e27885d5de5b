"""First names that are frequent in Germany; those that are nouns or months as well ("Ernst", "Mark") are not in it."""

_FEMALE = """
Agnes Aleksandra Alexandra Alice Alina Amelie Andrea Angela Angelika Anika Anita Anja Anke Anna Annabell Anne Annegret
Anneliese Annemarie Annett Annette Annika Antje Antonia Antonie Astrid Aurelia Ayla Aylin Ayse Ayşe Barbara Beate
Beatrice Beatrix Berta Bettina Bianca Birgit Birgitta Birte Brigitte Brunhilde Carina Carla Carmen Carola Carolin
Caroline Catharina Charlotte Christa Christel Christiane Christina Christine Clara Claudia Constanze Cordula Corinna
Cornelia Dagmar Daniela Daria Denise Diana Dominika Doreen Doris Dorothea Dorothee Edith Elena Eleonore Elfriede Elif
Elisa Elisabeth Elise Elke Ella Ellen Elli Elsa Else Elvira Emilia Emily Emine Emma Erika Erna Esma Esra Esther Eva
Evelyn Fabienne Fadime Fatima Fatma Felicitas Filiz Finja Franziska Frauke Frida Frieda Friederike Gabriela Gabriele
Gerda Gerlinde Gertraud Gertrud Gesa Gesine Gisela Gerti Greta Gudrun Gülsen Hanna Hannah Hannelore Hatice Hedwig
Heide Heidemarie Heidi Heidrun Heike Helen Helena Helene Helga Helma Henriette Herta Hertha Hilde Hildegard Hülya
Ilona Ilse Imke Ina Inga Inge Ingeborg Ingrid Inka Insa Irena Irene Irina Iris Irma Irmgard Isabel Isabell Isabella
Isabelle Ivana Jana Janina Janine Jasmin Jeannette Jelena Jennifer Jenny Jessica Joana Johanna Josefine Josephine
Judith Jule Julia Juliane Julie Jutta Karin Karina Karla Karola Karolin Karoline Katarina Katarzyna Katharina Kathleen
Kathrin Kati Katja Katrin Kerstin Kira Klara Kornelia Kristin Kristina Lara Larissa Laura Lea Leila Lena Leni Leonie
Leyla Lieselotte Liesel Lilli Lilly Lina Linda Linn Lisa Lotte Louisa Louise Lucia Lucie Ludmila Luisa Luise Luzie
Lydia Madeleine Maja Magda Magdalena Maike Malgorzata Małgorzata Mandy Manuela Mara Mareike Maren Margareta Margarete
Margarethe Margit Margot Margret Maria Mariam Marianne Marie Marina Marion Marita Marlene Marlies Marta Martha Martina
Mathilda Mathilde Mechthild Meike Melanie Melina Merle Mia Michaela Mina Mira Miriam Mirjam Monika Monique Nadine
Nadja Natalia Natalie Natascha Nele Nicole Nina Nora Olga Ottilie Patrizia Paula Pauline Petra Pia Ramona Rebecca
Rebekka Regina Regine Reinhild Renate Ricarda Rita Romy Ronja Rosa Rosalie Rosemarie Rosi Roswitha Ruth Sabina Sabine
Sabrina Samira Sandra Sara Sarah Saskia Selina Selma Sevgi Sibylle Sieglinde Sigrid Silke Silvia Simone Sina Sofia
Sofie Sonja Sophia Sophie Stefanie Steffi Stella Stephanie Susanna Susanne Svea Svenja Svetlana Swantje Sylvia Tabea
Tamara Tanja Tatjana Teresa Thea Theresa Therese Theresia Thekla Tina Traute Trude Ulrike Ursula Uta Ute Valentina
Valerie Vanessa Vera Verena Veronika Viktoria Waltraud Waltraut Wiebke Wilhelmine Wilma Yasemin Yasmin Yvonne Zeynep
Zoe Zofia
"""
_MALE = """
Aaron Abdul Abdullah Achim Adam Adolf Adrian Ahmad Ahmed Ahmet Albert Albrecht Alex Alexander Alfons Alfred Ali Alois
Amir Andre André Andreas Andrej Andrzej Anton Antonio Armin Arne Arno Arnold Artur Arthur August Axel Baris Bastian
Ben Benedikt Benjamin Benno Bernd Bernhard Bert Berthold Björn Bodo Bogdan Boris Bruno Burkhard Burak Carl Carlo
Carlos Carsten Cem Cemal Christian Christof Christoph Christopher Claudio Claus Clemens Conrad Constantin Cornelius
Dariusz Daniel David Dennis Detlef Detlev Dieter Dietmar Dietrich Dimitri Dirk Dominic Dominik Eberhard Eckart Eckhard
Edgar Edmund Eduard Egon Ekkehard Elias Emil Emre Enrico Erhard Eric Erich Erik Ernst Erwin Eugen Ewald Fabian Felix
Ferdinand Florian Francesco Frank Franz Fred Friedel Friedemann Frieder Friedhelm Friedrich Fritz Gabriel Georg Gerald
Gerd Gereon Gerhard Gernot Gero Gert Giovanni Giuseppe Gisbert Goran Gottfried Grzegorz Guido Günter Günther Gunnar
Gunter Gunther Gustav Hakan Hans Hannes Hanno Harald Hartmut Hartwig Hasan Hassan Heiko Heiner Heinrich Heinz Helge
Helmut Helmuth Hendrik Henning Henrik Henry Herbert Heribert Hermann Hilmar Holger Horst Hubert Hubertus Hugo Hussein
Hüseyin Ibrahim Igor Ingmar Ingo Ismail Ivan Jakob Jan Jannik Janusz Jens Jerzy Joachim Jochen Johann Johannes John
Jonas Jonathan Josef Joseph Julian Julius Jürgen Jörg Jörn Kai Karim Karl Karsten Kaspar Kemal Kevin Kilian Klaus
Klemens Knut Konrad Konstantin Krzysztof Kurt Lars Laurenz Leon Leonard Leonhard Leopold Linus Lorenz Lothar Louis
Luca Lucas Ludger Ludwig Luis Luigi Lukas Lutz Maciej Magnus Mahmoud Malte Manfred Manuel Marcel Marco Marcus Marek
Mario Marius Marko Markus Martin Marvin Marwan Mathias Mats Matthias Mattis Maurice Max Maximilian Mehmet Meinhard
Meinolf Micha Michael Michail Michel Mike Mika Mirko Mohamed Mohammad Mohammed Moritz Muhammad Murat Mustafa Nico
Nicolai Nicolas Niels Nikita Niklas Niko Nikola Nikolai Nikolaus Nils Noah Norbert Norman Olaf Ole Oliver Omar Omer
Ömer Orhan Oskar Oswald Otto Ottmar Paolo Pascal Patrick Paul Pawel Paweł Peer Peter Philip Philipp Piotr Rafael Raik
Rainer Ralf Ralph Raphael Rasmus Reiner Reinhard Reinhart Reinhold Rene René Ricardo Richard Robert Robin Roberto Rolf
Roland Roman Ronald Ronny Rudi Rudolf Rüdiger Ruben Rupert Sami Samir Samuel Sandro Sascha Sebastian Selim Sepp Serdar
Sergej Serkan Siegbert Siegfried Siegmar Sigmar Sigmund Silvio Simon Stefan Steffen Stephan Steven Sven Sönke Thaddäus
Theo Theodor Thilo Thomas Thorben Thorsten Tilman Tilo Tim Timo Tino Tobias Toni Tom Tomasz Torben Torsten Tristan Udo
Ulf Uli Ulrich Umut Uwe Valentin Veit Viktor Vincent Vinzenz Vitali Vladimir Volker Volkmar Walter Walther Waldemar
Wendelin Werner Wieland Wilfried Wilhelm Willi Willy Winfried Wladimir Wojciech Wolf Wolfgang Wolfram Yannick Yusuf
Yunus
"""
FIRST_NAMES = frozenset((*_FEMALE.split(), *_MALE.split()))
