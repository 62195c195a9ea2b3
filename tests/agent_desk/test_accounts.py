"""Accounts made by an operator: the way in of an installation that is not a demo."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from agent_desk.accounts import Wanted, close_account, put_account, telephones
from agent_desk.models import Account
from config.errors import Invalid, NotFound
from tests.fixtures.desk import Web

pytestmark = pytest.mark.store
PASSWORD = "lampu-suar-menyala"
SARI = Wanted("sari", "Sari", "cso", PASSWORD, queues=("gangguan",))


def test_a_new_cso_logs_in_and_serves_the_named_queues(web: Web) -> None:
    with web.db.transaction() as session:
        assert put_account(session, SARI).queues == ["gangguan"]
    assert web.client().login("sari", PASSWORD).headers["location"] == "/meja"


@pytest.mark.anyio
async def test_proficiency_and_skills_are_known_to_the_router_at_login(web: Web) -> None:
    with web.db.transaction() as session:
        put_account(session, replace(SARI, queues=("gangguan:5", "keluhan"), skills=("en:4", "region-31:2")))
    acd = web.acd()
    web.client().login("sari", PASSWORD)
    cso = await acd.cso("sari")
    await acd.close()
    assert cso is not None
    assert (cso.levels, cso.skills) == ({"gangguan": 5, "keluhan": 3}, {"en": 4, "region-31": 2})


def test_a_new_password_ends_the_sessions_of_the_old_one(web: Web) -> None:
    with web.db.transaction() as session:
        put_account(session, Wanted("budi", "Budi", "supervisor", PASSWORD))
    client = web.client()
    client.login("budi", PASSWORD)
    with web.db.transaction() as session:
        put_account(session, Wanted("budi", "Budi", "supervisor", PASSWORD + "-baru"))
    assert client.page("/papan").status_code in (303, 401)
    assert web.client().login("budi", PASSWORD).status_code == 401
    assert web.client().login("budi", PASSWORD + "-baru").status_code == 303


@pytest.mark.parametrize(
    ("wanted", "slug"),
    [
        (Wanted("Sari!", "Sari", "cso", PASSWORD), "bad-login"),
        (Wanted("sari", "Sari", "raja", PASSWORD), "unknown-role"),
        (Wanted("trunk", "Sari", "cso", PASSWORD), "bad-endpoint"),
        (Wanted("sari", "Sari", "cso", PASSWORD, endpoint="budi-web"), "bad-endpoint"),
        (Wanted("sari", "Sari", "cso", PASSWORD, endpoint="Meja 7"), "bad-endpoint"),
        (Wanted("sari", "Sari", "cso", "pendek"), "weak-password"),
        (Wanted("sari", "Sari", "cso", PASSWORD, queues=("antah",)), "unknown-queue"),
        (Wanted("sari", "Sari", "cso", PASSWORD, queues=("gangguan:6",)), "unknown-queue"),
        (Wanted("sari", "Sari", "cso", PASSWORD, skills=("en",)), "unknown-skill"),
        (Wanted("sari", "Sari", "cso", PASSWORD, skills=("inggris:4",)), "unknown-skill"),
        (Wanted("sari", "Sari", "partner", PASSWORD, partner="antah"), "unknown-partner"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(web: Web, wanted: Wanted, slug: str) -> None:
    with web.db.reading() as session:
        before = session.scalar(select(func.count(Account.id)))
    with pytest.raises(Invalid) as told, web.db.transaction() as session:
        put_account(session, wanted)
    assert told.value.slug == slug
    assert wanted.password not in str(told.value)
    with web.db.reading() as session:
        assert session.scalar(select(func.count(Account.id))) == before


def test_a_telephone_in_the_page_goes_with_its_name(web: Web) -> None:
    with web.db.transaction() as session:
        put_account(session, SARI).endpoint = "sari-web"
        put_account(session, replace(SARI, login="tuti"))
        assert {"sari", "tuti"} <= set(telephones(session))
        assert "sari-web" not in telephones(session)


def test_a_closed_account_opens_nothing_and_has_no_telephone(web: Web) -> None:
    with web.db.transaction() as session:
        put_account(session, replace(SARI, endpoint="meja-7"))
        assert "meja-7" in telephones(session)
    client = web.client()
    client.login("sari", PASSWORD)
    with web.db.transaction() as session:
        close_account(session, "sari")
        assert "meja-7" not in telephones(session)
    assert client.page("/meja").status_code in (303, 401)
    assert web.client().login("sari", PASSWORD).status_code == 401
    with web.db.transaction() as session:
        put_account(session, SARI)
        assert "sari" in telephones(session)
    assert web.client().login("sari", PASSWORD).status_code == 303


def test_an_account_that_is_not_there_cannot_be_closed(web: Web) -> None:
    with pytest.raises(NotFound) as told, web.db.transaction() as session:
        close_account(session, "antah")
    assert told.value.slug == "unknown-account"
