"""Any program that takes an image and writes a label map."""

import json
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from HCCResponseLib.base.errors import InputError, JobFailedError, JobOutOfMemoryError
from HCCResponseLib.base.files import is_there, sha256_of
from HCCResponseLib.base.jobs import Progress, Report, last_lines
from HCCResponseLib.engines.contract import Case, EngineInfo, Gives, Parameter, Segmentation
from HCCResponseLib.engines.labels import chosen, relabel

INFO = EngineInfo(
    name="command",
    title="A program of your own",
    gives=frozenset({Gives.LIVER, Gives.TUMOUR, Gives.VESSELS}),
    licence="that of the program",
    source="yours",
    weights="where the program wants them",
    uses_torch=False,
    system_mib=500,
    parameters=(
        Parameter(
            "command", "", "command line with {input} and {output}; {device} and {weights} are filled too"
        ),
        Parameter("liver", "1", "values of the program's label map that are liver, such as 1 or 1,3"),
        Parameter("tumour", "2", "values that are tumour"),
        Parameter("vessels", "", "values that are vessels"),
        Parameter("suffix", ".nii.gz", "file type of {input} and {output}"),
    ),
)


def segment(case: Case, report: Report) -> Segmentation:
    """Run the program on the image and read what it wrote."""
    from HCCResponseLib.imaging.write import write_volume

    settings = case.settings
    given, made = (case.work / f"{n}{settings['suffix']}" for n in ("input", "output"))
    fill = {
        "input": str(given),
        "output": str(made),
        "device": case.device,
        "weights": str(case.weights or ""),
    }
    words, template = _filled(settings["command"], fill)
    program = shutil.which(words[0])
    if program is None:
        raise InputError(f"The program '{words[0]}' does not exist or cannot be run; give its full path.")
    # What runs: with ``python tool.py ...`` the script too, not the interpreter alone.
    hashes = _files_sha256([program, *words[1:]], template)
    write_volume(case.image, given)
    report(Progress(f"Running {Path(program).name}", 0.1))
    _run([program, *words[1:]], case.work / "program.log")
    if not made.is_file():
        raise JobFailedError(f"The program '{words[0]}' ended without writing {{output}}.")
    labels = relabel(read_labels(made, case), chosen(settings))
    return Segmentation(labels=labels, facts={"command": words, "files_sha256": hashes})


def _files_sha256(words: list[str], template: list[str]) -> dict[str, str]:
    """SHA-256 of every file that the command names by its full path, also after a ``=``; not of image and result."""
    found = {}
    for word, before in zip(words, template, strict=True):
        if "{input}" in before or "{output}" in before:
            continue
        for path in (Path(part) for part in (word, word.partition("=")[2]) if part):
            if is_there(path) and path.is_file():
                found[str(path.absolute())] = sha256_of(path)
    return found


def _filled(command: str, fill: dict[str, str]) -> tuple[list[str], list[str]]:
    """The command line as words, split before filling in so that paths may hold blanks; and the words before that."""
    template = shlex.split(command)
    words = list(template)
    if not words or not all(any("{" + n + "}" in w for w in words) for n in ("input", "output")):
        raise InputError(
            "Engine 'command' needs the parameter 'command' with {input} and {output} in it, "
            f"not {json.dumps(command)}."
        )
    for name, value in fill.items():
        words = [w.replace("{" + name + "}", value) for w in words]
    return words, template


def _run(words: list[str], log: Path) -> None:
    with log.open("w", encoding="utf-8") as stream:
        code = subprocess.run(
            words, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, check=False
        ).returncode
    if code == -9:
        raise JobOutOfMemoryError(f"The program '{words[0]}' was killed, as systems do when memory runs out.")
    if code:
        raise JobFailedError(f"The program '{words[0]}' ended with status {code}. {last_lines(log)}".strip())


def read_labels(path: Path, case: Case) -> npt.NDArray[np.unsignedinteger[Any]]:
    """Label map of another program, (z, y, x); nothing marked is an answer too.

    Raises:
        GeometryError: it does not lie on the image.
    """
    from HCCResponseLib.imaging.read import read_label_map
    from HCCResponseLib.imaging.volumes import require_same_grid

    drawn = read_label_map(path, empty=True)
    require_same_grid(drawn, case.image)
    return drawn.labels


def check(weights: Path | None) -> dict[str, Any]:
    """Nothing to load: the program is named with each run."""
    return {
        "weights": str(weights),
        "command": "named with each run: --set command='PROGRAM {input} {output}'",
    }
