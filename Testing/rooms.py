"""Draws the rooms of the library and what each imports, from the import graph itself.

    python Testing/rooms.py            # writes docs/pictures/rooms.svg and the table in docs/developer.md
    python Testing/rooms.py --check    # exits with 1 when picture or table are out of date

Rows are the layers of ``[tool.importlinter]`` in pyproject.toml. An arrow is drawn only where no longer way leads there
as well; the table has every import. What a room is for is the first sentence of its own docstring.
"""

import ast
import re
import sys
import textwrap
import tomllib
from collections import Counter
from html import escape
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "SlicerHCCResponse" / "HCCResponseLib"
PICTURE = ROOT / "docs" / "pictures" / "rooms.svg"
PAGE = ROOT / "docs" / "developer.md"
MARKS = ("<!-- rooms: begin -->", "<!-- rooms: end -->")

Edges = Counter[tuple[str, str]]
BOX, HIGH, COLUMN, ROW, MARGIN = 208, 66, 236, 106, 14
# Where a room stands in its row; what people decide is on the left, what machines propose on the right.
COLUMNS = {
    "panel": 1, "web": 0, "cli": 3, "presenter": 0, "report": 2, "cohort": 3, "evaluation": 4, "prognosis": 2,
    "pipeline": 1, "review": 0, "track": 2, "adapt": 3, "engines": 3, "nets": 3, "dicom": 2, "lesions": 1,
    "measure": 1, "synth": 3, "imaging": 2, "statistics": 4, "response": 0, "base": 2,
}  # fmt: skip
COLOURS = {
    "people": ("#e3f0e3", "#2e7d32", ("review", "cohort", "report", "presenter", "panel")),
    "machines": ("#e3ecf7", "#1565c0", ("adapt", "track", "engines", "nets", "synth", "evaluation")),
    "both": ("#fdf1d8", "#b26a00", ("pipeline", "cli")),
    "values": ("#f2f2f2", "#616161", ()),
}
LEGEND = {
    "people": "what people decide and see",
    "machines": "what machines propose, and how good they are",
    "both": "the rooms that know both",
    "values": "values and rules that all speak in",
}


def layers() -> list[list[str]]:
    """The rows of the house, from the roof down, as import-linter checks them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    contract = next(c for c in settings["contracts"] if c["type"] == "layers")
    return [[room.strip() for room in re.split(r"[|:]", row)] for row in contract["layers"]]


def edges() -> Edges:
    """How many imports lead from room to room."""
    sys.path.insert(0, str(LIBRARY.parent))
    graph = grimp.build_graph("HCCResponseLib", cache_dir=None)
    found: Edges = Counter()
    for module in graph.modules:
        for other in graph.find_modules_directly_imported_by(module):
            a, b = (f"{name}.".split(".")[1] for name in (module, other))
            if a != b and {a, b} <= COLUMNS.keys():
                found[a, b] += 1
    return found


def drawn(found: Edges) -> list[tuple[str, str]]:
    """Edges that no longer way replaces."""
    below: dict[str, set[str]] = {}
    for a, b in found:
        below.setdefault(a, set()).add(b)

    def reachable(room: str) -> set[str]:
        return below.get(room, set()).union(*(reachable(b) for b in below.get(room, set())))

    return sorted((a, b) for a, b in found if not any(b in reachable(c) for c in below[a] - {b}))


def purpose(room: str) -> str:
    """The first sentence of a room's docstring."""
    words = ast.get_docstring(ast.parse((LIBRARY / room / "__init__.py").read_text(encoding="utf-8"))) or ""
    return re.split(r"\.(?:\s|$)", " ".join(words.split()))[0]


class Plan:
    """Where everything stands in the picture."""

    def __init__(self, rows: list[list[str]]) -> None:
        self.row = {room: number for number, names in enumerate(rows) for room in names}
        self.width = MARGIN * 2 + COLUMN * 4 + BOX
        self.height = MARGIN * 2 + ROW * (len(rows) - 1) + HIGH + 40

    def box(self, room: str) -> tuple[float, float, float]:
        """Left, top and width; the floor of the house is as wide as the house."""
        top = MARGIN + 40 + ROW * self.row[room]
        if room == "base":
            return MARGIN, top, self.width - 2 * MARGIN
        return MARGIN + COLUMN * COLUMNS[room], top, BOX

    def way(self, a: str, b: str) -> list[tuple[float, float]]:
        """From the foot of one room to the head of another, through gaps between the rooms on the way."""
        left, top, width = self.box(a)
        x, y = left + width / 2, top + HIGH
        goal, end, wide = self.box(b)
        target = x if b == "base" else goal + wide / 2
        points = [(x, y)]
        for row in range(self.row[a] + 1, self.row[b]):
            top = MARGIN + 40 + ROW * row
            straight = x + (target - x) * (top + HIGH / 2 - y) / (end - y)
            beside = self._beside(row, straight)
            if beside is not None:
                points += [(beside, top - 6), (beside, top + HIGH + 6)]
        return [*points, (target, end)]

    def _beside(self, row: int, x: float) -> float | None:
        """The nearer side of the room that stands in the way; None where none does."""
        taken = [self.box(room)[0] for room, at in self.row.items() if at == row]
        hit = next((left for left in taken if left - 20 < x < left + BOX + 20), None)
        if hit is None:
            return None
        return min((hit - MARGIN, hit + BOX + MARGIN), key=lambda place: abs(place - x))


