"""What is told about a report, by a CSO or by the menu: pure. The row of the table says which sentence, the facts say
which words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from string import Formatter

from config.schema.scripts import Scripts, Spoken
from tickets.kinds import CompletionCode
from tickets.outages.phrases import speakable
from tickets.rules import Action, Decision, Sentence

EITHER = "Bapak/Ibu"
_IN_WORDS = re.compile(r"(?<=\d) \([a-z]+\)")  # `3 (tiga)` is said once
ALOUD = "Bapak Ibu"  # the same where no CSO reads it: a voice would say the stroke


@dataclass(frozen=True)
class Facts:
    """What the words depend on, beside the row."""

    salutation: str = EITHER
    one_building: bool = False  # "1 (satu) bangunan padam"
    crew_mobile: bool | None = None  # whether the crew uses APKT Mobile (R06); None: nobody has the order yet
    en_route: bool = False
    street: str = ""  # where the crew is; "" when that is not known, or not any more
    completion: CompletionCode | None = None
    resolved: str = ""  # when it was closed, as it is spoken
    note: str = ""  # what the unit wrote when it closed it
    number: str = ""
    prefix: str = ""  # of the unit
    cso: str = ""  # name


@dataclass(frozen=True)
class Said:
    """One sentence, ready to be read out; `name` is S1 to S4, `completed`, or N1 (written, not said)."""

    name: str
    text: str
    pieces: tuple[str, ...] = ()  # the text without its stop, cut at what differs from call to call: a sound for each


def sentences(decision: Decision, facts: Facts, words: Scripts) -> tuple[Said, ...]:
    """What a contact is told, and N1 where a new report is made."""
    said = [*told(decision, facts, words)]
    if decision.new_number:
        said.append(Said("N1", related(words, number=facts.number, prefix=facts.prefix, cso=facts.cso)))
    return tuple(said)


def told(decision: Decision, facts: Facts, words: Spoken) -> tuple[Said, ...]:
    """What a contact is told, in the words of one language."""
    said = []
    if decision.sentence is Sentence.PROMISE:
        said.append(promise(facts, words))
    elif decision.sentence is Sentence.PROGRESS:
        said.append(_progress(decision, facts, words))
    elif decision.sentence is Sentence.COMPLETED:
        said.append(_completed(facts, words))
    elif decision.sentence is Sentence.MISSING_DATA:
        said += _missing(facts, words)
    return tuple(said)


def every_sentence(words: Spoken) -> Iterator[Said]:
    """Each sentence in each of its forms as the menu says it, without what differs from call to call."""
    for one_building in (True, False):
        facts = Facts(ALOUD, one_building)
        yield promise(facts, words)
        moving, late = words.position, words.late
        yield _said("S2", facts, moving.say, *_promotion(facts, moving.promotion))
        for repeat in (late.repeated, late.offered):
            yield _said("S3", facts, late.say, repeat, *_promotion(facts, late.promotion))
    for code in (CompletionCode.DATA_INCOMPLETE, CompletionCode.PHONE_UNREACHABLE):
        yield from _missing(Facts(ALOUD, completion=code), words)
    yield _completed(Facts(ALOUD), words)


def promise(facts: Facts, words: Spoken) -> Said:
    """S1; also what the first call is told."""
    return _said("S1", facts, words.promise.say, *_promotion(facts, words.promise.promotion))


def related(words: Scripts, *, number: str, prefix: str, cso: str) -> str:
    """N1: who took it, and `Nomor Laporan Terkait G: …` (R17, C4), for the column *permasalahan* of a new report."""
    tag = words.related.cso.format(prefix=prefix, cso=cso.upper())
    return f"{tag} {words.related.number.format(number=number)}"


def _progress(decision: Decision, facts: Facts, words: Spoken) -> Said:
    if facts.crew_mobile and facts.en_route and facts.street:
        return _said("S2", facts, words.position.say, *_promotion(facts, words.position.promotion))
    repeat = words.late.repeated if Action.LAPOR_ULANG in decision.required else words.late.offered
    return _said("S3", facts, words.late.say, repeat, *_promotion(facts, words.late.promotion))


def _completed(facts: Facts, words: Spoken) -> Said:
    note = [words.completed.note] if facts.note else []
    return _said("completed", facts, words.completed.say, *note)


def _missing(facts: Facts, words: Spoken) -> list[Said]:
    known = {
        CompletionCode.DATA_INCOMPLETE: words.missing_data.data_incomplete,
        CompletionCode.PHONE_UNREACHABLE: words.missing_data.phone_unreachable,
    }
    return [_said("S4", facts, known[facts.completion])] if facts.completion in known else []


def _promotion(facts: Facts, words: str) -> list[str]:
    """Only on "1 bangunan padam" (R08), and not of a crew that would not be seen there (R06)."""
    return [words] if facts.one_building and facts.crew_mobile is not False else []


def _said(name: str, facts: Facts, *parts: str) -> Said:
    """The parts as one sentence. What is not ours (street, note) may hold anything, and stays as it is."""
    whole = ", ".join(parts)
    fill = partial(
        str.format, salutation=facts.salutation, street=facts.street, resolved=facts.resolved, note=facts.note
    )
    text = speakable(", ".join(map(fill, parts)))
    text = text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
    return Said(name, text, _pieces(facts, whole))


def _pieces(facts: Facts, whole: str) -> tuple[str, ...]:
    pieces = [""]
    for literal, field, _, _ in Formatter().parse(whole):
        pieces[-1] += literal
        if field == "salutation":
            pieces[-1] += facts.salutation
        elif field is not None:
            pieces += [str(getattr(facts, field)), ""]
    said = [_IN_WORDS.sub("", speakable(piece)).strip(" ,.;:") for piece in pieces]
    return tuple(piece for piece in said if piece)
