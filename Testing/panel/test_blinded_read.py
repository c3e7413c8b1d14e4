"""A committee's reader is shown nothing of whose images they are: panel, scene, views, store, report, exports."""

from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

from committees import FIRST, SmallCommittee, password
from dicom_corpus import Series, write
from HCCResponseLib.base.errors import InputError
from HCCResponseLib.cli.main import app
from HCCResponseLib.cli.read.assignment_list import Wanted
from HCCResponseLib.cli.read.assignment_list import assigned as give_out
from HCCResponseLib.imaging.study import load_image, load_study
from HCCResponseLib.lesions.lesion import Lesion
from HCCResponseLib.lesions.proposal import Proposal, ProposalKind
from HCCResponseLib.measure import measure_lesion
from HCCResponseLib.response.types import LesionState
from HCCResponseLib.review.committee.assignments import open_read
from HCCResponseLib.review.people.people import People
from HCCResponseLib.review.read.records import write_proposal
from HCCResponseLib.review.store import STORE_LOG, ReadStore
from reads import BASELINE, FOLLOW_UP

# As headers, tables and pages write them.
WORDS = (
    "MUSTERMANN", "Erika", "P-4711", "ACC-99812", "Klinikum", "Sonnenberg", "19610223", "1961-02-23", "Dr Weiss",
    "20240131", "2024-01-31", "20240501", "2024-05-01",
)  # fmt: skip


def named(_index):
    return {
        "PatientName": "MUSTERMANN^Erika", "PatientBirthDate": "19610223", "AccessionNumber": "ACC-99812",
        "InstitutionName": "Klinikum Sonnenberg", "ReferringPhysicianName": "Dr Weiss",
    }  # fmt: skip


@pytest.fixture
def originals(tmp_path):
    for day in ("20240131", "20240501"):
        write(tmp_path / "in" / day, Series(name="PORTAL", patient="P-4711", day=day, each=named, count=12))
    return tmp_path / "in"


def command(*words, **environment):
    done = CliRunner().invoke(app, [str(word) for word in words], env=environment)
    assert done.exit_code == 0, done.output
    return done


def propose(place, study, point):
    """A ball at a time point, as a network would propose it."""
    image = load_image(study, next(p for p in study.timepoints if p.name == point))
    z, y, x = np.ogrid[: image.geometry.size[0], : image.geometry.size[1], : image.geometry.size[2]]
    ball = Lesion.of((z - 6) ** 2 * 6.25 + (y - 12.0) ** 2 + (x - 10.0) ** 2 < 64)
    measured = measure_lesion(ball, image.geometry)
    everything = ReadStore(place, STORE_LOG)
    ann = People(everything).authenticate("ann", password("ann"))
    store, _ = open_read(everything, ann, f"{study.subject}-1")
    write_proposal(
        store, Proposal(point, "L1", ProposalKind.LESION, LesionState.MEASURED, ball, measured, "fcd")
    )
    store.append("software", "proposed", {"time_point": point})
    everything.close()


def shown(panel):
    """Every text of the panel: labels, boxes, tables, tool tips."""
    from PySide6 import QtWidgets

    def texts(widget):
        for name in ("text", "toolTip", "windowTitle", "plainText", "placeholderText", "title"):
            value = widget.property(name)
            if isinstance(value, str):
                yield value
        if hasattr(widget, "itemText"):
            yield from (widget.itemText(i) for i in range(widget.count))
        if hasattr(widget, "item") and hasattr(widget, "columnCount"):
            for row in range(widget.rowCount):
                for column in range(widget.columnCount):
                    item = widget.item(row, column)
                    if item is not None:
                        yield from (item.text(), item.toolTip())

    widgets = [panel.parent, *QtWidgets.QWidget.findChildren(panel.parent, QtWidgets.QWidget)]
    return "\n".join(text for widget in widgets for text in texts(widget))


