"""asterisk.yaml: what an operator can get wrong is said with file and line."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.operator import load
from config.settings import HERE
from config.yaml_file import ConfigError

pytestmark = pytest.mark.unit
TRUNK = {"host": "sbc.carrier.example", "identify": ["203.0.113.0/28"]}


def loaded(folder: Path, telephones: dict[str, Any] | None = None, **trunks: Any) -> Any:
    made = folder / "utility"
    if not made.exists():
        shutil.copytree(HERE / "utility", made)
    (made / "asterisk.yaml").write_text(yaml.safe_dump({"trunks": trunks, "telephones": telephones or {}}))
    return load(made).asterisk


def test_a_law_comes_first_unless_an_operator_says_otherwise(tmp_path: Path) -> None:
    found = loaded(tmp_path, telkom=TRUNK)
    assert found.trunks["telkom"].codecs == ["alaw", "ulaw"]
    assert found.telephones.codecs == ["alaw", "ulaw"]


@pytest.mark.parametrize(
    ("trunks", "said"),
    [
        ({"telkom": {"host": "h"}}, "needs identify"),
        ({"telkom": TRUNK | {"identify": ["sbc"]}}, "an address or a network"),
        ({"telkom": TRUNK | {"encryption": "sdes"}}, "needs transport: tls"),
        ({"telkom": TRUNK | {"codecs": ["opus", "alaw"]}}, "opus before others"),
        ({"telkom": TRUNK | {"codecs": ["alaw", "alaw"]}}, "twice"),
        ({"telkom": TRUNK | {"codecs": ["g729"]}}, "codecs"),
        ({"telkom": TRUNK | {"counts_as": "0999"}}, "no trunk of areas.yaml has 0999"),
        ({"telkom": TRUNK | {"numbers": ["6221123"]}}, "counts_as is missing"),
        ({"telkom": TRUNK, "lain": TRUNK | {"identify": ["203.0.113.4"]}}, "overlaps"),
        ({"telkom": TRUNK | {"host": "h\nallow=all"}}, "host"),
        ({"Telkom": TRUNK}, "Telkom"),
    ],
)
def test_what_is_refused(tmp_path: Path, trunks: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as refused:
        loaded(tmp_path, **trunks)
    assert "asterisk.yaml:" in str(refused.value)


def test_callers_are_called_back_by_a_trunk_that_exists(tmp_path: Path) -> None:
    loaded(tmp_path)
    areas = tmp_path / "utility" / "areas.yaml"
    areas.write_text(areas.read_text() + '\noutgoing: "PJSIP/{number}@trunk-telkom"\n')
    loaded(tmp_path, telkom=TRUNK)
    with pytest.raises(ConfigError, match="no trunk 'telkom'"):
        loaded(tmp_path)
