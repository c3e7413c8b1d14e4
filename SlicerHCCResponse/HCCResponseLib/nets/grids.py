"""Working grids of the networks: small lesions are looked at magnified."""

from dataclasses import dataclass

Spacing = tuple[float, float, float]
Box = tuple[slice, slice, slice]
SMALL_MM = 25.0


@dataclass(frozen=True)
class WorkingGrid:
    """Voxel sizes (z, y, x) in mm that a network works with.

    Attributes:
        spacing: of whole scans and of large lesions.
        fine: of small lesions, no side of whose box is longer than 25 mm; ``None`` = as everything else.
    """

    spacing: Spacing
    fine: Spacing | None = None

    def of_lesion(self, box: Box, scan_spacing: Spacing) -> Spacing:
        """Voxel size (z, y, x) in mm for a lesion with this index box (z, y, x) in a scan of this voxel size."""
        small = all((s.stop - s.start) * v <= SMALL_MM for s, v in zip(box, scan_spacing, strict=True))
        return self.fine if small and self.fine is not None else self.spacing
