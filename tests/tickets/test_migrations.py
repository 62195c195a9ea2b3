"""The schema's history leads to exactly what the code expects, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import String, inspect, text

from config import migrate
from config.database import Database
from config.errors import Problem
from scripts.check_schema import differences

pytestmark = pytest.mark.database


def test_the_migrated_schema_is_the_models_schema(db: Database) -> None:
    """`alembic check`; make check asks it of SQLite alone."""
    with db.engine.connect() as connection:
        assert differences(connection) == []


def test_what_is_missing_is_said_by_its_name(db: Database) -> None:
    with db.engine.connect() as connection:
        for statement in (
            "ALTER TABLE crew DROP COLUMN street",
            "ALTER TABLE crew ADD COLUMN colour VARCHAR(8)",
            "DROP INDEX ix_report_mobile",
            "CREATE TABLE forgotten (id INTEGER PRIMARY KEY)",
            "DROP TABLE rating",
        ):
            connection.execute(text(statement))
        connection.commit()
        assert set(differences(connection)) >= {
            "column crew.street: the models have it, no migration makes it",
            "column crew.colour: a migration makes it, no model has it",
            "index report.ix_report_mobile: the models have it, no migration makes it",
            "table forgotten: a migration makes it, no model has it",
            "table rating: the models have it, no migration makes it",
        }


@pytest.mark.parametrize("nullable", [True, False])
def test_a_column_that_is_another_one_is_said_so(sqlite_db: Database, nullable: bool) -> None:
    with sqlite_db.engine.connect() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("crew") as table:
            table.alter_column("street", type_=String(9), nullable=nullable)
        connection.commit()
        found = differences(connection)
    assert "crew.street: type is VARCHAR(length=9) in the migrations and String(length=120) in the models" in found
    assert len(found) == (2 if nullable else 1)


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
