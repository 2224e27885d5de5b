"""Administrative prose in other languages, a paragraph each, written for tests; and stretches of them."""

from collections.abc import Iterator

PARAGRAPHS = {
    "en": "The municipality charges a fee for the use of public parks where the use goes beyond what is common and "
    "does not serve the interest of everybody. Whoever uses the grounds, or lets others use them, has to pay. "
    "Several debtors are liable jointly. The fee falls due when the decision is announced, unless a later day "
    "is named there. It may be waived in whole or in part if charging it would be unfair in the circumstances "
    "of the case.",
    "fr": "La commune perçoit une redevance pour l'utilisation des espaces verts publics lorsque cette utilisation "
    "dépasse l'usage commun et ne sert pas l'intérêt général. Est tenu au paiement celui qui utilise les "
    "lieux ou les fait utiliser par d'autres. Plusieurs débiteurs répondent solidairement. La redevance est "
    "exigible dès la notification de la décision, sauf si une date ultérieure y est fixée. On peut y renoncer "
    "en tout ou en partie.",
    "it": "Il comune riscuote una tassa per l'uso dei parchi pubblici quando l'uso va oltre quello comune e non "
    "risponde all'interesse di tutti. È tenuto al pagamento chi utilizza gli spazi o li lascia utilizzare ad "
    "altri. Più debitori rispondono in solido. La tassa è dovuta dal giorno della notifica del provvedimento, "
    "salvo che non sia indicata una data successiva. Si può rinunciare alla riscossione, in tutto o in parte, "
    "se questa risulta ingiusta nel caso singolo.",
    "es": "El municipio cobra una tasa por el uso de los parques públicos cuando este uso va más allá del común y "
    "no sirve al interés de todos. Está obligado al pago quien utiliza las instalaciones o permite que otros "
    "las utilicen. Varios deudores responden de forma solidaria. La tasa vence con la notificación de la "
    "resolución, salvo que en ella se señale un día posterior. Se puede renunciar a ella en todo o en parte "
    "si resulta injusta en el caso concreto.",
    "nl": "De gemeente heft een vergoeding voor het gebruik van de openbare parken wanneer dat gebruik verder gaat "
    "dan gebruikelijk is en niet in het belang van iedereen is. Wie het terrein gebruikt of door anderen laat "
    "gebruiken, moet betalen. Meerdere schuldenaren zijn hoofdelijk aansprakelijk. De vergoeding moet worden "
    "betaald zodra het besluit is bekendgemaakt, tenzij daarin een latere dag wordt genoemd. Er kan geheel of "
    "voor een deel van worden afgezien.",
    "pl": "Gmina pobiera opłatę za korzystanie z publicznych terenów zielonych, jeżeli korzystanie wykracza poza "
    "zwykły użytek i nie służy interesowi ogólnemu. Do zapłaty zobowiązany jest ten, kto korzysta z terenu "
    "lub pozwala korzystać innym. Kilku dłużników odpowiada solidarnie. Opłata staje się wymagalna z chwilą "
    "ogłoszenia decyzji, chyba że wskazano w niej późniejszy termin. Można od niej odstąpić w całości lub w "
    "części, gdyby była niesłuszna.",
    "cs": "Obec vybírá poplatek za užívání veřejných parků, pokud užívání přesahuje obvyklou míru a neslouží zájmu "
    "všech. Platit je povinen ten, kdo plochu užívá nebo ji nechá užívat jiné. Více dlužníků odpovídá "
    "společně a nerozdílně. Poplatek je splatný dnem oznámení rozhodnutí, pokud v něm není uveden pozdější "
    "den. Od vybrání poplatku lze zcela nebo zčásti upustit, bylo-li by podle okolností jednotlivého případu "
    "nespravedlivé.",
    "tr": "Belediye, halka açık parkların kullanımı için, bu kullanım olağan ölçüyü aşıyorsa ve herkesin yararına "
    "değilse bir ücret alır. Alanı kullanan veya başkalarına kullandıran kişi ödeme yapmakla yükümlüdür. "
    "Birden çok borçlu birlikte sorumludur. Ücret, kararda daha geç bir gün belirtilmemişse kararın "
    "bildirilmesiyle ödenir. Tek tek durumlara göre haksız olacaksa ücretin tamamından veya bir bölümünden "
    "vazgeçilebilir.",
    "da": "Kommunen opkræver et gebyr for brugen af de offentlige parker, når brugen går ud over det sædvanlige og "
    "ikke er i alles interesse. Den, der bruger området eller lader andre bruge det, skal betale. Flere "
    "skyldnere hæfter i fællesskab. Gebyret forfalder, når afgørelsen er meddelt, medmindre der er nævnt en "
    "senere dag. Kommunen kan helt eller delvis undlade at opkræve gebyret, hvis det ville være urimeligt i "
    "det enkelte tilfælde.",
    "la": "Civitas pro usu hortorum publicorum pecuniam exigit, si usus modum communem excedit neque omnibus "
    "prodest. Solvere debet qui loco utitur aut aliis utendum permittit. Plures debitores in solidum "
    "tenentur. Pecunia debetur cum decretum nuntiatum est, nisi in eo dies posterior statuitur. Potest autem "
    "magistratus pecuniam totam aut partem eius remittere, si propter causas singulas iniquum esset eam "
    "exigere.",
    "sv": "Kommunen tar ut en avgift för användningen av de offentliga parkerna när användningen går utöver det "
    "vanliga och inte ligger i allas intresse. Den som använder området eller låter andra använda det ska "
    "betala. Flera gäldenärer ansvarar solidariskt. Avgiften ska betalas när beslutet har meddelats, om inte "
    "en senare dag anges där. Kommunen får helt eller delvis avstå från avgiften om den vore oskälig i det "
    "enskilda fallet.",
    "pt": "O município cobra uma taxa pela utilização dos parques públicos quando essa utilização vai além do uso "
    "comum e não serve o interesse de todos. Está obrigado ao pagamento quem utiliza o espaço ou o deixa "
    "utilizar por outros. Vários devedores respondem solidariamente. A taxa vence com a notificação da "
    "decisão, salvo se nela for indicado um dia posterior. Pode renunciar-se à cobrança, no todo ou em parte, "
    "se ela for injusta no caso concreto.",
    "ro": "Comuna percepe o taxă pentru folosirea parcurilor publice atunci când folosirea depășește uzul comun și "
    "nu servește interesului tuturor. La plată este obligat cel care folosește locul sau îi lasă pe alții să "
    "îl folosească. Mai mulți debitori răspund solidar. Taxa este datorată din ziua comunicării deciziei, "
    "dacă în aceasta nu este stabilită o zi ulterioară. Se poate renunța la ea în întregime sau în parte, "
    "dacă ar fi nedreaptă.",
    "hu": "Az önkormányzat díjat szed a közparkok használatáért, ha a használat meghaladja a szokásos mértéket, és "
    "nem szolgálja mindenki érdekét. Fizetni köteles az, aki a területet használja, vagy másoknak használatra "
    "átengedi. Több adós egyetemlegesen felel. A díj a határozat közlésekor esedékes, ha abban nem szerepel "
    "későbbi nap. A díjtól egészben vagy részben el lehet tekinteni, ha az az adott esetben méltánytalan "
    "lenne.",
    "vi": "Chính quyền thu phí sử dụng các công viên công cộng khi việc sử dụng vượt quá mức thông thường và không "
    "phục vụ lợi ích của mọi người. Người sử dụng khu đất hoặc cho người khác sử dụng phải trả phí. Nhiều "
    "người mắc nợ chịu trách nhiệm liên đới. Phí đến hạn khi quyết định được thông báo, trừ khi trong đó ghi "
    "một ngày muộn hơn. Có thể miễn toàn bộ hoặc một phần phí nếu việc thu phí là bất công trong từng trường "
    "hợp cụ thể.",
    "ru": "Община взимает плату за пользование общественными парками, если такое пользование выходит за пределы "
    "обычного и не служит общим интересам. Платить обязан тот, кто пользуется территорией или позволяет "
    "пользоваться ею другим. Несколько должников отвечают солидарно. Плата подлежит уплате со дня объявления "
    "решения, если в нём не назван более поздний день. От взимания платы можно отказаться полностью или "
    "частично, если оно было бы несправедливым.",
    "el": "Ο δήμος εισπράττει τέλος για τη χρήση των δημόσιων πάρκων, όταν η χρήση υπερβαίνει τη συνηθισμένη και "
    "δεν εξυπηρετεί το γενικό συμφέρον. Υποχρεούται να πληρώσει όποιος χρησιμοποιεί τον χώρο ή τον παραχωρεί "
    "σε άλλους. Περισσότεροι οφειλέτες ευθύνονται από κοινού. Το τέλος οφείλεται από την κοινοποίηση της "
    "απόφασης, εκτός αν ορίζεται σε αυτήν μεταγενέστερη ημέρα. Ο δήμος μπορεί να παραιτηθεί εν όλω ή εν μέρει "
    "από την είσπραξη.",
    "ar": "تستوفي البلدية رسما عن استعمال الحدائق العامة إذا تجاوز الاستعمال الحد المألوف ولم يكن في مصلحة الجميع. "
    "ويلتزم بالدفع من يستعمل المكان أو يسمح لغيره باستعماله. ويكون المدينون المتعددون مسؤولين بالتضامن. "
    "ويستحق الرسم عند تبليغ القرار ما لم يحدد فيه يوم لاحق. ويجوز التنازل عن الرسم كله أو بعضه إذا كان تحصيله "
    "غير عادل في الحالة المعينة.",
    "zh": "市政府对超出一般用途且不符合公共利益的公园使用收取费用。使用场地或让他人使用场地的人有义务支付费用。"
    "数个债务人承担连带责任。除非决定中规定了更晚的日期,费用自决定公布之日起到期。如果根据个别情况收取费"
    "用不公平,或者存在公共利益,可以全部或部分免除费用。",
}


def stretches(paragraph: str, *, size: int = 200, step: int = 40) -> Iterator[str]:
    """Overlapping pieces of a paragraph, each of so many characters."""
    for start in range(0, max(1, len(paragraph) - size + 1), step):
        yield paragraph[start : start + size]
