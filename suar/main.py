"""The command line: one verb per process and per errand."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from suar.processes import PROCESSES, VERBS, WRONG_SETTING, Entry, run

app = typer.Typer(
    help="Suar: the hotline that stays up when the grid goes down.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
ivr = typer.Typer(help="The menu callers hear.", no_args_is_help=True)
prompts = typer.Typer(help="What is spoken.", no_args_is_help=True)
scripts = typer.Typer(help="What CSOs say.", no_args_is_help=True)
asterisk = typer.Typer(help="The telephone exchange.", no_args_is_help=True)
twilio = typer.Typer(help="The carrier Twilio.", no_args_is_help=True)
account = typer.Typer(help="Who may log in.", no_args_is_help=True)
key = typer.Typer(help="Keys of programs that use the API.", no_args_is_help=True)
importing = typer.Typer(help="Data from files.", no_args_is_help=True)
for name, group in (
    ("account", account),
    ("key", key),
    ("ivr", ivr),
    ("prompts", prompts),
    ("scripts", scripts),
    ("asterisk", asterisk),
    ("twilio", twilio),
    ("import", importing),
):
    app.add_typer(group, name=name)


@app.command("up")
def up() -> None:
    """Run everything here: store, database, processes and, if set, Asterisk. Ctrl-C stops it."""
    run("suar", Entry("suar.up:up", ""))


def _process(verb: str) -> Callable[[], None]:
    def start() -> None:
        run(verb, PROCESSES[verb])

    return start


for verb, entry in PROCESSES.items():
    app.command(verb, help=f"One process: {entry.what}.")(_process(verb))


@app.command("migrate")
def migrate() -> None:
    """Bring the database to the newest version."""
    run("migrate", VERBS["migrate"])


@app.command("seed")
def seed(
    demo: Annotated[bool, typer.Option("--demo", help="The demo utility; again changes nothing.")] = False,
) -> None:
    """Fill the database; prints one JSON line last."""
    if not demo:
        _refuse("What to seed? Only `suar seed --demo` exists.")
    print(json.dumps(run("seed", VERBS["seed"]), ensure_ascii=False))


@app.command("prepare", hidden=True)
def prepare() -> None:
    """Everything `suar up` does before the first process starts."""
    print(json.dumps(run("prepare", Entry("suar.prepare:prepare", "")), ensure_ascii=False))


@app.command("doctor")
def doctor() -> None:
    """Look at store, database, configuration and Asterisk; exit code 1 when something is wrong."""
    findings: list[tuple[str, bool, str]] = run("doctor", Entry("suar.doctor:examine", ""))
    for what, fine, sentence in findings:
        print(f"{'ok ' if fine else 'BAD'}  {what:<14} {sentence}")
    if not all(fine for _, fine, _ in findings):
        raise SystemExit(1)


@app.command("bench")
def bench(
    name: str,
    *,
    runs: Annotated[int, typer.Option(min=1, help="How often; figures are medians")] = 5,
    quick: Annotated[bool, typer.Option("--quick", help="Tiny counts: does it run? The figures mean nothing.")] = False,
) -> None:
    """Measure; a table, and as the last line one JSON object. NAME: router, peers, search, outages, detection, ivr."""
    report = run("bench", VERBS["bench"], name, runs, quick)
    print(report.table())
    print(report.line())


@asterisk.command("render")
def asterisk_render(
    folder: Path,
    *,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on, and have Asterisk read what changes: accounts, trunks, settings.")
    ] = False,
) -> None:
    """Write the configuration of this machine's Asterisk into FOLDER."""
    run("asterisk", VERBS["asterisk-keep" if watch else "asterisk-render"], folder)


@twilio.command("fallback")
def twilio_fallback(
    folder: Path,
    *,
    at: Annotated[str, typer.Option(help="The address below which the files will be served: another host than this")],
) -> None:
    """Write what callers hear while nothing of ours answers; another host serves it (docs/twilio.md)."""
    for path in run("twilio", VERBS["twilio-fallback"], folder, at):
        print(path)