def scene_texts():
    import slicer

    found = []
    for index in range(slicer.mrmlScene.GetNumberOfNodes()):
        node = slicer.mrmlScene.GetNthNode(index)
        found += [node.GetName() or "", node.GetDescription() or ""]
        found += [f"{name}={node.GetAttribute(name)}" for name in node.GetAttributeNames()]
    return "\n".join(found)


@pytest.fixture
def blinded(slicer_app, panel, originals, tmp_path):
    """Ann has a read of de-identified images in the panel, whose baseline is proposed."""
    command("deidentify", originals, "-o", tmp_path / "blind")
    command("open-dicom", tmp_path / "blind", "-o", tmp_path / "study")
    study = load_study(tmp_path / "study")
    committee = SmallCommittee(tmp_path / "committee.sqlite")
    manager = SimpleNamespace(store=committee.store, people=committee.people, person=committee.person("boss"))
    give_out(manager, [Wanted(tmp_path / "study", "ann", FIRST)])
    committee.store.close()
    propose(tmp_path / "committee.sqlite", study, BASELINE)
    ui = panel.ui
    ui.readerEdit.setText("ann")
    ui.studyEdit.setText(str(tmp_path / "study" / "study.yaml"))
    ui.folderEdit.setText(str(tmp_path / "output"))
    ui.storeEdit.setText(str(tmp_path / "committee.sqlite"))
    ui.readIdEdit.setText(f"{study.subject}-1")
    ui.assignedPasswordEdit.setText(password("ann"))
    ui.openAssignedButton.click()
    return panel, study


def accept_and_sign(panel, point):
    panel.panel._context.select(point, "L1")
    panel.ui.acceptButton.click()
    panel.ui.signPointCombo.setCurrentText(point)
    panel.ui.accountCombo.setCurrentText("ann")
    panel.ui.passwordEdit.setText(password("ann"))
    panel.ui.signButton.click()


def test_nothing_of_the_patient_is_shown_stored_or_exported(slicer_app, blinded, tmp_path):
    panel, study = blinded
    texts = [shown(panel), scene_texts()]
    accept_and_sign(panel, BASELINE)
    propose(tmp_path / "committee.sqlite", study, FOLLOW_UP)
    panel.panel.presenter.reload()
    accept_and_sign(panel, FOLLOW_UP)
    slicer_app.process()
    texts += [shown(panel), scene_texts()]
    assert f"Subject {study.subject}" in texts[0], "the pseudonym is shown"
    assert panel.ui.dicomSection.isHidden() and panel.ui.dicomExportSection.isHidden()
    panel.ui.closeButton.click()
    environment = {"HCC_RESPONSE_USER": "eve", "HCC_RESPONSE_PASSWORD": password("eve")}
    command("export", "sdtm", tmp_path / "committee.sqlite", "-o", tmp_path / "sdtm", **environment)
    written = [
        tmp_path / "committee.sqlite",
        *(tmp_path / "sdtm").rglob("*"),
        *(tmp_path / "output").rglob("*"),
    ]
    texts += [str(path) for path in written]
    texts += [path.read_bytes().decode("latin-1") for path in written if path.is_file()]
    for word in WORDS:
        assert not any(word in text for text in texts), word


def test_images_that_say_whose_they_are_are_not_given_out(originals, tmp_path):
    command("open-dicom", originals, "-o", tmp_path / "study", "--subject", "S1")
    committee = SmallCommittee(tmp_path / "committee.sqlite")
    manager = SimpleNamespace(store=committee.store, people=committee.people, person=committee.person("boss"))
    wanted = [Wanted(tmp_path / "study", "ann", FIRST)]
    with pytest.raises(InputError, match=r"'baseline' of subject 'S1' say whose they are \(PatientName, Pat"):
        give_out(manager, wanted)
    assert [one.reader for one in give_out(manager, wanted, identified=True)] == ["ann"]
    committee.store.close()
