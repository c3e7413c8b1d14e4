"""The errors of this software. Every message names what is wrong and what the user can do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from HCCResponseLib.base.jobs.outcome import Offer


class HCCResponseError(Exception):
    """Base of all errors that are meant to be read by a user."""


class InputError(HCCResponseError):
    """A file or value that the user gave cannot be used as it is."""


class GeometryError(InputError):
    """A contour and its image do not describe the same physical grid."""


class ProfileError(InputError):
    """A profile has an unknown field, an impossible value or a conflict."""


class RuleError(InputError):
    """A case that the response rules cannot answer as given."""


class IncompleteReadError(HCCResponseError):
    """A category was asked for although decisions are still missing."""


class AccessError(HCCResponseError):
    """A person may not do this, or not at this stage of the read."""


class SignInError(HCCResponseError):
    """Name and password were not accepted; the message says what to do, never which of the two was wrong."""


class PasswordDueError(SignInError):
    """Name and password are right, but a temporary or expired password must be changed before anything else."""


class StorageError(HCCResponseError):
    """The read could not be written or read back (full disk, no permission, damaged file)."""


class ConflictError(StorageError):
    """Somebody else wrote to the read between looking at it and writing; nothing was written."""


class InUseError(HCCResponseError):
    """Another program works in the folder of the read at this moment; nothing was done."""


class ModelError(HCCResponseError):
    """Network weights are missing, damaged or of another architecture."""


class JobCancelledError(HCCResponseError):
    """The user cancelled a long job."""


class JobFailedError(HCCResponseError):
    """A job in a child process ended with an error."""


class ServerError(HCCResponseError):
    """Another computer does not answer, refuses, or cannot be trusted."""


class JobOutOfMemoryError(JobFailedError):
    """A job ran out of memory, on the GPU or in the system; a smaller or slower setting may still work.

    Attributes:
        message: what happened; the error's own text names the lighter settings too.
        offers: lighter settings, to be shown as choices.
    """

    def __init__(self, message: str, offers: tuple[Offer, ...] = ()) -> None:
        settings = "; ".join(f"{o.title} ({o.options})" for o in offers)
        super().__init__(message + (f" Lighter settings: {settings}." if offers else ""))
        self.message, self.offers = message, offers


class ExportError(HCCResponseError):
    """What was written breaks the rules of its format.

    Attributes:
        problems: one line for each violation; the message shows the first of them.
    """

    SHOWN = 20

    def __init__(self, where: str, problems: list[str]) -> None:
        more = len(problems) - self.SHOWN
        listed = "; ".join(problems[: self.SHOWN]) + (f"; and {more} more" if more > 0 else "")
        super().__init__(
            f"Nothing was exported to '{where}': rules are broken in {len(problems)} places: {listed}."
        )
        self.problems = problems
