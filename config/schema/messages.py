"""messages.yaml: what is written back on WhatsApp, by e-mail and on the form /lapor, and what is understood there."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from config.schema.base import Bilingual, Shape, names_in
from config.schema.reports import Category

# Every sentence and what must stand in braces in it; the dialogue fills it in (tickets/dialogue/dialogue.py).
SENTENCES: dict[str, frozenset[str]] = {
    key: frozenset(names.split())
    for key, names in {
        "ask.menu": "",
        "ask.street": "",
        "ask.number": "",
        "ask.number_needed": "category",
        "ask.area": "",
        "ask.which_area": "",
        "ask.outage": "",
        "ask.scope": "",
        "ask.category.K": "",
        "ask.category.P": "",
        "ask.field": "label",
        "ask.fields": "",
        "ask.describe": "",
        "ask.about": "kind number",
        "ask.same": "number finished",
        "ask.report": "",
        "ask.report_number": "",
        "ask.pair": "",
        "ask.data": "",
        "elsewhere": "",
        "optional": "",
        "greeting": "",
        "cancelled": "",
        "officer": "",
        "thanks": "",
        "unclear": "",
        "help": "",
        "text_only": "",
        "broken": "",
        "hazard": "",
        "located": "place",
        "number.unknown": "",
        "area.unknown": "",
        "field.wrong": "reason",
        "pair.unknown": "",
        "filed.G": "number",
        "filed.K": "number",
        "filed.P": "number",
        "filed.attached": "area",
        "filed.hazard": "",
        "respond_by": "time",
        "follow": "link",
        "subscribed": "",
        "refused": "reason",
        "status": "kind number status",
        "status.open": "",
        "status.closed": "time",
        "status.outage": "",
        "status.respond_by": "time",
        "again.repeated": "number",
        "again.reopened": "number",
        "again.updated": "number",
        "again.commented": "number",
        "again.new": "number",
        "mail.signature": "",
        **{f"status.{state}": "" for state in ("waiting", "assigned", "accepted", "enroute", "arrived", "working")},
        **{f"status.{state}": "" for state in ("temporary", "power_on", "done", "cancelled")},
    }.items()
}

HAZARD = "bahaya"  # the category of reports.yaml whose words make a message urgent

# What a message is searched for, beside the categories of reports.yaml.
WORDS = (
    *("G", "K", "P", "cancel", "menu", "officer", "unknown", "thanks", "english", "indonesian"),
    *("enquiry", "still_wrong", "change", "only_me", "many", "yes", "no"),
)


def _plain(word: str) -> str:
    if word != " ".join(word.lower().split()) or not all(char.isalnum() or char == " " for char in word):
        raise ValueError("words are written in small letters, without signs")
    return word


Word = Annotated[str, AfterValidator(_plain), Field(min_length=2, max_length=60)]


class Sentence(Bilingual):
    """What may be written back; of several lines, as it stands there."""

    model_config = ConfigDict(str_strip_whitespace=True)
    id: str = Field(min_length=1, max_length=600)
    en: str = Field(default="", max_length=600)


Channel = Literal["whatsapp", "sms", "email"]


class Messages(Shape):
    """What is written, what is understood, and how long a conversation is remembered."""

    expires_hours: dict[Channel, Annotated[int, Field(gt=0, le=720)]] = Field(
        description="After so many hours of silence the next message begins a new conversation."
    )
    sentences: dict[str, Sentence]
    words: dict[Literal[WORDS], list[Word]]  # type: ignore[valid-type]  # mypy reads no tuple there, pydantic does
    categories: dict[Category, list[Word]] = Field(description="Words by which a category of reports.yaml is known.")

    def expires(self, channel: str) -> int:
        """Hours, for a channel that has conversations."""
        return {str(name): hours for name, hours in self.expires_hours.items()}[channel]

    @model_validator(mode="after")
    def _complete(self) -> Messages:
        if missing := sorted(SENTENCES.keys() - self.sentences):
            raise ValueError(f"sentences: {', '.join(missing)} missing")
        if unknown := sorted(self.sentences.keys() - SENTENCES):
            raise ValueError(f"sentences: nobody says {', '.join(unknown)}")
        for key, sentence in self.sentences.items():
            if names_in(sentence.id) != SENTENCES[key]:
                raise ValueError(f"sentences: {key} must use the placeholders {sorted(SENTENCES[key])}")
        if missing := sorted(set(WORDS) - set(self.words)):
            raise ValueError(f"words: {', '.join(missing)} missing")
        if missing := sorted({"whatsapp", "sms", "email"} - set(self.expires_hours)):
            raise ValueError(f"expires_hours: {', '.join(missing)} missing")
        return self
