"""The rendered configuration is what facts about Asterisk demand: no dead air, no lost redirect, no AGI at the end."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from config.operator import operator
from config.settings import settings
from config.yaml_file import ConfigError
from ivr.carriers import asterisk_dialplan
from ivr.carriers.asterisk_dialplan import render
from ivr.carriers.asterisk_secrets import read_secrets

pytestmark = pytest.mark.unit
# Of a Redirect or a Goto.
TARGETS = ("offer", "partner", "wait", "fallback", "meet", "join", "guest", "emergency", "do", "full")
STANDARD = {"i", "t", "T", "h"}


@dataclass
class Context:
    """Extensions of a context → their lines; and its labels."""

    lines: dict[str, list[str]] = field(default_factory=dict)
    labels: dict[str, set[str]] = field(default_factory=dict)

    def has(self, exten: str) -> bool:
        """Whether an extension exists, by name or by a pattern that starts alike."""
        return exten in self.lines or any(name.startswith("_") for name in self.lines)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of data of our own, rendered."""
    monkeypatch.setenv("SUAR_DATA", str(tmp_path))
    settings.cache_clear()
    render(tmp_path / "asterisk")
    yield tmp_path / "asterisk"
    monkeypatch.undo()
    settings.cache_clear()


def parse(path: Path) -> dict[str, Context]:
    contexts: dict[str, Context] = {}
    context, exten = "", ""
    for raw in path.read_text().splitlines():
        line = raw.strip()
        if line.startswith("["):
            context = line.strip("[]")
            contexts[context] = Context()
        elif found := re.match(r"exten => ([^,]+),1,(.*)", line):
            exten = found[1]
            contexts[context].lines.setdefault(exten, []).append(found[2])
        elif found := re.match(r"same => n(?:\((\w+)\))?,(.*)", line):
            contexts[context].lines[exten].append(found[2])
            if found[1]:
                contexts[context].labels.setdefault(exten, set()).add(found[1])
    return contexts


def dialplan(folder: Path) -> dict[str, Context]:
    return parse(folder / "etc" / "extensions.conf")


def assigned(line: str) -> list[str]:
    """What a line sets, in order: `NAME=value` each."""
    if found := re.fullmatch(r"Set\((.*)\)", line):
        return [found[1]]
    found = re.fullmatch(r"MSet\((.*)\)", line)
    return re.split(r",(?=[A-Z]\w*(?:\(\w+\))?=)", found[1]) if found else []


def test_every_target_of_a_redirect_has_an_invalid_extension(folder: Path) -> None:
    contexts = dialplan(folder)
    for name in TARGETS:
        assert "i" in contexts[name].lines, f"[{name}] drops a caller who is sent to a missing extension"


def test_a_channel_that_falls_between_two_lines_goes_on(folder: Path) -> None:
    """tests/journeys/test_asterisk_between_lines.py shows what happens otherwise."""
    assert "autofallthrough=no" in (folder / "etc" / "extensions.conf").read_text().splitlines()
    for name in (*TARGETS, "arrival", "step"):
        assert "t" in dialplan(folder)[name].lines, f"[{name}] hangs up on who falls between two lines"


def test_no_extension_ends_by_falling_off_its_end(folder: Path) -> None:
    for name, context in dialplan(folder).items():
        for exten, lines in context.lines.items():
            assert exten == "h" or re.match(r"(Hangup|Goto|Return)\(|GotoIf\(.*\?[^:]+:[^:]+\)$", lines[-1]), (
                name,
                exten,
                lines[-1],
            )


def test_every_target_takes_away_the_time_limit_of_a_step(folder: Path) -> None:
    contexts = dialplan(folder)
    for name in ("offer", "partner", "wait", "fallback", "emergency", "full"):
        for exten, lines in contexts[name].lines.items():
            if exten == "s" or exten.startswith("_[a-z]") or (name == "partner" and exten == "mitra"):
                assert assigned(lines[0])[0] == "TIMEOUT(absolute)=0", (name, exten)


