"""``hcc-response evaluate ...``: how good methods and readers are."""

import typer

from HCCResponseLib.cli.evaluate.adaptation import synthetic
from HCCResponseLib.cli.evaluate.committee import committee
from HCCResponseLib.cli.evaluate.tracking import tracking

evaluate = typer.Typer(no_args_is_help=True, help="How good the methods are, and how well readers agree.")
evaluate.command()(committee)
evaluate.command()(synthetic)
evaluate.command()(tracking)


@evaluate.callback()
def _group() -> None:
    """Keeps the name of a single command in use."""
