"""A decisions file to fill in: every row that waits for a reader, with its measurement and the possible answers.

Nothing is decided by it as it is written. A file that somebody has edited is never written over.
"""

import hashlib
import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import yaml

from HCCResponseLib.base.files import write_text
from HCCResponseLib.imaging.study import Study, contour_names
from HCCResponseLib.lesions.proposal import place_words
from HCCResponseLib.review.read.state import ReadState, Row

FILE = "decisions"
_MARK = "# As written by hcc-response, check "
_HEAD = """# Decisions on {subject}. Nothing is decided until you fill this file in:
# your name after "reader:", and one word after each "action:" that you decide on; leave the others empty.
#   lesion:     accept, edit, or reject (with a reason)
#   candidate:  new, equivocal, or dismiss (with a reason)
#   edit needs one of     long_axis_mm: 27.5     contour: file.nii.gz     state: too-small (or disappeared,
#                         not-evaluable, not-imaged)
# Examples:
#   - {{time_point: follow-up 1, name: L1, action: edit, long_axis_mm: 27.5}}
#   - {{time_point: follow-up 1, name: C1, action: dismiss, reason: vessel}}
# At baseline a lesion may carry  role: target  or  role: non-target; without it targets are suggested.
# Then: {then}
"""


@dataclass(frozen=True)
class Place:
    """Where an assigned read is kept, as its reader names it on the command line.

    Attributes:
        store: file or URL of the database.
        read_id: name of the read.
        study: study file of the subject, or its folder.
        reader: who reads.
    """

    store: str
    read_id: str
    study: Path
    reader: str

    def command(self, act: str, what: Path | str, *more: str) -> str:
        """A command of this reader on this read that can be pasted, such as ``decide`` with a file of decisions."""
        words = ["hcc-response", "read", act, self.store, self.read_id, str(what)]
        return shlex.join([*words, "--study", str(self.study), *more, "--as", self.reader])


def write_template(folder: Path, state: ReadState, place: Place | None = None) -> Path | None:
    """List the rows that nobody has decided, for a reader to fill in.

    Args:
        folder: of the read; the file is ``decisions.yaml`` there, or ``decisions-2.yaml`` and so on where a reader has
            edited that one.
        place: of an assigned read, for the command that takes the file in.

    Returns:
        the file; ``None`` where nothing waits for a decision, and then an unedited file of before is gone.
    """
    assert state.study is not None
    if all(row.decision is not None for rows in state.rows.values() for row in rows.values()):
        for old in folder.glob(f"{FILE}*.yaml"):
            if _is_unedited(old):
                old.unlink()
        return None
    lines: list[str] = []
    for point in state.study.timepoints:
        rows = state.rows.get(point.name)
        lines.append(f"  # {point.name}, {point.date}{'' if rows else ': not proposed yet'}")
        lines += [_line(point.name, name, row) for name, row in (rows or {}).items()]
    return _write(folder, state.study, lines, place)


def write_first_template(folder: Path, study: Study) -> Path:
    """The file for a study without proposals: the lesions of its contours, at every visit."""
    known: list[str] = []
    lines = []
    for point in study.timepoints:
        drawn = contour_names(point)
        known += [name for name in drawn if name not in known]
        lines.append(f"  # {point.name}, {point.date}{'' if known else ': lesions are listed once proposed'}")
        for name in known:
            if point.contour is not None and name in drawn:
                lines.append(f"  # {name}: drawn and accepted by {point.contour.drawn_by}")
            else:
                lines.append(_entry(point.name, name) + "  # lesion, not proposed yet")
    return _write(folder, study, lines)


def row_words(row: Row) -> str:
    """A row in one line: kind, long x short axis or state, slice, and what the software suggests."""
    kind = "candidate for a new lesion" if row.is_candidate else "lesion"
    size = row.size_words
    if row.long_mm is not None and row.short_mm is not None and not row.parts:
        size = f"{row.long_mm} x {row.short_mm} mm"
    measured = row.measurement if row.contour is not None else None
    parts = [size, *([f"slice {measured.slice_index + 1}"] if measured else [])]
    if row.proposal.suggestion is not None:
        parts.append(f"suggested: {row.proposal.suggestion}")
    if row.proposal.outside_domain:
        parts.append("the network was not made for this scan")
    if row.proposal.is_second_look:
        parts.append("drawn by a second network where the first drew nothing: look at it")
    if row.proposal.says_disappeared:
        parts = [f"proposed as {size}: look at its place", place_words(row.proposal.evidence).rstrip(".")]
    return f"{kind}, {', '.join(filter(None, parts))}"


def _line(point: str, name: str, row: Row) -> str:
    if row.decision is not None:
        return f"  # {name}: {row.words}, by {row.decision.reader}"
    return f"{_entry(point, name)}  # {row_words(row)}"


def _entry(point: str, name: str) -> str:
    return f"  - {{time_point: {_quoted(point)}, name: {_quoted(name)}, action: }}"


def _quoted(name: str) -> str:
    """Names that YAML would take for a number or a truth value need their quotation marks."""
    return name if yaml.safe_load(name) == name else json.dumps(name)


def _write(folder: Path, study: Study, lines: list[str], place: Place | None = None) -> Path:
    path = next(one for one in _places(folder) if not one.exists() or _is_unedited(one))
    named = f'"{folder}"' if (folder / "study.yaml").is_file() else "STUDY"
    then = f'hcc-response assess {named} --decisions "{path}"'
    if place is not None:
        then = place.command("decide", path, "--sign")
    head = _HEAD.format(subject=study.subject, then=then)
    text = f"{head}reader: {_quoted(place.reader) if place else ''}\ndecisions:\n" + "\n".join(lines)
    write_text(path, f"{text}\n{_MARK}{_digest(text)}\n")
    return path


def _places(folder: Path) -> Iterator[Path]:
    yield folder / f"{FILE}.yaml"
    for number in count(2):
        yield folder / f"{FILE}-{number}.yaml"


def _is_unedited(path: Path) -> bool:
    text, mark, digest = path.read_text(encoding="utf-8", errors="replace").rpartition(f"\n{_MARK}")
    return bool(mark) and digest.strip() == _digest(text)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
