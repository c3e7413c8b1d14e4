"""Finds files of the ``Resources`` folder in every layout: installed wheel, installed extension, source checkout."""

from pathlib import Path

from HCCResponseLib.base.errors import HCCResponseError


def resource_path(relative: str) -> Path:
    """Absolute path of a shipped resource such as ``Profiles/recist-1.1.yaml``.

    Raises:
        HCCResponseError: the file is in none of the known layouts (a damaged installation).
    """
    # The library's own folder, the module's and the checkout's.
    for folder in Path(__file__).resolve().parents[1:4]:
        candidate = folder / "Resources" / relative
        if candidate.exists():
            return candidate
    raise HCCResponseError(
        f"Resource '{relative}' is missing from this installation; reinstall the software."
    )
