"""Customers by the million from a CSV file: in chunks, each its own transaction, restartable (ADR 39)."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.orm import Session

from config.database import Database
from config.errors import Invalid, NotFound, Refused
from tickets.customers import chunk as customer_chunk
from tickets.customers.lines import REJECTED, CustomerLine, Record, customer, header, records
from tickets.models import ImportRun
from tickets.once import insert_once

log = logging.getLogger(__name__)

CHUNK = 2_000  # lines of one transaction: a kill loses so many at most, and other writers wait for so many
BLOCK = 1 << 20
TOLD = 20  # bad lines that are named in the log; all of them stand in the file of rejects
Progress = Callable[[int, int], None]  # bytes done, bytes of the file


@dataclass(frozen=True)
class Imported:
    """What an import did, over all its runs. `before`: the file had been imported completely already."""

    added: int
    changed: int
    same: int
    bad: int
    before: bool = False


@dataclass(frozen=True)
class Bad:
    """A line that is set aside; what it says stays in the file of rejects."""

    record: Record
    fault: Invalid


@dataclass
class _Chunk:
    good: list[tuple[Record, CustomerLine]] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)
    end: int = 0  # position and line behind it
    line: int = 0


def import_customers(
    database: Database,
    path: Path,
    rejects: Path,
    *,
    clock: Callable[[], datetime],
    progress: Progress = lambda done, size: None,
) -> Imported:
    """Add and change premises by IDPEL; bad lines go to `rejects` and the others go on.

    Raises NotFound (`no-file`), Invalid (`not-utf8`, `columns`) before anything is changed, and Refused
    (`import-running`: another process is at this file).
    """
    sha256, size = _examine(path)
    with path.open("rb") as file:
        columns, begin, line = _columns(file)
        with database.transaction() as session:
            run = _begin(session, sha256, begin, line, now=clock())
            if run.finished_at is not None:
                return _imported(run, before=True)
            position, line = run.position, run.line
            kept = run.rejects_size
        log.info("import: from line %d", line)
        aside = _Rejects(rejects, columns, kept)
        file.seek(position)
        for chunk in _chunks(file, line, columns):
            with database.transaction() as session:
                run = _mine(session, sha256, position)
                _write(session, run, chunk, aside)
            position = chunk.end
            progress(position, size)
    with database.transaction() as session:
        run = _mine(session, sha256, position)
        run.finished_at = clock()
    progress(size, size)
    return _imported(run)


def _examine(path: Path) -> tuple[str, int]:
    """The file's hash and size; all of it is read, so that a file in another encoding changes nothing."""
    hashed, decoder, size = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")(), 0
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                hashed.update(block)
                decoder.decode(block)
                size += len(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise Invalid("The file is not UTF-8; save it so and import it again.", slug="not-utf8", field="file") from None
    except (FileNotFoundError, IsADirectoryError):
        raise NotFound("There is no such file to import.", slug="no-file", field="file") from None
    return hashed.hexdigest(), size


def _columns(file: BinaryIO) -> tuple[tuple[str, ...], int, int]:
    """The columns, and where the first line of data begins: position and number."""
    if file.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
        file.seek(0)
    first = next(records(file, 1), Record(0, 0, "", None))
    return header(first.fields), first.end, first.line + 1


def _begin(session: Session, sha256: str, begin: int, line: int, *, now: datetime) -> ImportRun:
    fresh = ImportRun(
        sha256=sha256, started_at=now, finished_at=None, position=begin, line=line, rejects_size=0,
        added=0, changed=0, same=0, bad=0,
    )  # fmt: skip
    return insert_once(session, fresh, lambda: session.get(ImportRun, sha256))[0]


def _mine(session: Session, sha256: str, position: int) -> ImportRun:
    customer_chunk.alone(session)
    run = session.get_one(ImportRun, sha256)
    if run.position != position or run.finished_at is not None:
        raise Refused("Another process is importing this file.", slug="import-running")
    return run


def _chunks(file: BinaryIO, line: int, columns: tuple[str, ...]) -> Iterator[_Chunk]:
    every = records(file, line)
    while part := list(islice(every, CHUNK)):
        chunk = _Chunk(end=part[-1].end, line=part[-1].line + 1)
        for record in part:
            try:
                chunk.good.append((record, _read(record, columns)))
            except Invalid as fault:
                chunk.bad.append(Bad(record, fault))
        yield chunk


def _read(record: Record, columns: tuple[str, ...]) -> CustomerLine:
    if record.fields is None:
        raise Invalid("A quote is not closed.", slug="quote", field="line")
    if len(record.fields) != len(columns):
        raise Invalid("The line has more or fewer values than there are columns.", slug="values", field="line")
    return customer(dict(zip(columns, record.fields, strict=True)))


def _write(session: Session, run: ImportRun, chunk: _Chunk, aside: _Rejects) -> None:
    done = customer_chunk.write(session, [line for _, line in chunk.good])
    refused = [Bad(chunk.good[at][0], fault) for at, fault in done.refused.items()]
    bad = sorted((*chunk.bad, *refused), key=lambda one: one.record.line)
    for one in bad[: max(0, TOLD - run.bad)]:
        log.warning("import: line %d: %s: %s", one.record.line, one.fault.field, one.fault.slug)
    # On the disk before the chunk is committed; what a kill leaves behind it is cut off by the next run.
    run.rejects_size = aside.add(bad)
    run.position, run.line = chunk.end, chunk.line
    run.added += done.added
    run.changed += done.changed
    run.same += done.same
    run.bad += len(bad)


def _imported(run: ImportRun, *, before: bool = False) -> Imported:
    return Imported(run.added, run.changed, run.same, run.bad, before)


class _Rejects:
    """The file of rejects: as many bytes as have been committed, then what comes. Made with the first bad line."""

    def __init__(self, path: Path, columns: tuple[str, ...], size: int) -> None:
        self._path = path
        self._columns = [name for name in columns if name not in REJECTED]
        self._places = [at for at, name in enumerate(columns) if name not in REJECTED]
        self._count = len(columns)
        self._size = size if path.exists() and path.stat().st_size >= size else 0

    def add(self, bad: list[Bad]) -> int:
        """Write and wait for the disk; answers the size that belongs to the chunk."""
        if not bad:
            return self._size
        said = io.StringIO()
        rows = csv.writer(said)
        if not self._size:
            rows.writerow([*self._columns, *REJECTED])
        for one in bad:
            rows.writerow(self._row(one))
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)  # personal data
        with open(descriptor, "r+b") as file:
            file.truncate(self._size)
            file.seek(self._size)
            file.write(said.getvalue().encode())
            file.flush()
            os.fsync(file.fileno())
            self._size = file.tell()
        return self._size

    def _row(self, one: Bad) -> list[str]:
        fields = one.record.fields
        told = [str(one.record.line), str(one.fault.field), one.fault.slug]
        if fields is None or len(fields) != self._count:
            return [*("" for _ in self._places), *told, one.record.raw]
        return [*(fields[at] for at in self._places), *told, ""]
