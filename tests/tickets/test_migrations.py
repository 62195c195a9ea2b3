"""The schema's history leads to exactly what the code expects, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

import tickets.models  # noqa: F401
from config import migrate
from config.database import Base, Database
from config.errors import Problem

pytestmark = pytest.mark.database


def test_the_migrated_schema_is_the_models_schema(db: Database) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_chain_is_one_line() -> None:
    scripts = ScriptDirectory.from_config(migrate.alembic_config())
    assert len(scripts.get_heads()) == 1
    assert [script.revision for script in scripts.walk_revisions()][-1] == "0001_tickets"


def test_upgrading_twice_changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new folder' / 'suar.db'}"
    assert not migrate.at_head(url)
    migrate.upgrade(url)
    assert migrate.at_head(url)
    migrate.upgrade(url)
    assert migrate.at_head(url)


def test_a_database_that_does_not_answer_is_said_so_without_its_password() -> None:
    with pytest.raises(Problem, match="SUAR_DATABASE_URL") as fault:
        migrate.upgrade("postgresql+psycopg://suar:rahasia@127.0.0.1:1/suar")
    assert fault.value.slug == "no-database"
    assert "rahasia" not in str(fault.value)


def test_a_database_that_is_migrated_is_at_head(db: Database) -> None:
    assert migrate.at_head(db.engine.url.render_as_string(hide_password=False))


def test_every_revision_can_be_taken_back(db: Database) -> None:
    with db.engine.connect() as connection:
        config = migrate.alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
