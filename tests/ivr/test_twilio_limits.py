"""Twilio's limits: how long a document, a sentence and a wait may be; and what becomes of news that nobody took."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from starlette.datastructures import QueryParams

from ivr.carriers import twilio_twiml
from ivr.carriers.twilio_trail import DOCUMENT, NEWS, Trail, read_trail
from ivr.instructions import Bye, Fragment
from ivr.telephone.twiml import parse
from ivr.telephone.webhooks import Overrides, Webhooks
from router.store.acd import StoreUnavailable
from tests.fixtures.webhooks import CALL, Asking, Ivr

pytestmark = pytest.mark.unit
STEP = f"/twilio/step?call={CALL}&step=a-3&queue=gangguan&at=1700000000000&pr=2"


@pytest.fixture(autouse=True)
def account(twilio_account: None) -> None:
    """Every test here has the account."""


def test_a_sentence_longer_than_a_voice_takes_is_said_in_parts() -> None:
    text = " ".join(f"kata{n}" for n in range(1500))
    gather, end = parse(twilio_twiml.render(Bye((Fragment("x", text),)), Trail(CALL, "a-1")))
    assert (gather.name, end.name) == ("Gather", "Hangup"), "the emergency key is heard in the goodbye"
    spoken = gather.children
    assert len(spoken) > 1
    assert all(len(verb.text) <= 4096 for verb in spoken)
    assert " ".join(verb.text for verb in spoken) == text


def test_a_document_that_twilio_would_not_read_to_its_end_is_never_sent() -> None:
    asking = Asking(Ivr())
    asking.ivr.answer = Bye(tuple(Fragment("x", "é" * 3900) for _ in range(9)))
    answer = asking.posts(STEP)
    assert len(answer.content) < twilio_twiml.MOST_BYTES
    assert [verb.name for verb in parse(answer.text)] == ["Gather"], "the fallback"


class Away:
    """A store that is away."""

    pool = "main"

    def __getattr__(self, name: str) -> object:
        async def asked(*_: object, **__: object) -> None:
            raise StoreUnavailable

        return asked


class Forgetful(Ivr):
    """The service while the store is away."""

    async def hung_up(self, call: str, *, by: str = "caller", channel: str = "") -> None:
        raise StoreUnavailable


NEWS_OF = {
    "/twilio/status": "completed",
    "/twilio/cso-status": "ringing",
    "/twilio/guest-status": "ringing",
    "/twilio/reached-status": "completed",
    "/twilio/partner-status": "in-progress",
    "/twilio/emergency-status": "in-progress",
}


@pytest.mark.parametrize(("path", "status"), NEWS_OF.items())
def test_news_that_could_not_be_taken_are_told_again(path: str, status: str) -> None:
    """503: Twilio's answer to it is in the part behind # of the address that it was given."""
    asking = Asking(Forgetful())
    asking.app.state.acd = Away()
    address = Trail(CALL, "t-0").url(path, token="5-abc")
    assert asking.posts(urlsplit(address).path + "?" + urlsplit(address).query, CallStatus=status).status_code == 503
    if path != "/twilio/status":  # that one stands at the number, in Twilio's console
        assert "5xx" in Overrides.of(urlsplit(address).fragment).policy


def test_a_question_that_cannot_be_answered_gets_a_document_all_the_same() -> None:
    asking = Asking(Ivr())
    asking.app.state.acd = Away()
    asking.ivr.answer = StoreUnavailable()
    for path in ("/twilio/cso", "/twilio/guest", "/twilio/reached", "/twilio/meet", "/twilio/met", "/twilio/hold"):
        address = Trail(CALL, "t-0").url(path, token="5-abc")
        answer = asking.posts(urlsplit(address).path + "?" + urlsplit(address).query)
        assert answer.status_code == 200, path
        assert parse(answer.text), path


def test_what_stands_behind_the_hash_is_what_twilio_knows_and_no_part_of_the_trail() -> None:
    for text in (DOCUMENT, NEWS):
        assert Overrides.of(text[1:]).read < 5, "dead air on a hung server"
    address = urlsplit(Trail(CALL, "a-7", queue="gangguan").url("/twilio/step"))
    assert read_trail(QueryParams(address.query)) == Trail(CALL, "a-7", queue="gangguan")
    for wrong in ("rc=9", "rt=90000", "xy=1", "rp=never", "rt"):
        with pytest.raises(ValueError, match=r".+"):
            Overrides.of(wrong)


class Server(ThreadingHTTPServer):
    """Answers with these statuses, one after the other, then 200; `hang` never answers the first."""

    def __init__(self, *statuses: int, hang: bool = False) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.statuses, self.hang, self.asked = list(statuses), hang, 0
        self.over = threading.Event()


class Handler(BaseHTTPRequestHandler):
    """One request."""

    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        self.rfile.read(int(self.headers["content-length"]))
        server.asked += 1
        if server.hang:
            server.over.wait(20)
            return
        self.send_response(server.statuses.pop(0) if server.statuses else 200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@contextlib.contextmanager
def served(*statuses: int, hang: bool = False) -> Iterator[tuple[Server, str]]:
    server = Server(*statuses, hang=hang)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server, f"http://127.0.0.1:{server.server_address[1]}/x"
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("statuses", "fragment", "asked", "status"),
    [
        ((503, 503), NEWS, 3, 200),
        ((503,) * 9, NEWS, 4, 503),
        ((404,), NEWS, 1, 404),
        ((502,), DOCUMENT, 2, 200),
        ((503,), "", 1, 503),
    ],
)
def test_the_telephone_tries_again_as_the_address_says(
    statuses: tuple[int, ...], fragment: str, asked: int, status: int
) -> None:
    with served(*statuses) as (server, url):
        answer = asyncio.run(Webhooks("t").post(url + fragment, {"a": "b"}))
    assert (server.asked, answer.status) == (asked, status)


def test_a_hung_server_costs_a_caller_the_time_the_address_says_and_no_more() -> None:
    with served(hang=True) as (server, url):
        answer = asyncio.run(Webhooks("t").post(url + "#rt=200&rc=1&rp=ct,5xx", {"a": "b"}))
    assert (answer.status, answer.fault, server.asked) == (0, "rt", 1)
    assert 150 < answer.ms < 3000


def test_a_server_that_is_not_there_is_asked_once_more() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    answer = asyncio.run(Webhooks("t").post(f"http://127.0.0.1:{port}/x{DOCUMENT}", {}))
    assert (answer.status, answer.fault) == (0, "ct")
