"""Finds files of the ``Resources`` folder in every layout: installed wheel, installed extension, source checkout."""

from pathlib import Path

from HCCResponseLib.base.errors import HCCResponseError


def resource_path(relative: str) -> Path:
    """Absolute path of a shipped resource such as ``Profiles/recist-1.1.yaml``.

    Raises:
        HCCResponseError: the file is in none of the known layouts (a damaged installation).
    """
    found = shipped(relative)
    if found is None:
        raise HCCResponseError(
            f"Resource '{relative}' is missing from this installation; reinstall the software."
        )
    return found


def shipped(relative: str) -> Path | None:
    """Absolute path of a resource that need not be there; ``None`` where it is not."""
    # The library's own folder, the module's and the checkout's.
    folders = (folder / "Resources" / relative for folder in Path(__file__).resolve().parents[1:4])
    return next((candidate for candidate in folders if candidate.exists()), None)
