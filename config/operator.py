"""Everything the operator edits, loaded, checked and cross-checked together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from config.asterisk_faults import asterisk_faults
from config.menu_faults import menu_faults
from config.schema.areas import Area, Areas, Unit
from config.schema.asterisk import Asterisk
from config.schema.base import names_in
from config.schema.compensation import Compensation
from config.schema.detection import Detection
from config.schema.dispatch import Dispatch
from config.schema.incidents import Incidents
from config.schema.kpi import Kpi
from config.schema.menu import Menu
from config.schema.messages import HAZARD, Messages
from config.schema.notices import Notices
from config.schema.overflow import Partners
from config.schema.prompts import Prompts
from config.schema.queues import Queues
from config.schema.reports import UNSAID_COMPLAINT, UNSAID_FAULT, Reports
from config.schema.rules import Rules
from config.schema.scripts import Scripts
from config.schema.statements import Statements
from config.schema.surge import Surge
from config.settings import settings
from config.yaml_file import ConfigError, YamlFile


@dataclass(frozen=True)
class Operator:
    """The operator's files as values."""

    areas: Areas
    queues: Queues
    partners: Partners
    statements: Statements
    menu: Menu
    prompts: Prompts
    surge: Surge
    rules: Rules
    scripts: Scripts
    reports: Reports
    messages: Messages
    notices: Notices
    dispatch: Dispatch
    kpi: Kpi
    compensation: Compensation
    detection: Detection
    incidents: Incidents
    asterisk: Asterisk

    def unit_of(self, code: str) -> tuple[str, Unit]:
        """The UP3 (code, unit) that serves an area."""
        key = self._inherited(code, lambda area: area.unit)
        return key, self.areas.units[key]

    def ulp_of(self, code: str) -> str:
        """The ULP code that serves an area."""
        return self._inherited(code, lambda area: area.ulp)

    def only_ulp(self, code: str) -> str | None:
        """The ULP of an area that has but one; None for a town or region with several, and for an unknown one."""
        within = self._ulp_within.get(code)
        if within is not None:
            return next(iter(within)) if len(within) == 1 else None
        try:
            return self.ulp_of(code)
        except KeyError:
            return None

    def areas_of_ulp(self, ulp: str) -> list[str]:
        """The listed areas that a ULP serves, those inside another one left out; none for an unknown ULP."""
        return self._areas_by_ulp.get(ulp, [])

    @cached_property
    def _ulp_within(self) -> dict[str, frozenset[str]]:
        """Area, listed or around listed ones → the ULP of all that is listed in it."""
        found: dict[str, set[str]] = {}
        for code in self.areas.areas:
            for around in prefixes(code):
                found.setdefault(around, set()).add(self.ulp_of(code))
        return {code: frozenset(ulp) for code, ulp in found.items()}

    @cached_property
    def shared_areas(self) -> dict[str, frozenset[str]]:
        """Listed areas with two ULPs or more → these."""
        return {code: ulps for code, ulps in self._ulp_within.items() if len(ulps) > 1 and code in self.areas.areas}

    @cached_property
    def _areas_by_ulp(self) -> dict[str, list[str]]:
        """Of a ULP that has no area for itself, those that name it."""
        own, named = dict[str, list[str]](), dict[str, list[str]]()
        for code in sorted(self.areas.areas):
            ulp = self.ulp_of(code)
            named.setdefault(ulp, []).append(code)
            if len(self._ulp_within[code]) == 1 and not set(prefixes(code)) & set(own.get(ulp, ())):
                own.setdefault(ulp, []).append(code)
        return {**named, **own}

    def area_name(self, code: str) -> str:
        """As it is spoken; the nearest known shorter code when this one is not listed."""
        for known in prefixes(code):
            if known in self.areas.areas:
                return self.areas.areas[known].name
        raise KeyError(code)

    def _inherited(self, code: str, pick: Callable[[Area], str | None]) -> str:
        for known in prefixes(code):
            value = pick(self.areas.areas[known]) if known in self.areas.areas else None
            if value:
                return value
        raise KeyError(code)


