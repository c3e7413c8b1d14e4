"""``hcc-response evaluate``."""

import typer

from HCCResponseLib.cli.evaluate.adaptation import synthetic
from HCCResponseLib.cli.evaluate.committee import committee
from HCCResponseLib.cli.evaluate.phases import phases
from HCCResponseLib.cli.evaluate.prompts import prompts
from HCCResponseLib.cli.evaluate.registration import registration
from HCCResponseLib.cli.evaluate.segmentation import segmentation
from HCCResponseLib.cli.evaluate.tracking import tracking

evaluate = typer.Typer(
    name="evaluate", help="How good the methods are, and how well readers agree.", no_args_is_help=True
)
for _command in (committee, phases, prompts, registration, segmentation, synthetic, tracking):
    evaluate.command()(_command)
