"""A committee: two readers who see nothing of each other, and an adjudicator who sees reads without names."""

import slicer

from walks.walk import BASELINE, FOLLOW_UP, close_the_read, new_folder, require, select_the_module

PASSWORD = "quiet river stones 42"
VISITS = {
    BASELINE: ("2024-01-01", {"L1": 30.0, "L2": 16.0}),
    FOLLOW_UP: ("2024-03-01", {"L1": 24.0, "L2": 14.0, "C1": 10.0}),
}
# Signing in takes a moment on purpose; here nobody has to be kept out.
QUICK = {"argon2_time_cost": 1, "argon2_memory_kib": 8192}
STREAMS = {"ann": "RADIOLOGIST 1", "bob": "RADIOLOGIST 2"}


def make_the_committee(walk):
    """Accounts, two assigned reads with the same proposals; by the functions that the commands call."""
    from HCCResponseLib.imaging.study import load_study
    from HCCResponseLib.panel.self_test import draw_study, write_proposals
    from HCCResponseLib.review.committee.assignments import assign, blinded
    from HCCResponseLib.review.people.people import People
    from HCCResponseLib.review.read.session import load_images
    from HCCResponseLib.review.store import STORE_LOG, ReadStore

    walk.folder = new_folder()
    walk.study, walk.store = draw_study(walk.folder, VISITS), walk.folder / "committee.sqlite"
    study = blinded(load_study(walk.study))
    store = ReadStore(walk.store, STORE_LOG)
    try:
        people = People(store)
        boss = _accounts(people)
        prints = load_images(study)[1]
        walk.reads = {
            reader: assign(store, boss, people, study, prints, reader, stream).read_id
            for reader, stream in STREAMS.items()
        }
        for read_id in walk.reads.values():
            write_proposals(store.other(read_id), VISITS)
    finally:
        store.close()


def _accounts(people):
    """A manager, two readers and an adjudicator; returns the manager, signed in."""
    from HCCResponseLib.review.people.account_rules import shipped_rules
    from HCCResponseLib.review.read.access import Role

    people.add("boss", "Bo Manager", {Role.MANAGER}, "a temporary password")
    people.change_password("boss", "a temporary password", PASSWORD)
    boss = people.authenticate("boss", PASSWORD)
    people.set_rules(boss, shipped_rules().model_copy(update=QUICK), "a walk, no trial")
    for name, role in (("ann", Role.READER), ("bob", Role.READER), ("judge", Role.ADJUDICATOR)):
        people.add(name, f"Dr {name.title()}", {role}, "a temporary password", boss)
        people.change_password(name, "a temporary password", PASSWORD)
    return boss


def _sign_in(walk, name, read_id):
    """By the boxes under 'Assigned read of a committee'."""
    ui = walk.ui
    ui.readerEdit.setText(name)
    ui.studyEdit.setText(str(walk.study))
    ui.folderEdit.setText(str(walk.folder / name))
    ui.storeEdit.setText(str(walk.store))
    ui.readIdEdit.setText(read_id)
    ui.assignedSection.collapsed = False
    ui.assignedPasswordEdit.setText(PASSWORD)
    ui.openAssignedButton.click()
    walk.turn(5)
    require(ui.assignedPasswordEdit.text == "", "the password stays in its box")


def _read(walk, name, answer):
    """One time point after the other; ``answer`` is the key for the candidate."""
    _sign_in(walk, name, walk.reads[name])
    require(walk.read.points() == [BASELINE], f"open before the baseline is signed: {walk.read.points()}")
    walk.accept_all(BASELINE)
    walk.sign_as(name, PASSWORD)
    require(walk.read.points() == [BASELINE, FOLLOW_UP], f"open after signing: {walk.read.points()}")
    walk.accept_all(FOLLOW_UP)
    walk.answer_candidates(answer)
    walk.sign_as(name, PASSWORD)
    require(walk.read.state.locked == {BASELINE, FOLLOW_UP}, f"signed: {walk.read.state.locked}")


def first_reader(walk):
    _read(walk, "ann", "D")
    require("SD" in walk.ui.categoryLabel.text, walk.ui.categoryLabel.text)
    walk.wait_for_job()
    require((walk.folder / "ann" / "report.html").is_file(), "the report was not written")


def second_reader_cannot_see_the_first(walk):
    close_the_read(walk)
    _sign_in(walk, "bob", walk.reads["ann"])
    said = walk.watch.take()
    require(any("may not see the read" in words for words in said), f"a refusal was expected: {said}")
    require(walk.read.session is None, "another's read is open")


def second_reader(walk):
    _read(walk, "bob", "W")
    require("PD" in walk.ui.categoryLabel.text, walk.ui.categoryLabel.text)


def adjudicator_sees_no_names(walk):
    close_the_read(walk)
    _sign_in(walk, "judge", walk.reads["bob"])
    table, ui = walk.ui.lesionTable, walk.ui
    require("RADIOLOGIST 2" in ui.signatureLabel.text, ui.signatureLabel.text)
    walk.select("L1", FOLLOW_UP)
    seen = [ui.signatureLabel.text, ui.cellLabel.text, *_tips(table), *_tips(ui.candidateTable)]
    require(not any("bob" in words.lower() for words in seen), f"a name is shown: {seen}")
    require(not ui.acceptButton.isEnabled(), "a signed read can be changed")


def _tips(table):
    cells = ((r, c) for r in range(table.rowCount) for c in range(table.columnCount))
    return [item.toolTip() for r, c in cells if (item := table.item(r, c)) is not None]


def adjudicator_chooses(walk):
    """By the function behind the command: the panel shows reads, and the choice is made beside it."""
    from HCCResponseLib.review.committee.adjudication import adjudicate, case
    from HCCResponseLib.review.people.people import People
    from HCCResponseLib.review.store import STORE_LOG, ReadStore

    close_the_read(walk)
    store = ReadStore(walk.store, STORE_LOG)
    try:
        require(case(store, "SELFTEST").needs_adjudication, "the readers do not differ")
        chosen = walk.reads["bob"]
        found = adjudicate(store, People(store), ("judge", PASSWORD), "SELFTEST", chosen, "C1 is new")
        require(found.accepted == chosen, f"accepted: {found.accepted}")
    finally:
        store.close()


def leave_no_trace_of_the_committee(walk):
    slicer.mrmlScene.Clear(0)
    for box in (walk.ui.storeEdit, walk.ui.readIdEdit):
        box.setText("")
    walk.ui.assignedSection.collapsed = True
    walk.turn(5)


STEPS = (
    select_the_module,
    make_the_committee,
    first_reader,
    second_reader_cannot_see_the_first,
    second_reader,
    adjudicator_sees_no_names,
    adjudicator_chooses,
    leave_no_trace_of_the_committee,
)
