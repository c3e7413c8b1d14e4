"""``hcc-response engines``: which engines there are, whether they work, installing those with packages of their own."""

from pathlib import Path
from typing import Annotated, Any

import typer

from HCCResponseLib.cli.common import JsonOption, console, errors_as_one_line, say, say_json

engines = typer.Typer(help="Segmentation engines: list, check, install.", no_args_is_help=True)
NameArgument = Annotated[str, typer.Argument(help="Name of an engine; see 'hcc-response engines list'.")]


@engines.command("list")
def list_engines(as_json: JsonOption = False) -> None:
    """All engines: what they mark, whether they are installed, where their weights belong."""
    with errors_as_one_line():
        from HCCResponseLib.engines.environments import weights_words
        from HCCResponseLib.pipeline.default_engine import default_engine
        from HCCResponseLib.pipeline.engines import engines as all_engines
        from HCCResponseLib.pipeline.engines import how_to_install

        default = default_engine()
        rows: list[dict[str, Any]] = [
            {
                "name": info.name,
                "title": info.title,
                "gives": sorted(g.value for g in info.gives),
                "installed": how_to_install(info) is None,
                "install_with": how_to_install(info),
                "default": info.name == default,
                "needs_prior": info.needs_prior,
                "takes_clicks": info.takes_clicks,
                "takes_line": info.takes_line,
                "devices": list(info.devices),
                "licence": info.licence,
                "source": info.source,
                "weights": weights_words(info),
                "parameters": [
                    {"name": p.name, "default": p.default, "help": p.help} for p in info.parameters
                ],
            }
            for info in all_engines()
        ]
        if as_json:
            say_json(rows)
            return
        for row in rows:
            state = "installed" if row["installed"] else f"not installed: {row['install_with']}"
            state += "; looks for tumours unless another is chosen" if row["default"] else ""
            say(f"{row['name']:<18} {row['title']} [{', '.join(row['gives'])}] {state}")
            say(f"{'':<18} weights: {row['weights']}")


@engines.command()
def check(
    name: NameArgument,
    weights: Annotated[
        Path | None, typer.Option(help="File or folder; default: where the engine keeps them.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Load an engine's packages and weights, in its own process, and say what they are."""
    with errors_as_one_line():
        from HCCResponseLib.pipeline.engines import check_engine

        facts = check_engine(name, weights)
        if as_json:
            say_json(facts)
            return
        for key, value in facts.items():
            say(f"{key.replace('_', ' ')}: {value}")


@engines.command()
def install(
    name: NameArgument,
    weights: Annotated[
        Path | None,
        typer.Argument(
            metavar="PATH",
            help="With --with-weights, of nnunet: a results folder, or a zip archive of one.",
        ),
    ] = None,
    with_weights: Annotated[
        bool,
        typer.Option(
            "--with-weights",
            help="The weights, too: totalsegmentator downloads its own, nnunet takes those of PATH. What is "
            "installed already is left alone.",
        ),
    ] = False,
    weights_from: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Server with a copy of totalsegmentator's releases, in place of GitHub."
        ),
    ] = None,
    offline: Annotated[
        Path | None, typer.Option(help="Folder of wheels to install from, without network.")
    ] = None,
    index: Annotated[
        str | None,
        typer.Option(help="Further package index, such as PyTorch's CPU index for a small torch."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Install an engine's packages, and its weights where asked, after saying what that is and how large."""
    with errors_as_one_line():
        from HCCResponseLib.cli.engine_installation import Installation
        from HCCResponseLib.pipeline.engines import engine_named

        asked = Installation(engine_named(name), with_weights, weights, weights_from, offline, index)
        asked.require_possible()
        for line in asked.plan():
            console.print(line, markup=False, soft_wrap=True)
        if not (yes or asked.all_there or typer.confirm("Install?", err=True)):
            raise typer.Exit(1)
        facts = asked.run()
        if as_json:
            say_json(facts)
            return
        for line in asked.words(facts):
            say(line)


@engines.command()
def remove(name: NameArgument) -> None:
    """Delete an engine's environment; its weights stay."""
    with errors_as_one_line():
        from HCCResponseLib.engines.install import remove as delete
        from HCCResponseLib.pipeline.engines import engine_named

        delete(engine_named(name))
        say(f"Removed the environment of {name}.")


@engines.command("cache")
def tell_cache(
    clear: Annotated[bool, typer.Option("--clear", help="Delete all results that are kept.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Results kept from earlier runs: where they lie, how large they are; a scan is not computed twice.

    The variable HCC_RESPONSE_CACHE_MIB sets the largest size in MiB (default 2048); 0 keeps nothing. When it is full,
    what was used longest ago is deleted.
    """
    with errors_as_one_line():
        from HCCResponseLib.base.result_cache import ResultCache, cache_place, users_cache

        cache = users_cache()
        place = cache or ResultCache(cache_place())  # what was kept before it was switched off
        if clear:
            place.clear()
        count, size = place.size()
        mib = round(size / 1024**2, 1)
        limit = cache.limit_mib if cache else 0
        if as_json:
            say_json({"folder": str(place.folder), "results": count, "mib": mib, "limit_mib": limit})
            return
        counted = "1 result" if count == 1 else f"{count} results"
        how_much = f" of at most {limit:g} MiB" if cache else "; switched off by HCC_RESPONSE_CACHE_MIB=0"
        say(str(place.folder))
        say(f"{'Emptied: ' if clear else ''}{counted}, {mib:g} MiB{how_much}")
