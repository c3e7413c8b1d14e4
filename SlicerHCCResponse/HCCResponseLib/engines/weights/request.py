"""What is asked of an installation of weights: whether it can be done, and in words what it would do."""

from pathlib import Path

from HCCResponseLib.base.errors import InputError
from HCCResponseLib.engines.contract import EngineInfo
from HCCResponseLib.engines.environments import weights_folder, weights_words
from HCCResponseLib.engines.registry import load_engine, module_of


def require_possible(info: EngineInfo, given: Path | None, source: str | None, offline: bool = False) -> None:
    """Refuse what an engine cannot do with weights.

    Args:
        given: folder or archive of the user's; ``source``: address of a mirror.
        offline: nothing may be asked of the network.

    Raises:
        InputError: what to say instead.
    """
    if not info.fetches and not info.takes_weights:
        raise InputError(
            f"Weights of engine '{info.name}' are not installed by a command: {weights_words(info)}"
        )
    if info.takes_weights and given is None:
        raise InputError(
            f"Name the weights: hcc-response engines install {info.name} --with-weights PATH, a results folder or a "
            "zip archive of one."
        )
    if info.takes_weights and source is not None:
        raise InputError(
            f"Weights of engine '{info.name}' come from a folder or archive, not from an address."
        )
    if info.fetches and given is not None:
        raise InputError(
            f"Engine '{info.name}' downloads its own weights; leave '{given}' out. For a copy of them on a "
            "server of yours: --weights-from ADDRESS."
        )
    if info.fetches and offline and not load_engine(module_of(info.name)).ready():
        raise InputError(
            f"The weights of '{info.name}' come over the network, and --offline is to do without network: install "
            f"without --with-weights, and bring them by hand. {weights_words(info)}"
        )
    if source is not None and not source.startswith(("http://", "https://")):
        raise InputError(f"'{source}' is no address; it starts with https:// or http://.")


def weights_plan(info: EngineInfo, given: Path | None, source: str | None) -> list[str]:
    """What an installation of weights would do, in words, before anything is done."""
    if info.fetches is None:
        return [
            f"Weights: '{given}', checked first; they replace what is in '{weights_folder(info.name)}'",
            "Licence of the weights: as their authors say. Using them runs what their author wrote: take them only "
            "from people that you trust",
        ]
    engine, offer = load_engine(module_of(info.name)), info.fetches
    lines = [f"Weights: {offer.what}", f"Folder of the weights: {engine.fetched_into()}"]
    if engine.ready():
        return [*lines, "All of them are there; nothing is downloaded"]
    return [
        *lines,
        f"Licence of the weights: {offer.licence}",
        f"Download of the weights: about {offer.mib / 1000:.1f} GB, by {info.title}'s own downloader from "
        f"{source or offer.address}; what is there already is not fetched again",
    ]
