"""Finds files of the ``Resources`` folder in every layout: installed wheel, installed extension, source checkout."""

from pathlib import Path

from HCCResponseLib.base.errors import HCCResponseError


def resource_roots() -> tuple[Path, ...]:
    """Folders that may hold the resources, most specific first."""
    library = Path(__file__).resolve().parents[1]
    return (library / "Resources", library.parent / "Resources", library.parent.parent / "Resources")


def resource_path(relative: str) -> Path:
    """Absolute path of a shipped resource such as ``Profiles/recist-1.1.yaml``.

    Raises:
        HCCResponseError: the file is in none of the known layouts (a damaged installation).
    """
    for root in resource_roots():
        candidate = root / relative
        if candidate.exists():
            return candidate
    raise HCCResponseError(
        f"Resource '{relative}' is missing from this installation; reinstall the software."
    )
