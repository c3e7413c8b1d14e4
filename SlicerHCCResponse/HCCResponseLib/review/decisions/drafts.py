"""Contours at which a reader still draws, in a file beside the read: no decisions until they are finished.

The file holds what the latest stroke left, so that a crash costs nothing. It is no part of the record: nothing in it
counts, is signed or is audited, and it is removed with its last contour.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from HCCResponseLib.base.errors import InputError, StorageError
from HCCResponseLib.base.files import storage_error, unread, write_text
from HCCResponseLib.base.text import in_one_line
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.packed import pack_lesion, unpack_lesion
from HCCResponseLib.review.read.session import Session


@dataclass(frozen=True)
class Draft:
    """A contour at which somebody draws.

    Attributes:
        reader: who draws, and whose decision it becomes.
        time_point, name: which row.
        contour: as the latest stroke left it, on the image's grid; empty when everything was erased.
        prompt: of a contour from the reader's line or clicks, those with engine and weights, as of a decision.
    """

    reader: str
    time_point: str
    name: str
    contour: Lesion
    prompt: Mapping[str, Any] | None = None

    @property
    def place(self) -> tuple[str, str]:
        """Time point and name of its row."""
        return self.time_point, self.name


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Entry(_Strict):
    reader: str
    time_point: str
    name: str
    contour: str
    prompt: dict[str, Any] | None = None


class _Content(_Strict):
    format: Literal[1]
    drafts: tuple[_Entry, ...]


class DraftFile:
    """The file of one read's drafts.

    Two readers of a committee may work in one folder, so its name is made of the read and of the images.
    """

    def __init__(self, session: Session) -> None:
        known = [session.store.read_id, session.state.fingerprints]
        key = hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:12]
        self.path = session.folder / f"draft-{key}.json"

    def load(self) -> list[Draft]:
        """All drafts in the file, of whichever reader; none without a file.

        Raises:
            InputError: it cannot be read, or holds something unknown; the message names it.
        """
        try:
            content = _Content.model_validate_json(self.path.read_text(encoding="utf-8"))
            return [_draft(entry) for entry in content.drafts]
        except FileNotFoundError:
            return []
        except ValidationError as problem:
            raise InputError(
                f"Unfinished contours '{self.path}', {in_one_line(problem, 'file')}."
            ) from problem
        except (OSError, ValueError, StorageError) as problem:
            raise InputError(unread(f"Unfinished contours '{self.path}'", problem)) from problem

    def save(self, drafts: Iterable[Draft]) -> None:
        """Write these drafts in place of those in the file.

        Raises:
            StorageError: the disk is full or the folder not writable; the file is as it was before.
        """
        entries = tuple(
            _Entry(
                reader=one.reader,
                time_point=one.time_point,
                name=one.name,
                contour=base64.b64encode(pack_lesion(one.contour)).decode(),
                prompt=None if one.prompt is None else dict(one.prompt),
            )
            for one in drafts
        )
        if entries:
            write_text(
                self.path,
                _Content(format=1, drafts=entries).model_dump_json(indent=1, exclude_none=True) + "\n",
            )
            return
        try:
            self.path.unlink(missing_ok=True)
        except OSError as problem:
            raise storage_error(self.path, problem) from problem

    def set_aside(self) -> Path:
        """Rename a file that cannot be read, so that new drafts do not overwrite it; returns its new name."""
        aside = self.path.with_name(self.path.name + ".unreadable")
        self.path.replace(aside)
        return aside


def _draft(entry: _Entry) -> Draft:
    contour = unpack_lesion(base64.b64decode(entry.contour, validate=True))
    return Draft(entry.reader, entry.time_point, entry.name, contour, entry.prompt)
