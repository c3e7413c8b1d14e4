"""Real readers: the engine's categories against the released ones of HCC-TACE-Seg, and how well readers agree.

Run:  HCC_RESPONSE_DATA=/path/to/data python Testing/benchmarks/real_readers.py

The data (Moawad 2021, 10.7937/TCIA.5FNA-0924, CC BY 4.0) is not part of the project.
"""

import os
import sys
from pathlib import Path
from typing import Any

import openpyxl

from HCCResponseLib.cli.questions import answer_case
from HCCResponseLib.statistics.agreement import agreement_of_ratings
from HCCResponseLib.statistics.estimate import Estimate

DATA = Path(os.environ.get("HCC_RESPONSE_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
CODES = {1: "CR", 2: "PR", 3: "SD", 4: "PD"}
CATEGORIES = ["CR", "PR", "SD", "PD"]
READERS = (1, 2, 3)


def load() -> list[dict[str, Any]]:
    """The clinical table, one mapping for each patient."""
    book = openpyxl.load_workbook(DATA / "hcc_tace_seg" / "clinical_data.xlsx", read_only=True)
    lines = list(book.worksheets[0].iter_rows(values_only=True))
    book.close()
    return [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]


def category(criterion: str, before: float, after: float, absolute: int) -> str:
    """The engine's category of a read with one follow-up."""
    given = {"baseline_sum": before, "nadir_sum": before, "current_sum": after}
    profile = {"pd_absolute_mm": absolute}
    case = {"question": "target-response", "criterion": criterion, "profile": profile, "given": given}
    return str(answer_case(case).values["response"])


def reproduce(rows: list[dict[str, Any]], column: str, criterion: str) -> None:
    """Print how many released categories come out, for each reader, with and without the 5 mm rule."""
    for reader in READERS:
        reads = incomplete = 0
        right, exceptions = {0: 0, 5: 0}, []
        for row in rows:
            before, after, code = (row[f"{reader}_{column}{part}"] for part in ("_BL", "_FU", ""))
            if code not in CODES or not all(isinstance(v, int | float) for v in (before, after)):
                incomplete += 1
                continue
            reads += 1
            for absolute in right:
                found = category(criterion, before, after, absolute)
                right[absolute] += found == CODES[code]
                if found != CODES[code]:
                    exceptions.append((row["TCIA_ID"], before, after, CODES[code], found, absolute))
        print(f"{criterion:10s} reader {reader}: {reads} complete reads ({incomplete} incomplete), reproduced "
              f"{right[5]} with the 5 mm rule, {right[0]} without; exceptions: {exceptions or 'none'}")  # fmt: skip


def agreement(rows: list[dict[str, Any]], column: str, criterion: str) -> None:
    """Print the agreement of all three readers and of each pair."""
    codes = [[row[f"{reader}_{column}"] for reader in READERS] for row in rows]
    ratings = [[CODES[code] for code in line] for line in codes if all(code in CODES for code in line)]
    used = [name for name in CATEGORIES if any(name in line for line in ratings)]
    everyone = agreement_of_ratings(ratings, used, ordered="ordinal")
    differ = 100 * sum(len(set(line)) > 1 for line in ratings) / len(ratings)
    print(f"{criterion:10s} {len(ratings)} patients read by all three; categories differ in {differ:.1f} %; "
          f"mean pairwise agreement {everyone.percent_agreement:.1f} %")  # fmt: skip
    print(f"{'':10s} Fleiss' kappa {_text(everyone.fleiss_kappa)}, AC1 {_text(everyone.gwet_ac1)}, "
          f"AC2 (ordinal weights) {_text(everyone.gwet_ac2)}")  # fmt: skip
    for one, two in ((0, 1), (0, 2), (1, 2)):
        pair = agreement_of_ratings([[line[one], line[two]] for line in ratings], used, ordered="ordinal")
        print(f"{'':10s} readers {one + 1} and {two + 1}: kappa {_text(pair.kappa)}, "
              f"linear {_text(pair.kappa_linear)}, quadratic {_text(pair.kappa_quadratic)}")  # fmt: skip


def _text(found: Estimate) -> str:
    return "not defined" if found.low is None else f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]"


def main() -> int:
    """Print both tables; exit 2 when the data is not here."""
    if not (DATA / "hcc_tace_seg" / "clinical_data.xlsx").exists():
        print(f"Skipped: no clinical_data.xlsx under {DATA}; set HCC_RESPONSE_DATA.", file=sys.stderr)
        return 2
    rows = load()
    for column, criterion in (("RECIST", "RECIST 1.1"), ("mRECIST", "mRECIST")):
        reproduce(rows, column, criterion)
    for column, criterion in (("RECIST", "RECIST 1.1"), ("mRECIST", "mRECIST")):
        agreement(rows, column, criterion)
    return 0


if __name__ == "__main__":
    sys.exit(main())
