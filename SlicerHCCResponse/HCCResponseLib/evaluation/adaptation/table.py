"""Tables of the benchmark as Markdown and CSV."""

from collections.abc import Mapping, Sequence

from HCCResponseLib.base.csv_files import CsvCell, csv_text
from HCCResponseLib.evaluation.adaptation.stats import (
    Paired,
    Record,
    Summary,
    compare_paired,
    summarise,
)
from HCCResponseLib.statistics.estimate import Estimate, not_defined, too_few


def by_method(records: Sequence[Record]) -> dict[str, list[Record]]:
    """Records of each method by seed, in the order in which the methods first appear."""
    found: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda r: r["seed"]):
        found.setdefault(record["method"]["name"], []).append(record)
    return found


def _interval(x: Estimate, places: int) -> str:
    if x.low is None:
        return f"{x.value:.{places}f}; interval {not_defined(x)}" if x.value is not None else not_defined(x)
    return f"{x.value:.{places}f} ({x.low:.{places}f} to {x.high:.{places}f})"


def _value(x: Estimate, form: str) -> str:
    return not_defined(x) if x.value is None else format(x.value, form)


def _share(x: Estimate) -> str:
    """The interval of a share behind its numbers."""
    if x.low is None or x.high is None:
        return f"; {not_defined(x)}"
    return f" ({100 * x.low:.0f} to {100 * x.high:.0f} %)"


def figure_text(value: float | None, form: str) -> str:
    """A figure by a format such as ``.1f``; a dash where there is none."""
    return "-" if value is None else format(value, form)


def _rows(s: Summary) -> dict[str, str]:
    """Name and value of every figure of one method."""
    return {
        "pairs": str(s.n),
        "DSC, mean (95 % CI)": _interval(s.dsc, 3),
        "sum of diameters, bias % (95 % CI)": _interval(s.bias_percent, 1),
        "sum of diameters, 95 % limits of agreement, %": " to ".join(
            map(figure_text, s.limits, (".1f", "+.1f"))
        )
        if None not in s.limits
        else not_defined(too_few(s.n)),
        "diameter error of a lesion, mm (95 % CI)": _interval(s.error_mm, 1),
        "volume error, mL (95 % CI)": _interval(s.error_ml, 1),
        "volume error, % of mean true volume": _value(s.error_ml_percent, ".1f"),
        "Spearman, sum of diameters": _value(s.spearman, ".3f"),
        "category as the truth (exact 95 % CI)": f"{s.agreed} of {s.of}{_share(s.agreement)}",
        "Cohen's kappa (95 % CI)": _interval(s.kappa, 2),
        "PR: sensitivity / specificity / AUC": " / ".join(
            _value(one, ".2f") for one in (s.pr_sensitivity, s.pr_specificity, s.pr_auc)
        ),
        "adaptation, s (median)": f"{s.adapt_s:.1f}",
        "contouring, s (median)": f"{s.contour_s:.1f}",
        "optimiser steps (median)": f"{s.steps:.0f}",
        "optimiser work, steps on 64^3 voxels (mean)": f"{s.work:.1f}",
        "peak memory, MiB": figure_text(s.peak_mib, ".0f"),
    }


def summary_rows(records: Sequence[Record]) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the table of methods."""
    columns = {name: _rows(summarise(found)) for name, found in by_method(records).items()}
    names = list(next(iter(columns.values()))) if columns else []
    return ["figure", *columns], [[n, *(c[n] for c in columns.values())] for n in names]


_COMPARED = (("base", "ours"), ("base", "faithful"), ("faithful", "ours"), ("base-prior", "ours"))


def paired_rows(records: Sequence[Record]) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the paired comparisons; ablations are compared with ours."""
    methods = by_method(records)
    wanted = [*_COMPARED, *(("ours", n) for n in methods if n.startswith("ours-"))]
    head = [
        "comparison", "pairs", "DSC difference (95 % CI)", "Wilcoxon p",
        "right category in one alone", "McNemar p", "work ratio", "seconds ratio",
    ]  # fmt: skip
    rows = []
    for second, first in wanted:
        found = compare_paired(methods.get(first, []), methods.get(second, []))
        if found is not None:
            rows.append(_paired(f"{first} - {second}", found))
    return head, rows


_SIZES_MM = ((0.1, 10.0), (10.0, 20.0), (20.0, 40.0), (40.0, 1000.0))


def size_rows(records: Sequence[Record]) -> tuple[list[str], list[list[str]]]:
    """Mean Dice coefficient of single lesions by their true diameter at follow-up, and lesions that are gone."""
    methods = by_method(records)
    head = ["true diameter at follow-up", *methods]
    rows = []
    for low, high in _SIZES_MM:
        name = f"{low:.0f} to {high:.0f} mm" if high < 1000 else f"from {low:.0f} mm"
        rows.append([name, *(_mean_dice(found, low, high) for found in methods.values())])
    rows.append(["gone: nothing found", *(_nothing_found(found) for found in methods.values())])
    return head, rows


def _mean_dice(records: Sequence[Record], low: float, high: float) -> str:
    values = [x["dsc"] for r in records for x in r["lesions"] if low <= x["true_mm"] < high]
    return f"{sum(values) / len(values):.2f} (n = {len(values)})" if values else "-"


def _nothing_found(records: Sequence[Record]) -> str:
    found = [x["found_mm"] == 0 for r in records for x in r["lesions"] if x["true_mm"] == 0]
    return f"{sum(found)} of {len(found)}" if found else "-"


def _paired(name: str, p: Paired) -> list[str]:
    return [
        name, str(p.n), _interval(p.dsc, 3), _value(p.wilcoxon_p, ".2g"), f"{p.first_only} : {p.second_only}",
        _value(p.mcnemar_p, ".2g"), figure_text(p.work_ratio, ".3f"), figure_text(p.seconds_ratio, ".3f"),
    ]  # fmt: skip


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def as_csv(records: Sequence[Record]) -> str:
    """Every record as one CSV line, for other programs."""
    rows = [_flat(r) for r in records]
    return csv_text(list(rows[0]) if rows else [], [list(row.values()) for row in rows])


def _flat(record: Record) -> Mapping[str, CsvCell]:
    keys = (
        "background", "seed", "dsc", "true_category", "found_category", "steps", "best_step", "work", "adapt_s",
        "contour_s", "registration_s", "peak_mib",
    )  # fmt: skip
    lesions = record["lesions"]
    totals = {
        k: round(sum(x[k] for x in lesions), 3)
        for k in ("baseline_mm", "true_mm", "found_mm", "true_ml", "found_ml")
    }
    return {
        "method": record["method"]["name"],
        **{k: record[k] for k in keys},
        "lesions": len(lesions),
        **totals,
    }