def test_no_agi_outside_of_the_step_least_of_all_at_the_end(folder: Path) -> None:
    for name, context in dialplan(folder).items():
        for exten, lines in context.lines.items():
            asked = [line for line in lines if re.search(r"\bAGI\(", line)]
            assert not asked or (name, exten) == ("step", "s"), (name, exten)
            for line in lines:  # a handler may note something, and nothing that could take time
                if "hangup_handler" in line:
                    handler = dialplan(folder)[re.search(r"push\)=(\w+),s,1", line)[1]].lines["s"]  # type: ignore[index]
                    assert all(re.match(r"(ExecIf\(.*\?)?(Set|Return)\(", done) for done in handler), handler
            if exten == "h":
                assert not any("Gosub" in line for line in lines)


def test_the_step_is_guarded(folder: Path) -> None:
    lines = dialplan(folder)["step"].lines["s"]
    at = next(n for n, line in enumerate(lines) if line.startswith("AGI("))
    before = [one for line in lines[:at] for one in assigned(line)]
    for needed in ("SUAR_DO=", "SUAR_ACK=", "TIMEOUT(absolute)=2.5", "AGIEXITONHANGUP=yes"):
        assert needed in before
    # What was answered without this step's token is no answer.
    obeyed = 'SUAR_DO=${IF($["${SUAR_ACK}"="${SUAR_T}"]?${SUAR_DO}:)}'
    assert assigned(lines[at + 1]) == ["TIMEOUT(absolute)=0", obeyed]
    assert lines[at + 2] == "Return()"


def _targets(line: str) -> Iterator[list[str]]:
    if found := re.match(r"Goto\((.*)\)$", line):
        yield found[1].split(",")
    if found := re.match(r"Gosub\((\w+),(\w+),1", line):
        yield [found[1], found[2], "1"]
    if line.startswith("GotoIf("):
        for target in re.split(r"(?<!\"):", line[line.rindex("?") + 1 : -1]):
            yield target.split(",")


def test_every_goto_leads_somewhere(folder: Path) -> None:
    contexts = dialplan(folder)
    for name, context in contexts.items():
        for exten, lines in context.lines.items():
            for line in lines:
                for parts in _targets(line):
                    label = parts[-1]
                    to_exten = parts[-2] if len(parts) > 1 else exten
                    to_context = parts[-3] if len(parts) > 2 else name
                    assert to_context in contexts, (name, exten, line)
                    if "${" in to_exten:
                        assert "i" in contexts[to_context].lines
                        continue
                    assert contexts[to_context].has(to_exten), (name, exten, line)
                    if not label.isdigit():
                        assert label in contexts[to_context].labels.get(to_exten, set()), (name, exten, line)


def test_what_a_caller_writes_freely_goes_no_further_than_the_arrival(folder: Path) -> None:
    arrival = dialplan(folder)["arrival"].lines["s"]
    step = next(n for n, line in enumerate(arrival) if "Gosub(step" in line)
    for cleaned in ("CALLERID(name)", "CALLERID(num)", "CALLERID(ani)", "CALLERID(dnid)", "CALLERID(rdnis)"):
        made = (one for line in arrival[:step] for one in assigned(line))
        assert any(one.startswith(f"{cleaned}=") for one in made), cleaned


def test_a_leg_tells_its_caller_by_the_channel_not_by_who_was_there_first(folder: Path) -> None:
    """Of a caller who is called back the first channel was a CSO's, who may have passed the call on."""
    text = (folder / "etc" / "extensions.conf").read_text()
    assert "MASTER_CHANNEL" not in text
    assert "load=func_export.so" in (folder / "etc" / "modules.conf").read_text()
    # A CSO, a called-back caller, a partner, the telephone outside.
    assert len(re.findall(r"EXPORT\(\$\{ARG\d\},SUAR_", text)) == 4


def test_the_call_does_not_inherit_to_other_legs(folder: Path) -> None:
    assert "__SUAR" not in (folder / "etc" / "extensions.conf").read_text()


def test_level_four_asks_nobody(folder: Path) -> None:
    arrival = dialplan(folder)["arrival"].lines["s"]
    level = next(n for n, line in enumerate(arrival) if "SUAR_LEVEL" in line)
    assert level < next(n for n, line in enumerate(arrival) if "Gosub(step" in line)
    full = dialplan(folder)["full"].lines
    assert not any("Gosub" in line for lines in full.values() for line in lines)
    played = [line for line in full["s"] if "Background" in line]
    assert played == ['Background(suar/front${IF($["${SUAR_ANI}"=""]?-withheld:)})'], "not that a person comes"


