"""A CSO's telephone in a page: a real Chromium registers over a WebSocket, and sound is measured both ways (WebRTC)."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from router.agents import CsoState
from router.calls import CallState
from tests.fixtures.asterisk import QUEUES
from tests.fixtures.asterisk_secure import SecureLine
from tests.fixtures.product import REPOSITORY
from tests.fixtures.servers import missing, need
from tests.fixtures.wait import until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]
# A tone may sound before anybody has clicked, and candidates are addresses, not names that nobody here resolves.
FLAGS = [
    "--autoplay-policy=no-user-gesture-required",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--allow-loopback-in-peer-connection",
]


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The telephone with JsSIP in one file."""
    if not (REPOSITORY / "node_modules" / "jssip").is_dir():
        missing("node_modules/jssip is not there; `make setup` installs it")
    made = tmp_path_factory.mktemp("softphone") / "softphone.js"
    words = [REPOSITORY / "node_modules/.bin/esbuild", REPOSITORY / "tests/softphone/softphone.js"]
    subprocess.run(
        [*words, "--bundle", f"--outfile={made}", "--log-level=error"], cwd=REPOSITORY, check=True, timeout=60
    )
    return made.read_text()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or need("chromium", "a telephone in a page")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, script: str, secure_line: SecureLine) -> Iterator[Page]:
    """A page of the product itself: Chromium lets no other one connect to this machine."""
    with browser.new_context(ignore_https_errors=True, bypass_csp=True) as context:
        opened = context.new_page()
        opened.goto(f"{secure_line.product.base_url}/lacak")
        opened.add_script_tag(content=script)
        yield opened


@pytest.mark.parametrize("secure", [True, False], ids=["wss", "ws"])
def test_a_page_registers_and_both_hear_each_other(secure_line: SecureLine, page: Page, *, secure: bool) -> None:
    line = secure_line
    port = line.product.environ["SUAR_ASTERISK_HTTPS_PORT" if secure else "SUAR_ASTERISK_HTTP_PORT"]
    url = f"{'wss' if secure else 'ws'}://127.0.0.1:{port}/ws"
    start = "([url, uri, password]) => softphone.start(url, uri, password, 1000)"
    page.evaluate(start, [url, "sip:cso3-web@127.0.0.1", line.password("cso3-web")])
    until(lambda: "registered" in page.evaluate("softphone.events"), 20, "the page is registered", every=0.2)

    async def log_in(acd: object) -> None:
        await acd.log_in("cso3", queues=QUEUES, endpoint="cso3-web", carrier="asterisk")  # type: ignore[attr-defined]
        await acd.ask_state("cso3", CsoState.READY)  # type: ignore[attr-defined]

    line.ask(log_in)
    until(lambda: (now := line.cso("cso3")) and now.telephone, 15, "the store knows the page's telephone", every=0.1)
    caller = line.secure(str(line.product.seeded["no_outage"]).replace("+62", "0"), 700)
    caller.dial("021123")
    caller.wait("CALL_ESTABLISHED", 20)
    until(lambda: caller.heard().seconds > 0.5, 10, "the menu speaks")
    caller.press("0")
    until(lambda: "ringing" in page.evaluate("softphone.events"), 20, "the page rings", every=0.2)
    page.evaluate("softphone.answer()")
    until(lambda: "confirmed" in page.evaluate("softphone.events"), 20, "the page has answered", every=0.2)
    line.wait_call(caller, CallState.TALKING)
    until(lambda: abs(page.evaluate("softphone.heard()") - 700) < 20, 20, "the page hears the caller", every=0.2)
    until(lambda: caller.hears(1000), 20, "the caller hears the page", every=0.2)