def prefixes(code: str) -> list[str]:
    """`19.71.02` → [`19.71.02`, `19.71`, `19`]: an outage on any of these covers the area."""
    parts = code.split(".")
    return [".".join(parts[:n]) for n in range(len(parts), 0, -1)]


def load(folder: Path) -> Operator:
    """Read every file of `folder`; raises ConfigError with file, line and reason for each fault."""
    called = ("areas", "queues", "partners", "statements", "menu", "prompts", "surge")
    told = (
        *("rules", "scripts", "reports", "messages", "notices", "dispatch"),
        *("kpi", "detection", "incidents", "compensation", "asterisk"),
    )
    files = {name: YamlFile(folder / f"{name}.yaml") for name in (*called, *told)}
    operator = Operator(
        areas=files["areas"].parse(Areas),
        queues=files["queues"].parse(Queues),
        partners=files["partners"].parse(Partners),
        statements=files["statements"].parse(Statements),
        menu=files["menu"].parse(Menu),
        prompts=files["prompts"].parse(Prompts),
        surge=files["surge"].parse(Surge),
        rules=files["rules"].parse(Rules),
        scripts=files["scripts"].parse(Scripts),
        reports=files["reports"].parse(Reports),
        messages=files["messages"].parse(Messages),
        notices=files["notices"].parse(Notices),
        dispatch=files["dispatch"].parse(Dispatch),
        kpi=files["kpi"].parse(Kpi),
        compensation=files["compensation"].parse(Compensation),
        detection=files["detection"].parse(Detection),
        incidents=files["incidents"].parse(Incidents),
        asterisk=files["asterisk"].parse(Asterisk),
    )
    faults = [*_area_faults(operator, files["areas"]), *_queue_faults(operator, files["queues"])]
    faults += _statement_faults(operator, files["statements"])
    faults += _surge_faults(operator, files["surge"])
    faults += _report_faults(operator, files["reports"])
    faults += _rule_faults(operator, files["rules"])
    faults += _message_faults(operator, files["messages"])
    faults += _dispatch_faults(operator, files["dispatch"])
    faults += _incident_faults(operator, files["incidents"])
    faults += _compensation_faults(operator, files["compensation"])
    faults += asterisk_faults(operator.asterisk, operator.areas, files["asterisk"])
    faults += menu_faults(operator.menu, operator.prompts, operator.queues, files["menu"])
    faults += _own_number_faults(operator, files["menu"])
    if faults:
        raise ConfigError(faults)
    return operator


def _own_number_faults(operator: Operator, file: YamlFile) -> list[str]:
    """A number that nobody can dial, or whose region is not known, would be a promise to a hospital."""
    known = {number for trunk in operator.areas.trunks.values() for number in trunk.dialled}
    return [
        file.fault(("own_numbers", number), "no trunk of areas.yaml has it among its `dialled`")
        for number in operator.menu.own_numbers
        if number not in known
    ]


def _area_faults(operator: Operator, file: YamlFile) -> list[str]:
    areas = operator.areas
    faults = [fault for code in areas.areas for fault in _one_area_faults(operator, file, code)]
    owners: dict[str, str] = {}
    for key, unit in areas.units.items():
        if unit.prefix in owners:
            faults.append(file.fault(("units", key, "prefix"), f"{unit.prefix} is already {owners[unit.prefix]}'s"))
        owners[unit.prefix] = key
    faults += _ulp_faults(areas, file)
    for key, trunk in areas.trunks.items():
        if trunk.region not in areas.areas:
            faults.append(file.fault(("trunks", key, "region"), f"no area {trunk.region}"))
        if trunk.emergency_lines and trunk.emergency_lines >= (trunk.lines or 0):
            faults.append(file.fault(("trunks", key, "emergency_lines"), "must be fewer than the trunk's lines"))
    if areas.default_trunk not in areas.trunks:
        faults.append(file.fault(("default_trunk",), f"no trunk {areas.default_trunk!r}"))
    if areas.emergency_lines >= areas.lines:
        faults.append(file.fault(("emergency_lines",), "must be fewer than lines"))
    return faults


