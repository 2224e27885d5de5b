"""Words that decide whether a full stop ends a sentence in legal German. Written for CLARA; without the last stop."""

# a word follows for certain: "Art. 3", "vgl. BGH", "Prof. Müller"
OPEN = frozenset(
    """
    abb abg abh abk abl abs abschn abt adr allg amtl anf ang angef anh anl anm ann apr arab arg artt aufl
    aug ausf ausg ausschl az b bay bd bde bearb begr beil beisp bek bem ber bes beschl betr bez bf bgbl bgh bibl bl
    bsp bspw btdrs btdrucks bt brdrs brdrucks br buchst bzgl bzw ca cap cf chr d dec dez dgl dh dipl dr drs drucks
    durchf ebd eidg eigtl einf eingef einh einl einschl em engl entspr entw erg erl ev evtl exkl f febr feb fn fol
    fr frhr frz gem gez gg ggf ggfs ggü grds griech hauptst hbj hess hg hl hrsg hs i ia idf idr ieb ihv ing inkl
    insb insbes inst int inz iur ivm iva iha isd isv iw jan jap jun jul jg jh jhd kap kath kfm kgl kl komm krit kt
    lat lfd lfg lit ltd lt m max mdl mill min mind mio mrd mod mwn mtl nachf nds neubearb neuf niederl nov
    nr nrn nrw o obj oct okt ord ordn österr p par para pf phil pkt pol pos pp prof prot r randnr randnrn rd rdnr
    rdnrn red ref reg rel resp rev rn rnr rsp rspr russ rz s sa sächs schr schriftl schw sen sep sept sog sogen sogn
    sp spec spez st staatl std stellv stud sv syn t techn tel tgl th thür ts tz u ua überarb übers
    übertr umg ungar unterabs unv urt usf usgl v va var verb verf verh verm veröff vers vert verw vf vgl vglb vj vo
    vol vollst vorbem vorl vors vs vwv wg westf wiss wörtl württ z zb zbsp ziff zit zt zul zusf zust zutr zw zzgl zz
    zzt ir izm iü hm alternat anschl aufgeh auszugsw beglaubigt bisl erstm gegr gekürzt geb geänd getr inges
    jew lib litt mitget nachw nichtamtl seinerz sinng vergl vorbeh vorg zugl kg dt dtsch ggs fa al abw letzt re mi
    unterpos gvobl gvbl vergr vergbl fallgr verggr fig figs uabs halbs hlbs gew vh spaltenübergr bgm präs ra rae ri
     rea vri vrilg
    """.split()  # noqa: SIM905 - a list of three hundred words reads as words
)
# a sentence may end here; it does if the next word is one that begins sentences
EITHER = frozenset(
    """
    etc usw f ff u.a uam a.a.o aao a.f n.f af nf co inc corp jr sr m.w.n m.w.nachw mwnachw o.ä u.ä o.g dgl tsd stck
    stk qm km h.m a.m i.l e.v ag gmbh ug eg kgaa se bzw n.chr v.chr u.s.w o.a s.o s.u alt art dir
    med meist ob str tab tit
    """.split()  # noqa: SIM905 - as above
)
# what a number after it counts: "Abs. 2. Die" ends there, "am 2. Juni" does not
COUNTED = frozenset(
    """
    § §§ abs absatz absätze art artikel satz sätze s seite nr nrn nummer nummern ziff ziffer ziffern buchst rn rz
    rdnr randnr randnummer tz anlage anhang kapitel abschnitt teil titel buch fn fußnote anspruch ansprüche
    patentanspruch merkmal merkmale klasse klassen stufe gruppe entgeltgruppe zeile zeilen spalte figur fig bl blatt
    dokument seit januar februar märz april mai juni juli august september oktober november dezember jahr jahre
    jahren und bis oder von rund etwa circa um auf mindestens höchstens
    """.split()  # noqa: SIM905 - as above
)
# before an ordinal number: "des 25. Senats"
BEFORE_ORDINAL = frozenset(
    """
    der die das des dem den am vom zum zur im beim ab bis seit jeder jede jedes jeden jedem dieser diese dieses
    diesem ein eine einer eines einem einen in sein ihr
    """.split()  # noqa: SIM905 - as above
)
MONTHS = frozenset(
    """
    Januar Jänner Februar März April Mai Juni Juli August September Oktober November Dezember Jan Feb Febr Mrz Apr
    Jun Jul Aug Sep Sept Okt Nov Dez
    """.split()  # noqa: SIM905 - as above
)
# written large only where a sentence begins
STARTERS = frozenset(
    """
    ab aber abweichend allein allerdings alle allen aller alles als also am an andere anderenfalls andernfalls
    anders anschließend auch auf aufgrund aus außer außerdem bei beide beim bereits bis bisher da dabei dadurch
    dafür dagegen daher dahin damit danach daneben dann daran darauf daraus darin darum darunter darüber das
    dasselbe dass davon davor dazu dem demgegenüber demgemäß demnach dementsprechend demzufolge den denn dennoch der
    deren derartige des deshalb dessen desgleichen deswegen dich die dies diese dieselbe diesem diesen dieser dieses
    doch dort dortige du durch ebenfalls ebenso ebensowenig ein eine einem einen einer einerseits eines einige
    endlich entgegen entscheidend entsprechend entsprechende er erst es etwa etwaige ferner folglich für gegen
    gegenüber gemäß gleiches gleichwohl hat hatte hiergegen hierbei hierdurch hierfür hieran hieraus hierin hiermit
    hiernach hierüber hiervon hierzu hinsichtlich hinzu hält ich ihm ihn ihnen ihr ihre im in indem infolge
    innerhalb insbesondere insofern insoweit inwieweit ist je jede jeden jeder jedes jedenfalls jedoch jene jetzt
    kann kein keine keinen keiner keineswegs können lediglich liegt liegen man mangels maßgeblich maßgebend mit
    mithin muss nach nachdem nachfolgend nämlich neben nicht nichts noch nun nunmehr nur ob obgleich obwohl ohne
    schließlich sein seine seiner seit seitdem selbst sie sind so sobald sodann sofern sogar solange solche somit
    sondern sonst sonstige soll sollte soweit sowie sowohl stattdessen trotz trotzdem um umgekehrt und unabhängig
    unbeschadet ungeachtet unter unstreitig über überdies übrigen vielmehr vom von vor vorliegend während wann war
    waren warum was weder wegen weil weiter weiterhin weitere weiteren welche wenn wer werden wie will wir wird wo
    wobei wurde wurden wäre zu zudem zuletzt zugleich zum zumal zumindest zunächst zur zusätzlich zutreffend zwar
    zwischen
    """.split()  # noqa: SIM905 - as above
)
