"""The ``hcc-response`` command."""

import typer

from HCCResponseLib import __version__
from HCCResponseLib.cli.common import say
from HCCResponseLib.cli.demo import demo
from HCCResponseLib.cli.engines import engines
from HCCResponseLib.cli.evaluate.adaptation import synthetic
from HCCResponseLib.cli.evaluate.committee import committee
from HCCResponseLib.cli.evaluate.registration import registration
from HCCResponseLib.cli.evaluate.tracking import tracking
from HCCResponseLib.cli.export import export_app
from HCCResponseLib.cli.new_study import study_app
from HCCResponseLib.cli.own_read.review import review
from HCCResponseLib.cli.own_read.sign import sign
from HCCResponseLib.cli.read.main import read_app
from HCCResponseLib.cli.rules import rules
from HCCResponseLib.cli.steps import adapt, measure, segment
from HCCResponseLib.cli.study import assess, propose
from HCCResponseLib.cli.track import track
from HCCResponseLib.cli.train import train

app = typer.Typer(
    name="hcc-response",
    help="Reader-assisted treatment-response evaluation of liver cancer on CT. "
    "For research use; not cleared for clinical use.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for command in (demo, assess, review, sign, propose, segment, adapt, track, measure, rules, train):
    app.command()(command)
evaluate = typer.Typer(
    name="evaluate", help="How good the methods are, and how well readers agree.", no_args_is_help=True
)
evaluate.command()(committee)
evaluate.command()(registration)
evaluate.command()(synthetic)
evaluate.command()(tracking)
app.add_typer(study_app)
app.add_typer(read_app)
app.add_typer(evaluate)
app.add_typer(export_app)
app.add_typer(engines, name="engines")


def _version(wanted: bool) -> None:
    if wanted:
        say(__version__)
        raise typer.Exit


@app.callback()
def main(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Options of the whole command."""


def run() -> None:
    """Entry point of the installed command."""
    app()
