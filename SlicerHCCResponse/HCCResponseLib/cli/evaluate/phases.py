"""``hcc-response evaluate phases``: the contrast phase by the picture against the true one."""

from pathlib import Path
from typing import Annotated, Any

import typer

from HCCResponseLib.cli.common import JsonOption, errors_as_one_line, say, say_json


def phases(
    scans: Annotated[
        Path,
        typer.Argument(help="CSV with the columns image and phase, one line a scan whose phase is known."),
    ],
    as_json: JsonOption = False,
) -> None:
    """Estimate the contrast phase of CTs from the aorta and soft tissue, and count how often it is the true one."""
    with errors_as_one_line():
        from HCCResponseLib.evaluation.phases import estimate, read_known_scans, summary

        results = []
        for scan in read_known_scans(scans):
            results.append(estimate(scan))
            if not as_json:
                found = results[-1].found
                say(f"{results[-1].word:<8}{scan.phase:<15}{found.phase:<15}{scan.image.name}: {found.why}")
        figures: dict[str, Any] = summary(results)
        if as_json:
            rows = [
                {
                    "image": str(r.scan.image),
                    "true": r.scan.phase.value,
                    "found": r.found.phase.value,
                    "aorta_hu": r.found.aorta_hu,
                    "tissue_hu": r.found.tissue_hu,
                }
                for r in results
            ]
            say_json({**figures, "rows": rows})
            return
        low, high = (100 * share for share in figures["right_95_percent"])
        say(
            f"{figures['right']} of {figures['scans']} right (95 % {low:.0f} to {high:.0f} %), "
            f"{figures['wrong']} wrong, {figures['unknown']} unknown"
        )