def test_the_contexts_of_ours_are_known_by_their_names(folder: Path) -> None:
    ours = {name for name in dialplan(folder) if not name.startswith("from-")} - {"general", "globals"}
    assert ours <= asterisk_dialplan.contexts()
    assert {"general", "globals"}.isdisjoint(asterisk_dialplan.contexts())


def test_after_how_long_without_sound_a_call_ends_is_a_setting(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "rtp_timeout=30\n" in (folder / "etc" / "pjsip.conf").read_text()
    monkeypatch.setenv("SUAR_RTP_TIMEOUT", "0")
    settings.cache_clear()
    assert "pjsip.conf" in render(folder)
    assert "rtp_timeout=0\n" in (folder / "etc" / "pjsip.conf").read_text()


def test_everything_listens_on_the_loopback_only(folder: Path) -> None:
    for name, key in (("pjsip.conf", "bind"), ("manager.conf", "bindaddr"), ("http.conf", "bindaddr")):
        text = (folder / "etc" / name).read_text()
        assert all(value.startswith("127.0.0.1") for value in re.findall(rf"^{key}=(.*)$", text, re.M)), name


def test_secrets_are_made_once_and_for_the_owner_alone(folder: Path) -> None:
    first = read_secrets(folder)
    render(folder)
    assert read_secrets(folder) == first
    assert stat.S_IMODE((folder / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "etc" / "pjsip.conf").stat().st_mode) == 0o600
    assert first.telephones["darurat"] in (folder / "etc" / "pjsip.conf").read_text()


@pytest.mark.parametrize("address", ["sip:mitra@host,20,gm)\n", "mitra", "sip:mitra@h;x=${SHELL(id)}"])
def test_an_address_that_would_write_dialplan_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    files = operator()
    mitra = files.partners.partners["mitra"].model_copy(update={"asterisk": address})
    partners = files.partners.model_copy(update={"partners": {"mitra": mitra}})
    changed = replace(files, partners=partners)
    monkeypatch.setattr(asterisk_dialplan, "operator", lambda: changed)
    with pytest.raises(ConfigError):
        render(folder)


def test_a_telephone_that_rings_outside_does_not_count_as_a_conversation(folder: Path) -> None:
    lines = dialplan(folder)["emergency"].lines["s"]
    assert "Set(SUAR_BUSY=)" in lines[: next(n for n, line in enumerate(lines) if line.startswith("Dial("))]
    assert "Set(SUAR_BUSY=emergency)" not in lines
    assert "Set(EXPORT(${ARG2},SUAR_BUSY)=emergency)" in dialplan(folder)["onemergency"].lines["s"]


def test_at_level_four_only_who_hung_up_in_the_announcement_is_told_as_served(folder: Path) -> None:
    told = [exten for exten, lines in dialplan(folder)["full"].lines.items() if any("SuarFull" in one for one in lines)]
    assert told == ["h"]


def test_an_emergency_in_line_that_nobody_answers_for_is_rung_a_telephone(folder: Path) -> None:
    lines = dialplan(folder)["wait"].lines["s"]
    asked = next(n for n, line in enumerate(lines) if "Gosub(step,s,1(waiting))" in line)
    assert any('"${SUAR_EMG}"="1"]?emergency' in line for line in lines[asked:])


def test_every_leg_of_ours_says_which_pool_it_belongs_to(folder: Path) -> None:
    text = (folder / "etc" / "extensions.conf").read_text()
    for dialled in ("predial", "prepartner", "precallback"):
        made = re.findall(rf"b\({dialled}\^s\^1\(([^)]*)\)", text)
        assert made
        assert all(one.endswith("^${SUAR_POOL}") for one in made), dialled
        assert any(line.startswith("Set(SUAR_POOL=${ARG") for line in dialplan(folder)[dialled].lines["s"])


def test_each_pool_on_one_asterisk_has_a_level_of_its_own(folder: Path) -> None:
    text = (folder / "etc" / "extensions.conf").read_text()
    assert set(re.findall(r"SUAR_LEVEL\w*", text)) == {"SUAR_LEVEL_main"}
