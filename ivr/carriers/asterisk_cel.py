"""What Asterisk wrote down of each channel (CEL): its start and its hang-up, read as the file grows, without a store.

Asterisk opens the file for each row, so it may be renamed at any time. What is no row is skipped; a row glued to the
end of one that was cut is read. How far it was read and who is on the line stand in a file beside it.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from prometheus_client import Counter

log = logging.getLogger(__name__)

FILE = "log/cel-custom/suar-cel.csv"  # below the folder that Asterisk was rendered into
FRONT = "from-trunk"  # the context of the dialplan's first lines
NOT_CALLERS = frozenset({"from-cso", "from-node"})  # other contexts in which a channel begins by being called
START, HANGUP = "CHAN_START", "HANGUP"
ROW = re.compile(
    rb'"(CHAN_START|HANGUP)","(\d{9,11})\.(\d{1,6})","(\d{9,11}\.\d{1,9})","([\w/;.@-]{1,80})",'
    rb'"([0-9+]{0,40})","([0-9+]{0,40})","([\w-]{0,80})","([^\r\n]{0,1000})"$'
)
# A channel that was given its id by us: nobody who called.
OURS = re.compile(rb'^"(?:CHAN_START|HANGUP)","\d+\.\d+","[a-z]+-')
CAUSE = re.compile(rb"hangupcause\W+(\d{1,3})")
ANSWERED = re.compile(rb"dialstatus\W+ANSWER\b")
READ_BYTES = 2**20  # at a time
MOST = 1000  # rows at a time
FULL_BYTES = 32 * 2**20  # a file of so many that was read is put aside; the one before it is deleted

SKIPPED = Counter("suar_cel_rows_skipped", "Rows of Asterisk's event log that could not be read.")


@dataclass(frozen=True)
class Row:
    """One row. Numbers are as the trunk gave them."""

    kind: str
    at: int  # ms since the epoch
    channel_id: str  # Asterisk's: the second it began, and how many channels there were before it since Asterisk began
    channel: str
    number: str
    dialled: str
    context: str
    cause: int = 0  # Q.850
    answered: bool = False  # a telephone that the dialplan rang last

    @property
    def began(self) -> tuple[int, int]:
        """The two parts of its id."""
        second, _, count = self.channel_id.partition(".")
        return int(second), int(count)


def parse(line: bytes) -> Row | None:
    """A line of the file without its end; None for what is no row."""
    found = ROW.search(line)
    if found is None:
        return None
    kind, second, micros, channel_id, channel, number, dialled, context = (
        part.decode("ascii", "replace") for part in found.groups()[:8]
    )
    cause = CAUSE.search(found[9])
    at = int(second) * 1000 + int(micros.ljust(6, "0")[:6]) // 1000
    answered = ANSWERED.search(found[9]) is not None
    return Row(kind, at, channel_id, channel, number, dialled, context, int(cause[1]) if cause else 0, answered)


@dataclass(frozen=True)
class Gone:
    """A caller's channel that is no more: how it began and where it was last."""

    start: Row
    end: Row | None  # None: Asterisk died with it

    @property
    def at(self) -> int:
        """The last instant that is known of it, ms since the epoch."""
        return (self.end or self.start).at

    @property
    def refused(self) -> bool:
        """By the first line of the dialplan: nobody of ours was asked."""
        return self.end is not None and self.end.context == FRONT and self.end.cause == 34  # congestion


@dataclass
class Book:
    """How far the file was read, who is on the line, and of whom it is not yet known whether anybody told."""

    inode: int = 0
    offset: int = 0
    live: dict[str, Row] = field(default_factory=dict)
    gone: list[Gone] = field(default_factory=list)
    newest: tuple[int, int] = (0, 0)  # the channel that began last

    def note(self, row: Row) -> None:
        """What a row tells."""
        if row.kind == START:
            self._starts_anew(row)
            if row.context not in NOT_CALLERS and row.context.startswith("from-") and row.dialled:
                self.live[row.channel_id] = row
            return
        start = self.live.pop(row.channel_id, None)
        # Its start was lost. A leg that we ring through a trunk hangs up there too, but has dialled nothing.
        if start is None and row.context == FRONT and row.dialled:
            start = row
        if start is not None:
            self.gone.append(Gone(start, row))

    def _starts_anew(self, row: Row) -> None:
        """Asterisk counts its channels from 0: whoever was there before it started has no end."""
        (second, count), (before, most) = row.began, self.newest
        if second > before + 1 and count <= most:
            self.gone += [Gone(start, None) for start in self.live.values()]
            self.live.clear()
        self.newest = max(self.newest, row.began) if second <= before + 1 else row.began

    def dumps(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def loads(cls, text: str) -> Book:
        """What `dumps` made; raises ValueError, KeyError or TypeError for anything else."""
        kept = json.loads(text)
        live = {name: Row(**row) for name, row in kept["live"].items()}
        gone = [Gone(Row(**one["start"]), Row(**one["end"]) if one["end"] else None) for one in kept["gone"]]
        second, count = kept["newest"]
        return cls(int(kept["inode"]), int(kept["offset"]), live, gone, (int(second), int(count)))


class Journal:
    """The file, and the book beside it. One process at a time."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._kept = file.with_suffix(".read.json")

    def book(self) -> Book:
        """As it was kept last; a new one reads the file from its beginning."""
        try:
            return Book.loads(self._kept.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return Book()
        except (ValueError, KeyError, TypeError, OSError) as fault:
            log.warning("how far Asterisk's event log was read is not known any more: %s", type(fault).__name__)
            return Book()

    def keep(self, book: Book) -> None:
        """Remember it; numbers of callers are in it, as they are in the file."""
        draft = self._kept.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(book.dumps(), encoding="utf-8")
        draft.replace(self._kept)

    def read(self, book: Book, most: int = MOST) -> int:
        """Note at most so many lines that are new; answers how many there were."""
        lines = 0
        for file in self._files(book):
            with file.open("rb") as opened:
                inode, size = (now := os.fstat(opened.fileno())).st_ino, now.st_size
                if inode != book.inode or size < book.offset:  # another one, or cut to begin anew
                    book.inode, book.offset = inode, 0
                opened.seek(book.offset)
                for line, length in _lines(opened.read(READ_BYTES)):
                    if lines == most:
                        return lines
                    lines, book.offset = lines + 1, book.offset + length
                    row = parse(line)
                    if row is not None:
                        book.note(row)
                    elif not OURS.search(line):
                        SKIPPED.inc()
        return lines

    def put_aside(self, book: Book) -> None:
        """A large file that was read to its end is kept once, then deleted: numbers are not kept for ever."""
        if book.offset >= FULL_BYTES and book.offset == self._file.stat().st_size:
            self._file.replace(self._file.with_suffix(".csv.1"))

    def _files(self, book: Book) -> list[Path]:
        """The one that was read last, wherever it was renamed to, then the one that is written now."""
        found = []
        for file in sorted(self._file.parent.glob(f"{self._file.name}*")):
            if file != self._file and file.stat().st_ino == book.inode:
                found.append(file)
        return [*found, *([self._file] if self._file.exists() else [])]


def _lines(text: bytes) -> Iterator[tuple[bytes, int]]:
    """Whole lines and their lengths. The last one is still being written, unless it fills all that was read."""
    *whole, rest = text.split(b"\n")
    for line in whole:
        yield line, len(line) + 1
    if not whole and len(rest) == READ_BYTES:
        yield rest, len(rest)
