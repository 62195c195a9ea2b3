"""areas.yaml: the organisation (UP3, ULP), the areas callers live in, and the trunks calls come by."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from config.schema.base import Shape

Code = Annotated[str, Field(pattern=r"^\d{2}(\.\d{2}){0,3}$", description="Kemendagri code, e.g. 19.71.02")]
Zone = Literal["WIB", "WITA", "WIT"]


class Unit(Shape):
    """A UP3 (Unit Pelaksana Pelayanan Pelanggan). `prefix` starts its report numbers: two digits, one unit each."""

    name: str
    prefix: str = Field(pattern=r"^\d{2}$")
    zone: Zone
    ulp: dict[str, str] = Field(description="ULP code → name", min_length=1)


class Area(Shape):
    """A district or town. An outage on `19.71` covers `19.71.02`."""

    name: str = Field(description="As it is spoken.")
    unit: str | None = Field(default=None, description="UP3 code; inherited from the shorter code when absent")
    ulp: str | None = Field(default=None, description="ULP code; inherited likewise")


class Trunk(Shape):
    """People dial area code + 123, so the trunk names a region (an area code of two or four digits)."""

    region: Code
    dialled: list[str] = Field(min_length=1, description="Numbers that arrive on it, digits only, e.g. 021123")
    lines: int | None = Field(default=None, gt=0, description="Its own lines; absent: as many as there are in total.")
    emergency_lines: int = Field(default=0, ge=0, description="The last of its own lines, kept for emergencies.")


class Areas(Shape):
    units: dict[str, Unit]
    areas: dict[Code, Area]
    trunks: dict[str, Trunk]
    default_trunk: str
    lines: int = Field(gt=0, description="Calls at the same time on all trunks together.")
    emergency_lines: int = Field(ge=0, description="The last lines, kept for calls that may be emergencies.")
    outgoing: str = Field(
        default="PJSIP/{number}@trunk", description="How Asterisk dials a caller who is called back; {number} is E.164."
    )
