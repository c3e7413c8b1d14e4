"""A slice view drawn without a screen shows the volume, the outline of the segment and the line."""

import numpy as np
import pytest

from slicer_host.scene_parts import add_line, add_segment, add_volume, phantom

SPACING = (2.0, 1.0, 1.0)


@pytest.fixture
def scene(slicer_app):
    """A block with a lesion, shown in the axial view with a window of 400 HU around 40 HU."""
    import slicer

    values, mask = phantom()
    volume = add_volume(values, SPACING, (-32.0, -32.0, 0.0))
    display = volume.GetDisplayNode()
    display.AutoWindowLevelOff()
    display.SetWindowLevel(400, 40)
    segmentation = add_segment(volume, {"lesion": (mask, (1, 0, 0))})
    segmentation.GetDisplayNode().SetOpacity2DFill(0.0)
    line = add_line((20, 20, 20), (-20, 20, 20))
    line.GetDisplayNode().SetSelectedColor(0, 1, 0)
    line.GetDisplayNode().SetPropertiesLabelVisibility(False)
    slicer.util.setSliceViewerLayers(background=volume)
    return segmentation, line


def reds(picture):
    return (picture[..., 0] > 150) & (picture[..., 1] < 60)


def greens(picture):
    return (picture[..., 1] > 150) & (picture[..., 0] < 60)


def test_volume_outline_and_line_are_in_the_picture(scene, tmp_path):
    from slicer_host.slice_view import render_slice

    picture = render_slice(tmp_path / "axial.png", offset=20.0)
    assert (tmp_path / "axial.png").stat().st_size > 1000
    # 400 pixels for 64 mm; 60 HU in a window of -160 to 240 HU is 55 % grey, -100 HU 15 %.
    assert picture[200, 200].tolist() == pytest.approx([140, 140, 140], abs=2)
    assert picture[30, 30].tolist() == pytest.approx([38, 38, 38], abs=2)
    rows, columns = np.nonzero(reds(picture))
    assert (rows.min(), rows.max()) == pytest.approx((150, 249), abs=3)
    assert (columns.min(), columns.max()) == pytest.approx((150, 249), abs=3)
    assert not reds(picture)[160:240, 160:240].any(), "an outline, not a filled area"
    rows, columns = np.nonzero(greens(picture))
    assert columns.max() - columns.min() == pytest.approx(250, abs=15)
    assert np.median(rows) == pytest.approx(200 - 20 * 6.25, abs=4)


def test_another_slice_has_neither(scene, tmp_path):
    from slicer_host.slice_view import render_slice

    picture = render_slice(tmp_path / "edge.png", offset=4.0)
    assert not reds(picture).any()
    assert not greens(picture).any()
