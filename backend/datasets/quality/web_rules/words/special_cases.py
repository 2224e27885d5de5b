"""Pieces of text with tokens of their own: contractions, abbreviations, times and emoticons of English.

Source: the English tokeniser exceptions of spaCy 3.8 (MIT licence, Explosion GmbH), said here as stems and endings.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product

# stems and what may follow them; an ending is also written without its apostrophe
_ENDINGS = (
    ("i", "'m 'm|a"),
    ("i you he she it we they", "'ll 'll|'ve 'd 'd|'ve"),
    ("i you we they", "'ve"),
    ("you we they", "'re"),
    ("he she it", "'s"),
    ("who what when where why how there that this these those", "'ll 'll|'ve 'd 'd|'ve"),
    ("who what when where why how there that this", "'s"),
    ("who what when where why how there these those", "'re 've"),
    ("ca could do does did had may might must need ought sha should wo would", "n't n't|'ve"),
    ("could might must should would", "'ve"),
    ("ai are is was were have has dare", "n't"),
)
_ARE_WORDS = frozenset(["ill", "its", "hell", "shell", "shed", "were", "well", "whore"])
_PARTS = """y'|all y|all how|'d|'y How|'d|'y not|'ve not|ve Not|'ve Not|ve can|not Can|not gon|na Gon|na got|ta Got|ta
    let|'s Let|'s c'm|on C'm|on"""
_WHOLE = r"""
    — \t \n ' \") <space> '' C++ doin Doin goin Goin nothin Nothin nuthin Nuthin ol Ol somethin Somethin
    doin' Doin' goin' Goin' nothin' Nothin' nuthin' Nuthin' ol' Ol' somethin' Somethin' em 'em ll 'll nuff 'nuff
    'S 's ‘S ‘s and/or w/o 're 'Cause 'cause 'cos 'Cos 'coz 'Coz 'cuz 'Cuz 'bout ma'am Ma'am o'clock O'clock
    lovin' Lovin' lovin Lovin havin' Havin' havin Havin 'd
    Mt. Ak. Ala. Apr. Ariz. Ark. Aug. Calif. Colo. Conn. Dec. Del. Feb. Fla. Ga. Ia. Id. Ill. Ind. Jan. Jul. Jun. Kan.
    Kans. Ky. La. Mar. Mass. Mich. Minn. Miss. N.C. N.D. N.H. N.J. N.M. N.Y. Neb. Nebr. Nev. Nov. Oct. Okla. Ore. Pa.
    S.C. Sep. Sept. Tenn. Va. Wash. Wis. a.m. Adm. Bros. co. Co. Corp. D.C. Dr. e.g. E.g. E.G. Gen. Gov. i.e. I.e. I.E.
    Inc. Jr. Ltd. Md. Messrs. Mo. Mont. Mr. Mrs. Ms. p.m. Ph.D. Prof. Rep. Rev. Sen. St. vs. v.s.
    (: (-: (; (-; (-8 (o: (*_*) (-_-) (._.) (>_<) (^_^) (¬_¬) (ಠ_ಠ) (╯°□°）╯︵┻━┻ ): )-:
    :() :* :-* :/ :-/ :-( :-(( :-((( :-) :-)) :-))) :( :(( :((( :) :)) :))) :'( :'-( :') :'-) :-] :] :-} :} :-| :|
    :0 :-0 :1 :3 :-3 :> :-> :D :-D :O :-O :P :-P :X :-X :o :-o :o) :p :-p :x :-x ;) ;-) ;D ;-D ;_; >:( >:o
    (= =( =) =/ =3 =D =[ =] =| [: [-: [= ]= 8) 8-) 8D 8-D <3 <33 <333 </3 <.< >.< >.> @_@ ^_^ ^__^ ^___^ ._. -_- -__-
    0.0 0.o 0_0 0_o o.0 o.O o.o o_0 o_O o_o O.O O.o O_O O_o v.v v_v V.V V_V xD xDD XD XDD ಠ_ಠ ಠ︵ಠ ¯\(ツ)/¯ ><(((*>
"""


@cache
def special_cases() -> Mapping[str, tuple[str, ...]]:
    """Tokens by the text that has them."""
    found = dict(_contractions())
    found |= {each.replace("|", ""): tuple(each.split("|")) for each in _PARTS.split()}
    found |= {each: (each,) for each in _WHOLE.split()}
    found |= {f"{letter}.": (f"{letter}.",) for letter in "abcdefghijklmnopqrstuvwxyzäöü"}
    found |= {f"°{letter}.": ("°", letter, ".") for letter in "cfkCFK"}
    found |= {f"{hour}{half}": (str(hour), half) for hour in range(1, 13) for half in ("am", "a.m.", "pm", "p.m.")}
    return found | {
        text.replace("'", "’"): tuple(token.replace("'", "’") for token in tokens) for text, tokens in found.items()
    }


def _contractions() -> Iterator[tuple[str, tuple[str, ...]]]:
    for stems, endings in _ENDINGS:
        for stem, ending in product(stems.split(), endings.split()):
            for first, rest in product((stem, stem.title()), (ending, ending.replace("'", ""))):
                tokens = (first, *rest.split("|"))
                if (text := "".join(tokens)).lower() not in _ARE_WORDS:
                    yield text, tokens
