"""Images handed to other processes by reference: where the image lies, and the hash that it must have."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

from HCCResponseLib.imaging.read import read_volume
from HCCResponseLib.imaging.volumes import Volume, require_unchanged


class ImageReference(BaseModel):
    """An image on disk: a file or a DICOM folder, never a copy made for one job.

    Attributes:
        sha256: :attr:`.Volume.sha256` when the image was handed on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path
    sha256: str

    @classmethod
    def of(cls, volume: Volume) -> Self:
        """Reference to the file or folder that a volume was read from."""
        return cls(path=Path(volume.source).absolute(), sha256=volume.sha256)

    def read(self) -> Volume:
        """The image. Raises ``InputError``: it cannot be read, or is not what it was when it was handed on."""
        volume = read_volume(self.path)
        require_unchanged(volume, self.sha256)
        return volume
