"""Paragraphs of rulings and laws of references and next to nothing else; invented, in the forms that are usual."""

REFERENCES = {
    "norms_of_a_ruling": (
        "§ 113 Abs. 1 Satz 1 VwGO, § 48 Abs. 1 Satz 1, Abs. 2 VwVfG, § 35 Satz 1 VwVfG, § 45 Abs. 1 Nr. 3 SGB X, "
        "Art. 3 Abs. 1, Art. 20 Abs. 3 GG"
    ),
    "law_before_section": (
        "BGB § 307 Abs. 1, § 305c Abs. 2, § 310 Abs. 3; ZPO § 543 Abs. 2 Satz 1 Nr. 2; GG Art. 103 Abs. 1"
    ),
    "headed": (
        "Normenkette: § 823 Abs. 1 BGB, § 253 Abs. 2 BGB, § 7 Abs. 1 StVG, § 11 Satz 2 StVG, "
        "§ 115 Abs. 1 Nr. 1 VVG, § 287 ZPO"
    ),
    "rulings": (
        "Anschluss BGH, Urteil vom 12. Mai 2010 - VIII ZR 96/09, NJW 2010, 2125 Rn. 12 ff.; Urteil vom 3. März 2004 - "
        "VIII ZR 149/03, NJW-RR 2004, 1017; Abgrenzung BGH, Beschluss vom 8. Mai 2001 - VI ZR 208/00, VersR 2001, 1298."
    ),
    "course_of_the_case": (
        "vorgehend LG Köln, 12. März 2009, Az: 5 O 123/08, Urteil\nvorgehend AG Köln, 4. Mai 2008, Az: 12 C 345/07, "
        "Urteil\nnachgehend BGH, 5. Juni 2011, Az: VIII ZR 12/10, Beschluss"
    ),
    "norms_and_rulings": (
        "§ 3 Abs. 1 Nr. 2, § 4 Abs. 3 Satz 1 und 2, §§ 5 bis 7 sowie § 12 Abs. 4 BauGB i. V. m. § 9 Abs. 1 Nr. 1 lit. "
        "a und b BauNVO; vgl. BVerwG, Urteil vom 12.12.1990 - 4 C 40.87 -, BVerwGE 87, 332 ff.; OVG NRW, Beschluss vom "
        "3.4.2012 - 7 B 1234/11 -, juris Rn. 5 ff.; VG Köln, Urteil vom 4.5.2010 - 2 K 3456/09 -, juris."
    ),
    "head_of_an_annex": (
        "(§ 34 Absatz 4 Nummer 2 Buchstabe d, Absatz 5 Nummer 2 Buchstabe b und Nummer 3 Buchstabe b, Absatz 6 Nummer "
        "3 Buchstabe b)"
    ),
    "sections_in_a_row": (
        "(§ 34 Absatz 4 Nummer 2, § 35 Absatz 1, § 36 Absatz 2 Satz 1, § 41 Absatz 14 Nummer 3, § 47 Absatz 3)"
    ),
    "european_law": (
        "Verordnung (EG) Nr. 1013/2006 ABl. L 190 vom 12.7.2006, S. 1; L 334 vom 1.12.2006, S. 67; L 120 vom "
        "15.5.2009, S. 39; Richtlinie 2008/98/EG ABl. L 312 vom 22.11.2008, S. 3"
    ),
    "identifiers": (
        "CELEX 32016R0679 Art. 6 Abs. 1 Buchst. e, Art. 9 Abs. 2 Buchst. g; ECLI:DE:BVerwG:2019:270319U6C2.18.0; "
        "ECLI:EU:C:2014:317 Rn. 80, 81, 99"
    ),
    "commentaries": (
        "Palandt/Heinrichs, BGB, 69. Aufl. 2010, § 307 Rn. 12; MünchKomm/Wurmnest, BGB, 5. Aufl. 2007, § 307 Rn. 45; "
        "Staudinger/Coester, BGB, Neubearb. 2006, § 307 Rn. 101"
    ),
    "a_sentence_with_its_evidence": (
        "Nur soweit dieses Vertrauen reicht, sind falsche Angaben strafbar (vgl. BGH, Urteil vom 7. Oktober 1954 - 3 "
        "StR 718/53, BGHSt 6, 380, 381; Beschlüsse vom 2. Juli 1968 - GSSt 1/68, BGHSt 22, 201, 202 f.; vom 30. "
        "Oktober 2008 - 3 StR 156/08, BGHSt 53, 34, 35 f.)."
    ),
    "volumes_and_pages": (
        "Die Grenze des Wortlauts ist aus der Sicht der Betroffenen zu bestimmen (vgl. BVerfGE 71, 108 < 115 >; 82, "
        "236 < 269 >; 92, 1 < 12 >; 126, 170 < 197 f. >; 130, 1 < 43 >)."
    ),
    "gazettes": (
        "Ausfertigungsdatum\n: 1986-12-19\n\nFundstelle\n: BGBl I: 1986, 2553\n\n"
        "Geändert durch\n: Art. 75 V v. 29.10.2001 I 2785"
    ),
}
"""Name of the form -> text."""