@account.command("put")
def account_put(
    login: str,
    *,
    role: Annotated[str, typer.Option(help="cso supervisor director operator crew partner engineer")],
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
    name: Annotated[str, typer.Option(help="As it is spoken: PLN 123, dengan …")] = "",
    queue: Annotated[
        list[str] | None, typer.Option(help="A CSO's queue, or queue:proficiency (1 to 5); again for more; none = all")
    ] = None,
    skill: Annotated[
        list[str] | None, typer.Option(help="A CSO's skill, language or region: en:4, region-31:3; again for more")
    ] = None,
    partner: Annotated[str, typer.Option(help="The partner's name in partners.yaml")] = "",
    endpoint: Annotated[str, typer.Option(help="A CSO's telephone on Asterisk, if not called as the login")] = "",
) -> None:
    """Create an account, or give an existing one other data and a new password. Asks for the password."""
    wanted = {"login": login, "name": name or login, "role": role, "password": password}
    serves = {"queues": tuple(queue or ()), "skills": tuple(skill or ())}
    run("account", VERBS["account-put"], {**wanted, **serves, "partner": partner, "endpoint": endpoint})
    print(f"{login} may log in as {role}.")


@account.command("close")
def account_close(login: str) -> None:
    """Nobody logs in with this account any more; whoever is logged in is logged out. `put` opens it again."""
    run("account", VERBS["account-close"], login)
    print(f"{login} may not log in any more.")


@key.command("create")
def key_create(
    name: str,
    *,
    scope: Annotated[list[str], typer.Option(help="What it opens; again for more; * = all (accounts only)")],
    account: Annotated[str, typer.Option(help="Acts as this login; without: an application's key")] = "",
    owner: Annotated[str, typer.Option(help="Who answers for the application")] = "",
    channel: Annotated[str, typer.Option(help="How an application's reports are said to have come")] = "app",
    per_minute: Annotated[int, typer.Option(help="Requests per minute")] = 600,
) -> None:
    """Make an API key. It is printed now and never again."""
    wanted = {"name": name, "scopes": tuple(scope), "account": account, "owner": owner}
    print(run("key", VERBS["key-create"], {**wanted, "channel": channel, "per_minute": per_minute}))


@key.command("list")
def key_list() -> None:
    """Every key: name, state, whom it acts as, scopes, requests per minute, created, last used."""
    for row in run("key", VERBS["key-list"]):
        print("\t".join(row))


@key.command("revoke")
def key_revoke(name: str) -> None:
    """Take a key back; it opens nothing from now on."""
    run("key", VERBS["key-revoke"], name)
    print(f"{name} opens nothing any more.")


@importing.command("customers")
def import_customers(
    file: Path,
    *,
    rejects: Annotated[Path | None, typer.Option(help="Bad lines are set aside here; default FILE.rejects.csv")] = None,
) -> None:
    """Add and change customers by IDPEL from a CSV file (docs/search.md). Stopped at any moment it goes on from there.

    Exit code 1: some lines were bad and are set aside.
    """
    with typer.progressbar(length=0, label="Customers", file=sys.stderr) as bar:

        def progress(done: int, size: int) -> None:
            bar.length = size
            bar.update(done - bar.pos)

        aside = rejects or file.with_suffix(".rejects.csv")
        done = run("import", VERBS["import-customers"], file, aside, progress)
    again = "The file had been imported already; nothing was changed. " if done.before else ""
    print(f"{again}{done.added} added, {done.changed} changed, {done.same} the same, {done.bad} bad.")
    if done.bad:
        print(f"Bad lines are in {aside}: correct them there and import that file.")
        raise SystemExit(1)


@ivr.command("check")
def ivr_check() -> None:
    """Check the operator's files: areas, queues, partners, menu, prompts, statements."""
    raise SystemExit(run("ivr", VERBS["ivr-check"]))


@ivr.command("draw")
def ivr_draw() -> None:
    """The menu as a Mermaid flowchart."""
    print(run("ivr", VERBS["ivr-draw"]), end="")


@prompts.command("render")
def prompts_render() -> None:
    """Render every prompt to sound."""
    run("prompts", VERBS["prompts-render"])


@prompts.command("list")
def prompts_list() -> None:
    """Every prompt with its text."""
    run("prompts", VERBS["prompts-list"])


@scripts.command("check")
def scripts_check() -> None:
    """Check what CSOs say, and read every sentence aloud."""
    raise SystemExit(run("scripts", VERBS["scripts-check"]))


def _later(group: typer.Typer, verb: str, what: str) -> None:
    def refuse() -> None:
        _refuse(f"`{verb}` ({what}) is not part of this version yet.")

    # Whatever arguments it will take one day, today's answer is the same.
    context = {"allow_extra_args": True, "ignore_unknown_options": True}
    group.command(verb.rsplit(maxsplit=1)[-1], help=f"{what} (not yet).", context_settings=context)(refuse)


_later(app, "replay", "A blackout again, on a virtual clock")


def _refuse(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise SystemExit(WRONG_SETTING)
