"""What Asterisk wrote down of its callers, read while it is being written: cut, rotated, or no rows at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.carriers.asterisk_cel import FULL_BYTES, SKIPPED, START, Book, Journal, parse

pytestmark = pytest.mark.unit
SECOND = 1795443987


def row(kind: str, count: int, *, context: str = "from-trunk", at: int = SECOND, cause: int = 34, **more: str) -> str:
    """As Asterisk 22 writes it."""
    number, dialled = more.get("number", "08112220001"), more.get("dialled", "123")
    extra = f'{{""hangupcause"":{cause},""hangupsource"":""dialplan/builtin"",""dialstatus"":""""}}'
    name = f"PJSIP/trunk-{count:08}"
    told = extra if kind != START else ""
    return f'"{kind}","{at}.352","{SECOND}.{count}","{name}","{number}","{dialled}","{context}","{told}"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "suar-cel.csv"


def read(file: Path) -> Book:
    """Everything that is there, as a process that has just started does it."""
    journal = Journal(file)
    book = journal.book()
    while journal.read(book):
        journal.keep(book)
        journal.put_aside(book)
    return book


def numbers(book: Book) -> list[str]:
    return [gone.start.number for gone in book.gone]


def test_a_row_as_asterisk_writes_it() -> None:
    found = parse(row("HANGUP", 8).rstrip().encode())
    assert found is not None
    assert (found.at, found.channel_id, found.number, found.dialled) == (
        1795443987352, "1795443987.8", "08112220001", "123",
    )  # fmt: skip
    assert (found.context, found.cause, found.answered) == ("from-trunk", 34, False)


def test_a_start_and_an_end_are_a_caller_who_is_gone(file: Path) -> None:
    file.write_text(row(START, 1) + row(START, 2, number="") + row("HANGUP", 1))
    book = read(file)
    assert numbers(book) == ["08112220001"]
    assert book.gone[0].refused
    assert list(book.live) == [f"{SECOND}.2"]


@pytest.mark.parametrize("context", ["from-cso", "from-node"])
def test_telephones_of_ours_are_no_callers(file: Path, context: str) -> None:
    file.write_text(row(START, 1, context=context) + row("HANGUP", 1, context=context))
    assert read(file).gone == []


def test_each_row_once_whoever_reads_and_however_often_it_starts_again(file: Path) -> None:
    file.write_text(row(START, 1) + row("HANGUP", 1))
    journal = Journal(file)
    book = journal.book()
    journal.read(book)
    book.gone.clear()  # told
    journal.keep(book)
    assert read(file).gone == []
    with file.open("a") as more:
        more.write(row(START, 2, number="0812") + row("HANGUP", 2))
    assert numbers(read(file)) == ["0812"]


def test_a_row_that_is_still_being_written_is_read_when_it_is_whole(file: Path) -> None:
    text = row(START, 1) + row("HANGUP", 1)
    file.write_text(text[:-20])
    assert read(file).gone == []
    file.write_text(text)
    assert numbers(read(file)) == ["08112220001"]


@pytest.mark.parametrize(
    "garbage",
    ["\0" * 5000, "\n\n\r\r", "nonsense\n", row("HANGUP", 5)[:40], '"HANGUP","x"\n', "\xff\xfe", '"HANGUP",' * 100],
    ids=["zeros", "empty", "words", "cut", "short", "bytes", "repeated"],
)
def test_garbage_loses_nothing_but_itself(file: Path, garbage: str) -> None:
    text = row(START, 1) + garbage + row("HANGUP", 1) + garbage + row(START, 2, number="0813") + row("HANGUP", 2)
    file.write_bytes(text.encode("latin-1"))
    assert numbers(read(file)) == ["08112220001", "0813"]


def test_a_start_that_was_lost_is_no_refused_caller_less(file: Path) -> None:
    file.write_text(row("HANGUP", 1))
    assert [gone.refused for gone in read(file).gone] == [True]


def test_renamed_in_between_nothing_is_lost_and_nothing_comes_twice(file: Path) -> None:
    file.write_text(row(START, 1) + row("HANGUP", 1))
    read(file)
    with file.open("a") as more:
        more.write(row(START, 2, number="0812") + row("HANGUP", 2))
    file.rename(file.with_name("suar-cel.csv-20261123"))
    file.write_text(row(START, 3, number="0813") + row("HANGUP", 3))
    assert numbers(read(file)) == ["08112220001", "0812", "0813"]


def test_cut_to_begin_anew(file: Path) -> None:
    file.write_text(row(START, 1) + row("HANGUP", 1))
    read(file)
    file.write_text(row(START, 2, number="0812"))
    assert [start.number for start in read(file).live.values()] == ["0812"]


def test_a_large_file_is_put_aside_when_it_was_read_and_the_one_before_it_is_deleted(file: Path) -> None:
    for name in ("0811", "0812"):
        file.write_text(row(START, int(name), number=name) + row("HANGUP", int(name)) + ("x" * 999 + "\n") * 34000)
        assert file.stat().st_size > FULL_BYTES
        read(file)
        assert not file.exists()
    kept = [found.name for found in file.parent.glob("*csv*")]
    assert kept == ["suar-cel.csv.1"]
    assert '"0812"' in (file.parent / kept[0]).read_text()


def test_asterisk_that_counts_from_the_beginning_has_died_with_its_callers(file: Path) -> None:
    again = row(START, 0).replace(f'"{SECOND}.0"', f'"{SECOND + 60}.0"')
    file.write_text(row(START, 4, number="0812") + row(START, 3) + again)
    book = read(file)
    assert sorted(numbers(book)) == ["0811" + "2220001", "0812"]
    assert all(gone.end is None for gone in book.gone)
    assert list(book.live) == [f"{SECOND + 60}.0"]


def test_a_book_that_cannot_be_read_begins_anew(file: Path) -> None:
    file.write_text(row(START, 1) + row("HANGUP", 1))
    read(file)
    file.with_suffix(".read.json").write_text("{")
    assert numbers(read(file)) == ["08112220001"]


def test_the_book_is_readable_by_its_owner_alone(file: Path) -> None:
    file.write_text(row(START, 1))
    read(file)
    assert file.with_suffix(".read.json").stat().st_mode & 0o077 == 0


def test_a_leg_that_we_rang_is_no_caller_whose_start_was_lost(file: Path) -> None:
    file.write_text(row("CHAN_START", 3, dialled="") + row("HANGUP", 3, dialled="") + row("HANGUP", 4))
    assert [gone.start.channel_id for gone in read(file).gone] == [f"{SECOND}.4"]


def test_the_leg_of_a_consultation_is_no_garbage(file: Path) -> None:
    before = SKIPPED._value.get()
    guest = row("CHAN_START", 3).replace(f'"{SECOND}.3"', '"guest-7-abc"')
    file.write_text(guest + guest.replace("CHAN_START", "HANGUP"))
    assert read(file).gone == []
    assert SKIPPED._value.get() == before
