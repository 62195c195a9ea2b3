"""Customers: who has a contract, where, and how they are reached; the register they are found by."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from config.database import Base, UtcDateTime
from tickets.models.columns import AREA, PHONE, PLAIN


class Customer(Base):
    """Who has the contract."""

    __tablename__ = "customer"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120), index=True)


class Premises(Base):
    """One persil: the place a meter hangs. `idpel` has 12 digits, `meter` 11."""

    __tablename__ = "premises"
    __table_args__ = (Index("ix_premises_place", "lat", "lon"),)  # the street of a position
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    idpel: Mapped[str] = mapped_column(String(12), unique=True)
    meter: Mapped[str | None] = mapped_column(String(11), unique=True)
    area: Mapped[str] = mapped_column(AREA, index=True)
    unit: Mapped[str] = mapped_column(String(32))  # UP3
    ulp: Mapped[str] = mapped_column(String(32), index=True)
    feeder: Mapped[str] = mapped_column(String(32), index=True, server_default="")  # penyulang; "" = not known
    street: Mapped[str] = mapped_column(String(120))
    address: Mapped[str] = mapped_column(String(240))
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    tariff: Mapped[str] = mapped_column(String(8))
    power_va: Mapped[int]
    tariff_adjusted: Mapped[bool | None]  # dikenakan penyesuaian tarif, so without subsidy; None = not known
    minimum_bill: Mapped[int | None]  # rupiah a month: biaya beban or rekening minimum; None = not known


class SpecialNeed(Base):
    """Who must not stay dark. Life support is health data (UU 27/2022): a table of its own, so that access to it can
    be granted apart from the rest.
    """

    __tablename__ = "special_need"
    premises_id: Mapped[int] = mapped_column(ForeignKey("premises.id"), primary_key=True)
    life_support: Mapped[bool]
    public_service: Mapped[bool]


class Phone(Base):
    """A telephone number we know; several premises per number and several numbers per premises."""

    __tablename__ = "phone"
    id: Mapped[int] = mapped_column(primary_key=True)
    e164: Mapped[str] = mapped_column(PHONE, unique=True)


class PremisesPhone(Base):
    """Which number belongs to which premises."""

    __tablename__ = "premises_phone"
    phone_id: Mapped[int] = mapped_column(ForeignKey("phone.id"), primary_key=True)
    premises_id: Mapped[int] = mapped_column(ForeignKey("premises.id"), primary_key=True, index=True)


class PremisesEntry(Base):
    """What a premises is found by: the search register (tickets/customers/register.py writes it, ADR 38). No foreign
    key: it would be asked nine times for each premises that is imported, and an entry of nobody is never shown.
    """

    __tablename__ = "premises_entry"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's form
    kind: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)  # EntryKind
    text: Mapped[str] = mapped_column(PLAIN, primary_key=True)
    owner: Mapped[int] = mapped_column("premises_id", primary_key=True, autoincrement=False, index=True)


class ImportRun(Base):
    """How far a file of customers has come; committed together with the lines before that place (ADR 39)."""

    __tablename__ = "import_run"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)  # of the file: another content is another run
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    position: Mapped[int] = mapped_column(BigInteger)  # bytes of the file that are dealt with
    line: Mapped[int]  # number of the line that begins there
    rejects_size: Mapped[int] = mapped_column(BigInteger)  # bytes of the file of rejects that belong to them
    added: Mapped[int]
    changed: Mapped[int]
    same: Mapped[int]
    bad: Mapped[int]