def _ulp_faults(areas: Areas, file: YamlFile) -> list[str]:
    """An outage of a ULP names it without its unit."""
    homes: dict[str, str] = {}
    faults = []
    for key, unit in areas.units.items():
        for ulp in unit.ulp:
            if ulp in homes:
                faults.append(file.fault(("units", key, "ulp", ulp), f"{ulp!r} is already a ULP of {homes[ulp]}"))
            homes[ulp] = key
    return faults


def _statement_faults(operator: Operator, file: YamlFile) -> list[str]:
    languages = {(): operator.statements, ("en",): operator.statements.en}
    return [
        file.fault((*loc, "holding_by_region", code), f"no area {code}")
        for loc, words in languages.items()
        if words is not None
        for code in words.holding_by_region
        if code not in operator.areas.areas
    ]


def _message_faults(operator: Operator, file: YamlFile) -> list[str]:
    """A word must lead to one category, and danger to the one that is for it."""
    faults = []
    for code in operator.messages.categories:
        kinds = [kind for kind in "GKP" if code in operator.reports.of(kind)]
        if len(kinds) != 1:
            reason = f"no category {code!r} in reports.yaml" if not kinds else f"a category of {' and '.join(kinds)}"
            faults.append(file.fault(("categories", code), reason))
    if HAZARD not in operator.messages.categories or HAZARD not in operator.reports.faults:
        faults.append(file.fault(("categories",), f"the words of the fault {HAZARD!r} are missing"))
    return faults


def _surge_faults(operator: Operator, file: YamlFile) -> list[str]:
    named: list[tuple[str | int, ...]] = [("normal", code) for code in operator.surge.normal]
    named += [("levels", n, "gaps", code) for n, level in operator.surge.levels.items() for code in level.gaps]
    return [file.fault(place, f"no area {place[-1]}") for place in named if place[-1] not in operator.areas.areas]


def _report_faults(operator: Operator, file: YamlFile) -> list[str]:
    """What the telephone menu and the channels without a person rely on."""
    reports = operator.reports
    unsaid = (("faults", reports.faults, UNSAID_FAULT), ("complaints", reports.complaints, UNSAID_COMPLAINT))
    faults = [
        file.fault((key,), f"needs {code!r}, for who does not say") for key, known, code in unsaid if code not in known
    ]
    for key, known, code in unsaid:
        if code in known and any(field.required for field in known[code].fields):
            faults.append(file.fault((key, code, "fields"), "nothing can be asked of who does not say"))
        if code in known and known[code].premises:
            faults.append(file.fault((key, code, "premises"), "nothing can be asked of who does not say"))
    return faults


def _rule_faults(operator: Operator, file: YamlFile) -> list[str]:
    known = operator.reports.faults
    return [
        file.fault(("one_building", at), f"no fault {code!r} in reports.yaml")
        for at, code in enumerate(operator.rules.one_building)
        if code not in known
    ]


def _dispatch_faults(operator: Operator, file: YamlFile) -> list[str]:
    rules = operator.dispatch
    every_ulp = {ulp for unit in operator.areas.units.values() for ulp in unit.ulp}
    named: list[tuple[tuple[str | int, ...], str]] = [(("faults", code), skill) for code, skill in rules.faults.items()]
    named += [(("usual_skills", at), skill) for at, skill in enumerate(rules.usual_skills)]
    named += [(("fault_location",), rules.fault_location)] if rules.fault_location else []
    return [
        *(file.fault(("radius_by_ulp", ulp), f"no ULP {ulp!r}") for ulp in rules.radius_by_ulp if ulp not in every_ulp),
        *(
            file.fault(("faults", code), f"no fault {code!r} in reports.yaml")
            for code in rules.faults
            if code not in operator.reports.faults
        ),
        *(file.fault(place, f"no skill {skill!r}") for place, skill in named if skill not in rules.skills),
    ]


def _incident_faults(operator: Operator, file: YamlFile) -> list[str]:
    """Categories that exist, and one length of the 1×24 h."""
    rules, reports = operator.incidents, operator.reports
    every = {code for kind in "GKP" for code in reports.of(kind)}
    faults = [
        file.fault(("impact", code), f"no fault {code!r}") for code in rules.impact.keys() - reports.faults.keys()
    ]
    faults += [file.fault(("urgency", code), f"no category {code!r}") for code in rules.urgency.keys() - every]
    if rules.clocks.answer.late != reports.response_hours * 60:
        faults.append(file.fault(("clocks", "answer", "late"), "must be the response_hours of reports.yaml"))
    return faults


