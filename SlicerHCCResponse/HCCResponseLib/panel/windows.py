"""Window presets for CT of the liver, (width, level) in HU; a further preset is one line."""

from __future__ import annotations

WINDOW_PRESETS: dict[str, tuple[float, float]] = {
    "Soft tissue": (400.0, 50.0),
    "Liver, portal venous": (180.0, 110.0),
    "Liver, unenhanced": (150.0, 50.0),
    "Lung": (1500.0, -600.0),
    "Bone": (2000.0, 400.0),
}
