"""What a model says is believed only where its source says the same."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.quality.normalise import normalise
from backend.datasets.synthetic.validation import QuestionAnswer, Rejection, validated
from tests.support.legal_texts import GOOD

TEXT = normalise(GOOD)
ANSWER = "Zur Zahlung ist verpflichtet, wer die Anlage benutzt oder durch andere benutzen lässt."
GOOD_REPLY = {"question": "Wer ist nach § 1 GrünS zur Zahlung verpflichtet?", "answer": ANSWER, "quote": ANSWER}


def outcome(**changes: object) -> QuestionAnswer | Rejection:
    return validated(json.dumps({**GOOD_REPLY, **changes}), text=TEXT, reference="§ 1 GrünS")


def test_a_supported_answer_is_believed_whatever_stands_around_it() -> None:
    reply = f"Gern!\n```json\n{json.dumps(GOOD_REPLY)}\n```"
    found = validated(reply, text=TEXT, reference="§ 1 GrünS")

    assert found == QuestionAnswer(**GOOD_REPLY)


def test_an_answer_may_inflect_and_a_quotation_may_be_set_otherwise() -> None:
    found = outcome(
        answer="Verpflichtet zur Zahlung sind diejenigen, welche die Anlagen benutzen oder benutzen lassen.",
        quote="„Zur   Zahlung ist verpflichtet, wer die Anlage benutzt …“",
    )

    assert isinstance(found, QuestionAnswer)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"question": "Wer?"}, Rejection.QUESTION_LENGTH),
        ({"answer": "Der Benutzer."}, Rejection.ANSWER_LENGTH),
        ({"answer": "wort " * 500}, Rejection.ANSWER_LENGTH),
        ({"question": "Nenne die nach § 1 GrünS Verpflichteten."}, Rejection.NO_QUESTION),
        ({"answer": "Es tut mir leid, diese Frage kann ich nicht beantworten."}, Rejection.REFUSAL),
        ({"answer": "Als KI kann ich dazu keine Auskunft geben, fragen Sie die Gemeinde."}, Rejection.REFUSAL),
        ({"question": "Wer ist laut dem vorliegenden Text zur Zahlung verpflichtet?"}, Rejection.MENTIONS_PROMPT),
        ({"question": "Wer muss im obigen Auszug die Gebühr zahlen?"}, Rejection.MENTIONS_PROMPT),
        (
            {
                "question": "Who has to pay the fee according to § 1 GrünS?",
                "answer": "Whoever uses the public green space has to pay the fee to the municipality.",
            },
            Rejection.OTHER_LANGUAGE,
        ),
        ({"quote": "die Anlage"}, Rejection.QUOTE_TOO_SHORT),
        ({"quote": "Zur Zahlung ist verpflichtet, wer die Anlage betreten hat."}, Rejection.QUOTE_NOT_FOUND),
        ({"answer": f"{ANSWER} Die Frist beträgt 14 Tage."}, Rejection.NUMBER_NOT_FOUND),
        (
            {"answer": "Der Hauseigentümer zahlt jährlich einen Pauschalbetrag an das örtliche Finanzamt."},
            Rejection.NOT_SUPPORTED,
        ),
        (
            {"answer": "Zur Zahlung ist nicht verpflichtet, wer die Anlage benutzt oder durch andere benutzen lässt."},
            Rejection.OTHER_NEGATION,
        ),
        ({"answer": None}, Rejection.MEMBER_MISSING),
        ({"answer": ["a"]}, Rejection.MEMBER_MISSING),
        ({"quote": " \n"}, Rejection.MEMBER_MISSING),
    ],
)
def test_every_doubt_rejects_with_its_reason(changes: dict[str, object], reason: Rejection) -> None:
    assert outcome(**changes) is reason


@pytest.mark.parametrize("reply", ["", "null", "[1]", "{", "{}}", "Das weiß ich nicht.", '{"question": ' + "[" * 9000])
def test_what_is_no_object_is_no_reply(reply: str) -> None:
    assert validated(reply, text=TEXT, reference="§ 1 GrünS") in (Rejection.NO_JSON, Rejection.MEMBER_MISSING)


@given(st.text(max_size=200))
def test_no_reply_is_too_odd_to_be_judged(reply: str) -> None:
    assert isinstance(validated(reply, text=TEXT, reference="§ 1 GrünS"), Rejection)
