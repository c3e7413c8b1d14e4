"""Pictures of the benchmark: Bland-Altman of the sum of diameters, Dice coefficient by size."""

from collections.abc import Sequence
from pathlib import Path

from HCCResponseLib.base.files import write_atomically
from HCCResponseLib.evaluation.adaptation.stats import Record, error_percent, summarise, sums_mm
from HCCResponseLib.evaluation.adaptation.table import by_method, figure_text

_READER_LIMITS = (-9.8, 13.1)
_COLOURS = {"base": "#999999", "base-prior": "#56b4e9", "faithful": "#d55e00", "ours": "#0072b2"}
_MARKERS = {"base": "x", "base-prior": "+", "faithful": "s", "ours": "o"}


def draw_plots(records: Sequence[Record], folder: Path) -> list[Path]:
    """Write the pictures of the methods that are compared, without ablations, and return their paths.

    Raises:
        StorageError: they cannot be written.
    """
    shown = [r for r in records if r["method"]["name"] in _COLOURS] or list(records)
    return [
        _bland_altman(shown, folder / "bland-altman.png"),
        _dice_by_size(shown, folder / "dice-by-size.png"),
    ]


def _save(figure: object, path: Path) -> Path:
    write_atomically(path, lambda temporary: figure.savefig(temporary, dpi=110))  # type: ignore[attr-defined]
    return path


def _bland_altman(records: Sequence[Record], path: Path) -> Path:
    from matplotlib.figure import Figure

    methods = by_method(records)
    figure = Figure(figsize=(3.2 * len(methods) + 0.8, 3.6), layout="constrained")
    axes = figure.subplots(1, len(methods), sharey=True, squeeze=False)[0]
    for axis, (name, found) in zip(axes, methods.items(), strict=True):
        summary = summarise(found)
        means = [(sums_mm(r)[1] + sums_mm(r)[2]) / 2 for r in found]
        axis.axhspan(*_READER_LIMITS, color="#e8e8e8", zorder=0)
        axis.axhline(0, color="black", lw=0.6)
        lines = (summary.bias_percent.value, *summary.limits)
        for line in (line for line in lines if line is not None):
            axis.axhline(line, color=_COLOURS.get(name, "black"), lw=1, ls="--")
        axis.scatter(means, [error_percent(r) for r in found], s=14, color=_COLOURS.get(name, "black"))
        axis.set_title(
            "{}: {} % ({} to {})".format(name, *map(figure_text, lines, ("+.1f", ".0f", "+.0f"))),
            fontsize=9,
        )
        axis.set_xlabel("mean of found and true sum, mm", fontsize=8)
    axes[0].set_ylabel("found minus true, % of true sum", fontsize=8)
    figure.suptitle("Sum of diameters; grey: limits of one reader with himself (Yoon 2016)", fontsize=9)
    return _save(figure, path)


def _dice_by_size(records: Sequence[Record], path: Path) -> Path:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axis = figure.subplots()
    for name, found in by_method(records).items():
        points = [(x["true_mm"], x["dsc"]) for r in found for x in r["lesions"] if x["true_mm"]]
        if points:
            axis.scatter(
                [p[0] for p in points],
                [p[1] for p in points],
                s=16,
                label=f"{name} ({len(points)} lesions)",
                color=_COLOURS.get(name, "black"),
                marker=_MARKERS.get(name, "."),
            )
    axis.axhline(0.70, color="black", lw=0.6, ls=":")
    axis.set(
        xlabel="true long diameter at follow-up, mm",
        ylabel="Dice coefficient of a lesion",
        ylim=(-0.03, 1.03),
    )
    figure.legend(fontsize=8, loc="outside lower center", ncols=4)
    return _save(figure, path)
