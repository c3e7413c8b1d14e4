"""Names of devices: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``."""

from HCCResponseLib.base.errors import InputError


def device_parts(asked: str) -> tuple[str, int]:
    """``auto``, ``cpu`` or ``cuda``, and the number of the GPU. Raises ``InputError`` for any other name."""
    kind, _, number = asked.partition(":")
    if kind not in ("auto", "cpu", "cuda") or (number and not (kind == "cuda" and number.isdecimal())):
        raise InputError(f"Unknown device '{asked}'; use auto, cpu, cuda or cuda:N.")
    return kind, int(number or 0)
