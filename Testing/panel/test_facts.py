"""What a reader says of lesions, rows and time points beyond contours, by the panel's folded forms."""

from panel_case import select
from reads import BASELINE, FOLLOW_UP


def choose(case, **boxes):
    for box, words in boxes.items():
        getattr(case.ui, f"{box}Combo").setCurrentText(words)


def test_more_about_a_lesion_makes_it_no_target(slicer_app, case):
    for name in ("L1", "L2"):
        select(case, name, BASELINE)
        case.ui.acceptButton.click()
    select(case, "L1", BASELINE)
    assert case.ui.lesionTable.item(0, 1).text() == "T"
    assert case.ui.moreSection.collapsed
    case.ui.moreSection.collapsed = False
    choose(case, treated="yes")
    case.ui.factsStoreButton.click()
    assert case.ui.lesionTable.item(0, 1).text() == "NT"
    case.ui.segmentNameEdit.setText("VIII")
    case.ui.siteButton.click()
    site = case.panel.presenter.state.site("L1")
    assert (site.treated, site.grown_since_treatment, site.segment) == (True, None, "VIII")
    choose(case, grown="yes")
    case.ui.factsStoreButton.click()
    assert case.ui.lesionTable.item(0, 1).text() == "T"
    select(case, "L2", BASELINE)
    assert case.ui.treatedCombo.currentText == "no"
    choose(case, grown="yes")
    case.ui.factsStoreButton.click()
    assert "not called treated or irradiated" in slicer_app.record.take_error_box()


def test_more_about_a_row_and_a_time_point(case):
    select(case, "L1", FOLLOW_UP)
    case.ui.acceptButton.click()
    select(case, "L1", FOLLOW_UP)
    choose(case, viable="yes", versus="smaller")
    case.ui.rowFactsStoreButton.click()
    row = case.panel.presenter.row(FOLLOW_UP, "L1")
    assert (row.viable, row.decision.versus_last) == (True, "smaller")
    for edit, text in (("Name", "AFP"), ("Value", "400"), ("Limit", "7"), ("Unit", "ug/L")):
        getattr(case.ui, f"marker{edit}Edit").setText(text)
    case.ui.markerStoreButton.click()
    choose(case, nonTargetVersus="larger")
    case.ui.visitStoreButton.click()
    assert case.ui.visitLabel.text == "follow-up 1: AFP 400 (up to 7) ug/L, non-target disease larger"
    assert case.panel.presenter.state.visit(FOLLOW_UP).normal(("AFP",)) is False
    case.ui.markerValueEdit.setText("")
    case.ui.markerStoreButton.click()
    assert case.ui.visitLabel.text == "follow-up 1: non-target disease larger"
