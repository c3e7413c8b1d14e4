"""Damaged input files by the thousand: each must be read, or refused with one of our own sentences, and in time.

python Testing/fuzz --examples 10000 --seed 0          # all kinds in turn
python Testing/fuzz --kind image --examples 2000       # one kind
python Testing/fuzz --again FOLDER/rules-17            # one input that failed, with its traceback

Exit status 1 when an input ended in a traceback or took longer than the limit; such inputs are kept in a folder.
"""

import argparse
import contextlib
import random
import resource
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import seeds
from damage import damaged_bytes, damaged_text

from HCCResponseLib.base.errors import HCCResponseError
from HCCResponseLib.cli.rules import answer_line
from HCCResponseLib.imaging.read import read_label_map, read_volume
from HCCResponseLib.imaging.study import load_study
from HCCResponseLib.response.profiles.load import load_profile
from HCCResponseLib.review.decisions.decisions_file import load_decisions
from HCCResponseLib.review.read.category import missing
from HCCResponseLib.review.read.state import read_state
from HCCResponseLib.review.signing.audit import verify
from HCCResponseLib.review.store import ReadStore

LIMIT_S = 30
MEMORY = 8 * 1024**3


class TooLongError(Exception):
    """An input was not answered in time."""


def study(path: Path) -> None:
    """A study file."""
    load_study(path)


def decisions(path: Path) -> None:
    """A decisions file."""
    load_decisions(path)


def profile(path: Path) -> None:
    """A profile."""
    load_profile(path)


def rules(path: Path) -> None:
    """A case of the rules' interface: the answer says an error in words, never a Python one."""
    answer = answer_line(path.read_bytes(), 1)
    if "cannot be answered" in str(answer.get("error", "")):
        raise AssertionError(answer["error"])


def image(path: Path) -> None:
    """An image and a contour, or a folder of DICOM slices."""
    for read in (read_volume, read_label_map):
        with contextlib.suppress(HCCResponseError):
            read(path)


def store(path: Path) -> None:
    """A store: opened, read, checked."""
    opened = ReadStore(path)
    try:
        missing(read_state(opened))
        verify(opened)
    finally:
        opened.close()


KINDS: dict[str, Callable[[Path], None]] = {
    one.__name__: one for one in (study, decisions, profile, rules, image, store)
}


def inputs(kind: str, folder: Path, seed: int) -> Iterator[Path]:
    """Damaged inputs of one kind, without end."""
    rng = random.Random(f"{kind} {seed}")
    texts, images = seeds.texts(), seeds.images()
    if kind == "study":
        for name in ("image.nii", "contour.nii"):
            (folder / name).write_bytes(images[".nii"][name == "contour.nii"])
    whole = seeds.store() if kind == "store" else b""
    number = 0
    while True:
        number += 1
        path = folder / f"{kind}-{number}"
        if kind in texts:
            path = path.with_suffix(".jsonl" if kind == "rules" else ".yaml")
            path.write_bytes(damaged_text(rng.choice(texts[kind]), rng))
        elif kind == "store":
            path = path.with_suffix(".sqlite")
            path.write_bytes(damaged_bytes(whole, rng))
        else:
            suffix = rng.choice(list(images))
            path = (
                _dicom(path, images[suffix], rng) if suffix == ".dcm" else path.with_name(path.name + suffix)
            )
            if suffix != ".dcm":
                path.write_bytes(damaged_bytes(rng.choice(images[suffix]), rng))
        yield path


def _dicom(folder: Path, slices: list[bytes], rng: random.Random) -> Path:
    folder.mkdir()
    for number, content in enumerate(slices):
        hurt = rng.random() < 0.5
        (folder / f"{number}.dcm").write_bytes(damaged_bytes(content, rng) if hurt else content)
    return folder


def outcome(kind: str, path: Path) -> str:
    """``read``, ``refused`` or the first line of what went wrong."""
    signal.setitimer(signal.ITIMER_REAL, LIMIT_S)
    try:
        KINDS[kind](path)
        return "read"
    except HCCResponseError:
        return "refused"
    except Exception as problem:
        return f"{type(problem).__name__}: {problem}".splitlines()[0][:160]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def remove(path: Path) -> None:
    """An input that was answered, with what was written beside it."""
    if path.is_dir():
        for file in path.iterdir():
            file.unlink()
        path.rmdir()
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


def run(kinds: list[str], examples: int, seed: int, keep: Path) -> int:
    """Try so many inputs of each kind in turn; how many failed."""
    failed: Counter[str] = Counter()
    for kind in kinds:
        folder = keep / kind
        folder.mkdir(parents=True)
        count: Counter[str] = Counter()
        source = inputs(kind, folder, seed)
        for _ in range(-(-examples // len(kinds))):
            path = next(source)
            how = outcome(kind, path)
            count[how if how in ("read", "refused") else "failed"] += 1
            if how in ("read", "refused"):
                remove(path)
            else:
                failed[f"{kind}: {how}"] += 1
                print(f"{path}: {how}", flush=True)
        print(f"{kind}: {dict(count)}", flush=True)
    return sum(failed.values())


def _too_long(*_: object) -> None:
    raise TooLongError(f"not answered within {LIMIT_S} s")


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--examples", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", choices=sorted(KINDS))
    parser.add_argument("--again", type=Path, help="an input that failed")
    chosen = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGALRM, _too_long)
    if chosen.again:
        try:
            KINDS[chosen.again.name.split("-")[0]](chosen.again)
        except Exception:
            traceback.print_exc()
            return 1
        return 0
    keep = Path(tempfile.mkdtemp(prefix="hcc-response-fuzz-"))
    failed = run([chosen.kind] if chosen.kind else list(KINDS), chosen.examples, chosen.seed, keep)
    print(f"{failed} of {chosen.examples} inputs failed" + (f"; kept in {keep}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
