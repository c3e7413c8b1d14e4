"""Three radiologists' reads of HCC-TACE-Seg (Moawad 2021, CC BY 4.0): every released category must be reproduced."""

import os
from pathlib import Path
from typing import Any

import pytest

from HCCResponseLib.cli.questions import answer_case
from HCCResponseLib.statistics.agreement import agreement_of_ratings

DATA = Path(os.environ.get("HCC_RESPONSE_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))
TABLE = DATA / "hcc_tace_seg" / "clinical_data.xlsx"
READS = {"RECIST": 287, "mRECIST": 287}
CODES = {1: "CR", 2: "PR", 3: "SD", 4: "PD"}

pytestmark = pytest.mark.skipif(
    not TABLE.exists(), reason=f"real reads not here: {TABLE} (set HCC_RESPONSE_DATA to the data folder)"
)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.load_workbook(TABLE, read_only=True)
    lines = list(book.worksheets[0].iter_rows(values_only=True))
    book.close()
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def complete_reads(rows: list[dict[str, Any]], criterion: str) -> list[tuple[str, int, float, float, str]]:
    found = []
    for row in rows:
        for reader in (1, 2, 3):
            name = f"{reader}_{criterion}"
            before, after, code = row[f"{name}_BL"], row[f"{name}_FU"], row[name]
            if code in CODES and isinstance(before, int | float) and isinstance(after, int | float):
                found.append((row["TCIA_ID"], reader, before, after, CODES[code]))
    return found


@pytest.mark.parametrize(("column", "criterion"), [("RECIST", "RECIST 1.1"), ("mRECIST", "mRECIST")])
@pytest.mark.parametrize("absolute", [0, 5])
def test_every_complete_read_is_reproduced(rows, column, criterion, absolute):
    reads = complete_reads(rows, column)
    assert len(reads) == READS[column]
    wrong = []
    for subject, reader, before, after, released in reads:
        given = {"baseline_sum": before, "nadir_sum": before, "current_sum": after}
        profile = {"pd_absolute_mm": absolute}
        case = {"question": "target-response", "criterion": criterion, "profile": profile, "given": given}
        category = answer_case(case).values["response"]
        if category != released:
            wrong.append((subject, reader, before, after, released, category))
    assert wrong == []


def ratings(rows: list[dict[str, Any]], criterion: str) -> list[list[str]]:
    found = [[row[f"{reader}_{criterion}"] for reader in (1, 2, 3)] for row in rows]
    return [[CODES[code] for code in codes] for codes in found if all(code in CODES for code in codes)]


def test_published_agreement_of_the_three_readers(rows):
    """Fleiss 0.44 and AC2 0.80 (mRECIST), 0.35 and 0.91 (RECIST), 53.8 % four-category disagreement."""
    viable, size = ratings(rows, "mRECIST"), ratings(rows, "RECIST")
    assert (len(viable), len(size)) == (93, 93)
    disagree = sum(len(set(codes)) > 1 for codes in viable) / len(viable)
    assert 100 * disagree == pytest.approx(53.8, abs=0.05)
    by_viable = agreement_of_ratings(viable, ["CR", "PR", "SD", "PD"], ordered="ordinal")
    used = [code for code in ("CR", "PR", "SD", "PD") if any(code in codes for codes in size)]
    by_size = agreement_of_ratings(size, used, ordered="ordinal")
    assert by_viable.fleiss_kappa.value == pytest.approx(0.44, abs=0.005)
    assert by_size.fleiss_kappa.value == pytest.approx(0.35, abs=0.005)
    assert by_viable.gwet_ac2.value == pytest.approx(0.80, abs=0.005)
    assert by_size.gwet_ac2.value == pytest.approx(0.91, abs=0.005)
    yes = [["CR" if code == "CR" else "no" for code in codes] for codes in viable]
    assert agreement_of_ratings(yes, ["CR", "no"]).fleiss_kappa.value == pytest.approx(0.66, abs=0.005)
    either = [["response" if code in ("CR", "PR") else "no" for code in codes] for codes in viable]
    assert agreement_of_ratings(either, ["response", "no"]).fleiss_kappa.value == pytest.approx(
        0.41, abs=0.005
    )
