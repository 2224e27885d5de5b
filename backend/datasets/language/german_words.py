"""Frequent German words that hardly occur in the languages German is told from; only counted, never removed."""

GERMAN_WORDS = frozenset(
    """
    und nicht oder für über durch nach auf bei mit ist sind wird werden wurde wurden sich eine einer eines einem einen
    dem das zu zur zum vom kann können soll sollen muss darf dürfen nur wenn soweit sofern dass daß sowie gilt gelten
    haben hat wie auch aus als ihre ihrer ihren seine seiner seinen ihm ihnen dieser dieses diese diesem diesen unter
    zwischen gegen ohne jede jeder jedes kein keine keiner sein seit gemäß insbesondere jedoch entsprechend erforderlich
    gesetz gesetzes verordnung absatz nummer artikel
    """.split()  # noqa: SIM905 - a list of a hundred words reads as words
)