def curve(points: list[tuple[float, float]]) -> str:
    """A smooth line through points that goes down all the way."""
    path = f"M{points[0][0]:.0f} {points[0][1]:.0f}"
    for (x, y), (u, v) in zip(points, points[1:], strict=False):
        middle = (y + v) / 2
        path += f" C{x:.0f} {middle:.0f} {u:.0f} {middle:.0f} {u:.0f} {v:.0f}"
    return path


def colours(room: str) -> tuple[str, str]:
    """Fill and line of a room."""
    fill, line, _ = next((c for c in COLOURS.values() if room in c[2]), COLOURS["values"])
    return fill, line


def box_of(room: str, plan: Plan) -> str:
    """One room with its name and what it is for."""
    left, top, width = plan.box(room)
    fill, line = colours(room)
    middle = left + width / 2
    out = [
        f'<rect x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" height="{HIGH}" rx="7" '
        f'fill="{fill}" stroke="{line}"/>',
        f'<text x="{middle:.0f}" y="{top + 18:.0f}" class="name">{room}</text>',
    ]
    lines = textwrap.wrap(purpose(room), 36 if width == BOX else 120, max_lines=3, placeholder=" …")
    for number, words in enumerate(lines):
        out.append(f'<text x="{middle:.0f}" y="{top + 33 + 12 * number:.0f}">{escape(words)}</text>')
    return "\n".join(out)


def legend() -> str:
    """What the colours say."""
    out, left = [], MARGIN
    for name, words in LEGEND.items():
        fill, line, _ = COLOURS[name]
        out.append(f'<rect x="{left:.0f}" y="12" width="18" height="12" fill="{fill}" stroke="{line}"/>')
        out.append(f'<text x="{left + 24:.0f}" y="22" class="left">{words}</text>')
        left += 60 + round(6.2 * len(words))
    return "\n".join(out)


def picture(found: Edges) -> str:
    """The whole drawing as SVG."""
    rows = [[room for room in row if (LIBRARY / room).is_dir()] for row in layers()]
    plan = Plan(rows)
    arrows = [
        f'<path d="{curve(plan.way(a, b))}" stroke="{colours(a)[1]}" marker-end="url(#tip)"/>'
        for a, b in drawn(found)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {plan.width} {plan.height}" '
            f'width="{plan.width}" height="{plan.height}" font-family="DejaVu Sans, Verdana, sans-serif" '
            'font-size="10">',
            "<style>text{text-anchor:middle;fill:#202020}.left{text-anchor:start}"
            ".name{font-weight:bold;font-size:14px}path{fill:none;stroke-width:1.4}</style>",
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            '<polygon points="0,0 8,4 0,8" fill="#404040"/></marker></defs>',
            f'<rect width="{plan.width}" height="{plan.height}" fill="#ffffff"/>',
            legend(),
            *arrows,
            *(box_of(room, plan) for row in rows for room in row),
            "</svg>\n",
        ]
    )


def table(found: Edges) -> str:
    """Every import between rooms, in the order of the layers."""
    order = [room for row in layers() for room in row if (LIBRARY / room).is_dir()]
    lines = ["| room | what it is for | imports |", "|---|---|---|"]
    for room in order:
        others = [f"`{other}`" for other in order if found[room, other]]
        lines.append(f"| `{room}` | {purpose(room)} | {', '.join(others) or '-'} |")
    return "\n".join(lines)


def page_with(text: str, words: str) -> str:
    """The developer's page with the table between its two marks."""
    before, rest = text.split(MARKS[0])
    return f"{before}{MARKS[0]}\n{words}\n{MARKS[1]}{rest.split(MARKS[1])[1]}"


def main() -> int:
    """Write both, or say what is out of date."""
    found = edges()
    text = PAGE.read_text(encoding="utf-8")
    wanted = {PICTURE: picture(found), PAGE: page_with(text, table(found))}
    if "--check" in sys.argv:
        old = [p.name for p, words in wanted.items() if not p.exists() or p.read_text("utf-8") != words]
        print(f"out of date: {', '.join(old)}; run python Testing/rooms.py" if old else "all true")
        return bool(old)
    for path, words in wanted.items():
        path.write_text(words, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
