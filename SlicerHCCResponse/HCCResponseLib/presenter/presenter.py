"""The reader's actions on an open read: no Qt, no scene. Every action is a decision in the store before it is shown."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from HCCResponseLib.base.errors import HCCResponseError, InputError
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.measure import measure_parts
from HCCResponseLib.presenter.drafts import OpenDraft, Place
from HCCResponseLib.presenter.evidence import shown_line
from HCCResponseLib.presenter.open_read import OpenRead
from HCCResponseLib.response.types import LesionRole, LesionState, Response, VersusLast
from HCCResponseLib.review.decisions.decide import answer, as_row, decide, decide_non_target, undo
from HCCResponseLib.review.decisions.drafts import Draft
from HCCResponseLib.review.decisions.reader_rows import add_contoured, add_row, set_site, set_visit
from HCCResponseLib.review.read.facts import Site, Visit
from HCCResponseLib.review.read.links import reader_relinks
from HCCResponseLib.review.read.records import Action, Decision, NonTargetDecision, ReaderLine
from HCCResponseLib.review.read.state import Row

Facts = Mapping[str, Any]


class Presenter(OpenRead):
    """One open read and what its reader does with it."""

    def accept(self, time_point: str, name: str) -> None:
        """Accept a lesion as proposed; an edit made before is taken back by it, and stays in the store.

        Where its contour is unfinished, what the reader has just drawn is meant: the edit is stored, and stands.
        """
        self.collect()
        if self.drafts.get((time_point, name)) is not None:
            self.finish((time_point, name))
            return
        kept = self._kept(time_point, name)
        self._decide(Decision(self._who(), time_point, name, Action.ACCEPT, **kept))

    def reject(self, time_point: str, name: str, reason: str) -> None:
        """Reject a lesion's contour; needs a reason."""
        self._settle(time_point, name)
        self._decide(Decision(self._who(), time_point, name, Action.REJECT, reason=reason))

    def set_state(self, time_point: str, name: str, state: LesionState) -> None:
        """Say that a lesion is gone, too small, not evaluable or not imaged."""
        self._settle(time_point, name)
        kept = self._kept(time_point, name)
        self._decide(Decision(self._who(), time_point, name, Action.EDIT, state=state, **kept))

    def edit_contour(
        self, time_point: str, name: str, contour: Lesion, state: LesionState | None = None
    ) -> None:
        """The reader's contour on the image's grid. A line that the reader dragged before is dropped.

        Args:
            state: split, where the contour's parts are to be added; a row that is split already stays so.
        """
        self._require_contour(time_point, name, contour)
        self._decide(self._redrawn(self._who(), time_point, name, contour, state))

    @staticmethod
    def _require_contour(time_point: str, name: str, contour: Lesion) -> None:
        if not contour:
            raise InputError(
                f"The contour of {name} at {time_point} is empty. To say that the lesion is gone, set its state; "
                "to refuse the proposal, reject it."
            )

    def _redrawn(
        self,
        reader: str,
        time_point: str,
        name: str,
        contour: Lesion,
        state: LesionState | None = None,
        prompt: Facts | None = None,
    ) -> Decision:
        changes = {"contour": contour, "state": state, "prompt": prompt}
        lines = {"long_line": None, "long_axis_mm": None, "short_line": None}
        return self._edited(reader, time_point, name, **changes, **lines)

    def edit_line(self, time_point: str, name: str, line: ReaderLine, short: bool = False) -> None:
        """The reader's long or short axis; it wins over the contour's, both are kept."""
        self._settle(time_point, name)
        changes = {"short_line": line} if short else {"long_line": line, "long_axis_mm": line.length_mm}
        self._decide(self._edited(self._who(), time_point, name, **changes))

    def _edited(self, reader: str, time_point: str, name: str, **changes: object) -> Decision:
        """An edit on top of what the reader edited before."""
        before = self.row(time_point, name).decision or Decision(reader, time_point, name, Action.EDIT)
        action = before.action if before.action in (Action.NEW, Action.EQUIVOCAL) else Action.EDIT
        kept = replace(before, reader=reader, action=action, reason="", seen=True, state=None)
        kept = replace(kept, merged_into=None)
        return replace(kept, **changes)  # type: ignore[arg-type]

    # -- unfinished contours ----------------------------------------------------------------------------------

    def draw(self, time_point: str, name: str, contour: Lesion, prompt: Facts | None = None) -> None:
        """A stroke of the brush: shown and kept beside the read at once, a decision only by :meth:`finish`.

        Args:
            contour: what the stroke left, on the image's grid; empty while everything is erased.
            prompt: where no brush drew it: the reader's line or clicks from which a network has.

        Raises:
            InputError, AccessError: the row cannot be edited.
            StorageError: the draft could not be written; it stays open here.
        """
        if prompt is None and (before := self.shown().row(time_point, name)) and before.prompt:
            prompt = {**before.prompt, "then_by_hand": True}
        draft = Draft(self._who(), time_point, name, contour, prompt)
        if self.drafts.get(draft.place) is not None and contour == self.row(time_point, name).contour:
            # The editor's own undo took back the last stroke that was left.
            self.drafts.remove(draft.place)
        else:
            self.drafts.put(draft)
        self.tell()

    def _drawn(self, draft: Draft) -> Row:
        """The row that a draft would make."""
        self.row(*draft.place)
        geometry = self.image(draft.time_point).geometry
        if draft.contour.shape != geometry.size:
            raise InputError(f"The contour of {draft.name} lies on another image's grid.")
        edit = self._redrawn(draft.reader, *draft.place, draft.contour, prompt=draft.prompt)
        if not draft.contour:
            edit = replace(edit, contour=None, measurement=None, parts=(), state=LesionState.NOT_EVALUABLE)
        return as_row(self._open().store, self.state, edit, geometry)

    def finish(self, place: Place) -> None:
        """The reader is done with a contour: one decision with one line in the record.

        Raises:
            InputError: it is empty; the contour that was there before is back.
            AccessError: the row is locked by now; the draft stays.
        """
        found = self.drafts.get(place)
        if found is None:
            return
        draft = found.draft
        if draft.contour:
            redrawn = self._redrawn(draft.reader, *place, draft.contour, prompt=draft.prompt)
            edit = replace(redrawn, reason=self.reason())
            decide(self._open().store, self.state, edit, self.image(draft.time_point).geometry)
        self.drafts.remove(place)
        self.tell()
        self._require_contour(*place, draft.contour)

    def leave(self, stay: Place | None = None) -> list[str]:
        """The reader turns to something else: what was drawn since the read was opened is finished.

        A contour of an earlier session waits for its reader's word.

        Args:
            stay: a row at which the reader still draws.

        Returns:
            why contours could not be stored, in words; those that are not empty stay as drafts.
        """
        self.collect()
        problems = []
        for place in self.drafts.fresh(stay):
            try:
                self.finish(place)
            except HCCResponseError as problem:
                problems.append(str(problem))
                if self.drafts.get(place) is not None:
                    self.drafts.hold(place)
        return problems

    def finish_all(self) -> list[OpenDraft]:
        """Store every unfinished contour; returns those that there were. Errors as :meth:`finish`."""
        self.collect()
        found = [one for place in self.drafts.rows if (one := self.drafts.get(place)) is not None]
        for one in found:
            self.finish(one.draft.place)
        return found

    def discard(self, place: Place) -> None:
        """Let an unfinished contour go: the one in the read is shown again."""
        self.drafts.remove(place)
        self.tell()

    def _settle(self, time_point: str, name: str) -> None:
        """Before another decision on a row: what was drawn there is stored first, so that none of it is lost."""
        self.collect()
        found = self.drafts.get((time_point, name))
        if found is not None and found.draft.contour:
            self.finish((time_point, name))
        elif found is not None:
            self.discard((time_point, name))

    def candidate(self, time_point: str, name: str, action: Action, reason: str = "") -> None:
        """Call a candidate new, equivocal, or dismiss it with a reason; its edited contour is kept."""
        self._settle(time_point, name)
        before = self.row(time_point, name).decision
        start = before or Decision(self._who(), time_point, name, action)
        self._decide(replace(start, reader=self._who(), action=action, reason=reason, seen=True))

    def relink(self, time_point: str, name: str, lesion: str) -> None:
        """This contour is lesion ``lesion``: as its contour, or as a further part where that has one already.

        Parts that lie apart make it a split lesion, whose parts are measured one by one and added.
        """
        if name == lesion:
            raise InputError(f"{name} is linked to itself already.")
        for one in (name, lesion):
            self._settle(time_point, one)
        source, target = self.row(time_point, name), self.row(time_point, lesion)
        if source.contour is None:
            raise InputError(f"{name} has no contour at {time_point} that could be linked.")
        parts = target.contour if target.is_sized else None
        contour = source.contour if parts is None else source.contour | parts
        apart = parts is not None and len(measure_parts(contour, self.image(time_point).geometry)) > 1
        self.edit_contour(time_point, lesion, contour, LesionState.SPLIT if apart else None)
        reason = f"is lesion {lesion}"
        if source.is_candidate:
            self.candidate(time_point, name, Action.DISMISS, reason)
        else:
            self.reject(time_point, name, reason)
            self._relink_parts(time_point, name, lesion, reason)

    def _relink_parts(self, time_point: str, name: str, lesion: str, reason: str) -> None:
        """Keep in the links what the rows say now; the links before stay in their history."""
        links = self.state.links.get(time_point)
        if links is not None and {name, lesion} <= {link.name for link in links.links}:
            owners = dict.fromkeys(links.of(name).parts, (lesion,))
            reader_relinks(self._open().store, self.state, time_point, owners, self._who(), reason)

    def merge(self, time_point: str, name: str, lesion: str) -> None:
        """Two lesions of an earlier visit are one now: the diameter of ``lesion`` stands for both (RECIST 1.1, 4.3.2).

        It means what ``state: merged`` with ``merged_into`` means in a decisions file. The contour of ``lesion`` stays
        as it is; its reader draws the whole of both there.

        Raises:
            InputError: at baseline, or ``lesion`` is not measured there or is merged itself.
        """
        if time_point == self.points()[0]:
            raise InputError(f"Lesions merge at a follow-up; at {time_point} link one contour to the other.")
        for one in (name, lesion):
            self._settle(time_point, one)
        if not self.row(time_point, lesion).is_sized or self.row(time_point, lesion).is_candidate:
            raise InputError(
                f"{lesion} is not a lesion that is measured at {time_point}; contour the whole of both there first."
            )
        joined, kept = LesionState.MERGED, self._kept(time_point, name)
        self._decide(
            Decision(self._who(), time_point, name, Action.EDIT, state=joined, merged_into=lesion, **kept)
        )

    def set_role(self, name: str, role: LesionRole) -> None:
        """Target or non-target, on the baseline row, which must be accepted or edited."""
        first = self.points()[0]
        self._settle(first, name)
        before = self.row(first, name).decision
        if before is None or before.action not in (Action.ACCEPT, Action.EDIT):
            raise InputError(f"Accept the contour of {name} at {first} before choosing its role.")
        self._decide(replace(before, reader=self._who(), reason="", role=role))

    def set_site(self, name: str, site: Site) -> None:
        """Organ, segment, lymph node or not, and what else is known of a lesion."""
        set_site(self._open().store, self.state, self._who(), name, site, self.reason())
        self.tell()

    def set_visit(self, time_point: str, visit: Visit) -> None:
        """Tumour markers of a time point, and how non-target disease compares with the last one."""
        set_visit(self._open().store, self.state, self._who(), time_point, visit, self.reason())
        self.tell()

    def set_row_facts(
        self, time_point: str, name: str, viable: bool | None, versus: VersusLast | None
    ) -> None:
        """Whether a decided row shows the viable part, and how it compares with the last time point."""
        self._settle(time_point, name)
        before = self.row(time_point, name).decision
        if before is None:
            raise InputError(f"Decide on {name} at {time_point} before saying more about it.")
        kept = before.reason if before.action in (Action.REJECT, Action.DISMISS) else ""
        self._decide(replace(before, reader=self._who(), reason=kept, viable=viable, versus_last=versus))

    def set_non_target(self, time_point: str, response: Response) -> None:
        """The judgement of non-target disease at a follow-up."""
        decision = NonTargetDecision(self._who(), time_point, response, self.reason())
        decide_non_target(self._open().store, self.state, decision)
        self.tell()

    def answer(self, time_point: str, choice: str) -> None:
        """Answer the question that blocks the category at a time point."""
        store, why = self._open().store, self.reason()
        answer(store, self.state, self.profile, self._who(), time_point, choice, why)
        self.tell()

    def add_lesion(self, time_point: str) -> str:
        """A row for a lesion that the reader will draw; returns its name."""
        name = add_row(self._open().store, self.state, self._who(), time_point)
        self.tell()
        return name

    def add_contoured(self, time_point: str, contour: Lesion, prompt: Facts) -> str:
        """A row for a lesion that the reader has shown by a line, proposed with this contour; returns its name.

        Args:
            contour: on the image's grid; ``prompt``: the line, with engine and weights, to be kept with the contour.
        """
        store, geometry = self._open().store, self.image(time_point).geometry
        name = add_contoured(store, self.state, self._who(), time_point, contour, geometry, prompt)
        self.tell()
        return name

    def keep_line(self, time_point: str, name: str) -> None:
        """The line by which the reader has shown a lesion is its long axis; the contour's stays beside it.

        Raises:
            InputError: its contour does not come from a line.
        """
        line = shown_line(self.shown().row(time_point, name) or self.row(time_point, name))
        if line is None:
            raise InputError(f"The contour of {name} at {time_point} does not come from a line of yours.")
        self.edit_line(time_point, name, line)

    def undo(self) -> tuple[str, str]:
        """Take this reader's latest edit or decision back; returns its time point and lesion.

        An unfinished contour is the latest: all its strokes go at once.
        """
        self.collect()
        draft = self.drafts.latest()
        if draft is not None:
            self.discard(draft.draft.place)
            return draft.draft.place
        place = undo(self._open().store, self.state, self._who(), self.reason())
        self.tell()
        return place

    def _decide(self, decision: Decision) -> None:
        geometry = self.image(decision.time_point).geometry
        decision = replace(decision, reason=decision.reason or self.reason())
        decide(self._open().store, self.state, decision, geometry)
        self.tell()

    def _kept(self, time_point: str, name: str) -> dict[str, Any]:
        """What the reader has said of a row and outlives later edits: its role, and how it compares."""
        before = self.row(time_point, name).decision
        return {"role": before.role, "versus_last": before.versus_last} if before else {}
