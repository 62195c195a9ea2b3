"""Who may log in, and who is logged in. Sessions stand in SQL: see docs/decisions/0013-desk.md."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String, false, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from config.database import Base, UtcDateTime


class Account(Base):
    """A person who may log in."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(32), unique=True)  # also the CSO's id in the live state
    name: Mapped[str] = mapped_column(String(80))
    role: Mapped[str] = mapped_column(String(16))  # permissions.Role
    password_hash: Mapped[str] = mapped_column(String(200))  # argon2id
    endpoint: Mapped[str] = mapped_column(String(80), default="")  # "" = by carrier: `login` or `client:login`
    queues: Mapped[list[str]] = mapped_column(JSON, default=list)  # `gangguan`, or `gangguan:5` with a proficiency
    skills: Mapped[str] = mapped_column(String(200), default="")  # `en:4 region-31:3`
    partner: Mapped[str] = mapped_column(String(32), default="")  # the partner's name in partners.yaml
    active: Mapped[bool] = mapped_column(default=True, server_default=true())


class WebSession(Base):
    """One login in one browser. The cookie holds the token, this row only its hash."""

    __tablename__ = "web_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked: Mapped[bool] = mapped_column(default=False, server_default=false())

    account: Mapped[Account] = relationship(lazy="joined", innerjoin=True)


class ApiKey(Base):
    """What a program proves itself by; shown once when it is made."""

    __tablename__ = "api_key"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(32), unique=True)
    owner: Mapped[str] = mapped_column(String(80))  # who answers for it
    # None: an application's, which has no role
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)  # SHA-256 of a random key
    scopes: Mapped[list[str]] = mapped_column(JSON)  # permissions.Scope, or `*`
    channel: Mapped[str] = mapped_column(String(24))  # tickets.kinds.ReportingKind of an application's reports, or ""
    per_minute: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # to the minute
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    account: Mapped[Account | None] = relationship(lazy="joined")


class Throttle(Base):
    """Failed attempts from one place at one thing; the key is a hash, so that no address is kept."""

    __tablename__ = "throttle"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    until: Mapped[datetime] = mapped_column(UtcDateTime)  # the count starts anew after this


class WrapUp(Base):
    """What a CSO said of a call when it was over; of a call that was passed on, each who had it."""

    __tablename__ = "wrap_up"

    call: Mapped[str] = mapped_column(String(48), primary_key=True)
    cso: Mapped[str] = mapped_column(String(32), primary_key=True, index=True)
    result: Mapped[str] = mapped_column(String(32))  # words.RESULTS
    at: Mapped[datetime] = mapped_column(UtcDateTime)