def _compensation_faults(operator: Operator, file: YamlFile) -> list[str]:
    """Only faults can be dark, and only units that exist have declared anything."""
    table, units = operator.compensation, operator.areas.units
    faults = [
        file.fault(("dark_faults", at), f"no fault {code!r} in reports.yaml")
        for at, code in enumerate(table.dark_faults)
        if code not in operator.reports.faults
    ]
    for at, one in enumerate(table.declared):
        if one.unit is not None and one.unit not in units:
            faults.append(file.fault(("declared", at, "unit"), f"no unit {one.unit!r}"))
        elif one.ulp is not None and one.ulp not in units[one.unit or ""].ulp:
            faults.append(file.fault(("declared", at, "ulp"), f"{one.unit} has no ULP {one.ulp!r}"))
    return faults


def _one_area_faults(operator: Operator, file: YamlFile, code: str) -> list[str]:
    area = operator.areas.areas[code]
    if area.unit and area.unit not in operator.areas.units:
        return [file.fault(("areas", code, "unit"), f"no unit {area.unit!r}")]
    try:
        (name, unit), ulp = operator.unit_of(code), operator.ulp_of(code)
    except KeyError:
        return [file.fault(("areas", code), "neither it nor a shorter code names a known unit and a ulp")]
    return [] if ulp in unit.ulp else [file.fault(("areas", code), f"{name} has no ULP {ulp!r}")]


def _queue_faults(operator: Operator, file: YamlFile) -> list[str]:
    queues = operator.queues
    faults = [
        file.fault((key,), f"no queue {name!r}")
        for key, name in (("last_resort", queues.last_resort), ("emergency", queues.emergency))
        if name not in queues.queues
    ]
    faults += [
        file.fault(("recall", "queue"), f"no queue {name!r}")
        for name in (queues.recall.queue,)
        if name and name not in queues.queues
    ]
    if queues.emergency in queues.queues and not queues.queues[queues.emergency].emergency:
        faults.append(file.fault(("queues", queues.emergency), "the emergency queue must say `emergency: true`"))
    for name, queue in queues.queues.items():
        faults += _overflow_faults(operator, file, name)
        for at, key in enumerate(queue.announce.prompts):
            prompt = operator.prompts.prompts.get(key)
            reason = f"no sentence {key!r} in prompts.yaml" if prompt is None else "nothing fills in its placeholders"
            if prompt is None or names_in(prompt.id):
                faults.append(file.fault(("queues", name, "announce", "prompts", at), reason))
    return faults


def _overflow_faults(operator: Operator, file: YamlFile, name: str) -> list[str]:
    """Ordinary callers go to partners, emergencies to a telephone outside: neither to the other's."""
    queue, known = operator.queues.queues[name], operator.partners.partners
    faults = []
    for at, partner in enumerate(queue.overflow.partners if queue.overflow else []):
        if partner not in known or known[partner].outside:
            why = f"no partner {partner!r}" if partner not in known else f"{partner!r} is for emergencies alone"
            faults.append(file.fault(("queues", name, "overflow", "partners", at), why))
    if queue.outside:
        outside = known.get(queue.outside.partner)
        if not queue.emergency:
            faults.append(file.fault(("queues", name, "outside"), "only the emergency queue may have it"))
        if outside is None or not outside.outside:
            reason = f"no partner {queue.outside.partner!r} with `outside: true`"
            faults.append(file.fault(("queues", name, "outside", "partner"), reason))
    return faults


def stamps(folder: Path) -> dict[str, int]:
    """When each of the operator's files was changed, ns."""
    return {file.name: file.stat().st_mtime_ns for file in folder.glob("*.yaml")}


@lru_cache(maxsize=1)
def operator() -> Operator:
    """The operator's files of this process, read once."""
    return load(settings().config_dir)
