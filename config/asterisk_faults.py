"""The cross-checks of asterisk.yaml: trunks lead to regions that exist, and no two trunks claim the same caller."""

from __future__ import annotations

import ipaddress
import re
from itertools import combinations

from config.schema.areas import Areas
from config.schema.asterisk import Asterisk, SipTrunk
from config.yaml_file import YamlFile


def asterisk_faults(asterisk: Asterisk, areas: Areas, file: YamlFile) -> list[str]:
    """One line for each fault, with file and line."""
    known = {number for trunk in areas.trunks.values() for number in trunk.dialled}
    faults: list[str] = []
    for name, trunk in asterisk.trunks.items():
        if trunk.counts_as and trunk.counts_as not in known:
            faults.append(file.fault(("trunks", name, "counts_as"), f"no trunk of areas.yaml has {trunk.counts_as}"))
        strange = [number for number in trunk.numbers if number not in known]
        if strange and not trunk.counts_as:
            reason = f"{strange[0]} is no number of areas.yaml, and counts_as is missing"
            faults.append(file.fault(("trunks", name, "numbers"), reason))
    for (one, first), (other, second) in combinations(asterisk.trunks.items(), 2):
        if _overlap(first, second):
            faults.append(file.fault(("trunks", other, "identify"), f"overlaps with the addresses of {one}"))
    return faults + _outgoing_faults(asterisk, areas)


def _overlap(first: SipTrunk, second: SipTrunk) -> bool:
    ours = [ipaddress.ip_network(one, strict=False) for one in first.identify]
    theirs = [ipaddress.ip_network(one, strict=False) for one in second.identify]
    return any(a.version == b.version and a.overlaps(b) for a in ours for b in theirs)


def _outgoing_faults(asterisk: Asterisk, areas: Areas) -> list[str]:
    """Callers are called back by an endpoint that exists."""
    found = re.search(r"trunk-([a-z0-9-]+)", areas.outgoing)
    if found and found[1] not in asterisk.trunks:
        return [f"areas.yaml:1: outgoing: no trunk {found[1]!r} in asterisk.yaml"]
    return []
