"""The report as PDF: the same content as the HTML, on A4 pages that each say whose read it is and whether it is signed.

By ReportLab (BSD licence), which is plain Python. The font is DejaVu Sans, which comes with Matplotlib: the PDF
standard's own fonts know no letters beyond Western Europe.
"""

import base64
import io
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import matplotlib as mpl
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    Image,
    KeepInFrame,
    KeepTogether,
    PageBreak,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
)
from reportlab.platypus import Table as Grid

from HCCResponseLib.base.files import write_atomically
from HCCResponseLib.report.subject.content import NOTICE, ReportContent
from HCCResponseLib.report.subject.lesion_rows import Cell, LesionGroup
from HCCResponseLib.report.subject.pictures import LesionPictures

_FONT, _BOLD = "DejaVuSans", "DejaVuSans-Bold"
_INK, _SOFT, _LINE, _SHADE = "#1b2733", "#4d5c6b", "#c4ccd4", "#f0f2f5"
_COLOURS = {"seen": "#23744a", "open": "#9a5b00", "": _SOFT}
_MARGIN, _HEAD = 15 * mm, 22 * mm
_PAD = 6  # of ReportLab's frame on each side, points
_WIDTH, _HEIGHT = A4[0] - 2 * _MARGIN - 2 * _PAD, A4[1] - 2 * _HEAD - 2 * _PAD
_PLAIN_LINES = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.4, HexColor(_LINE))]
_TIGHT = [(f"{side}PADDING", (0, 0), (-1, -1), 1.5) for side in ("TOP", "BOTTOM")]


def write_pdf(path: Path, content: ReportContent) -> int:
    """Write what a report says as PDF; returns the number of pages.

    Raises:
        StorageError: the file cannot be written.
    """
    _, pages = _built(content, 0)
    data, _ = _built(content, pages)
    write_atomically(path, lambda draft: draft.write_bytes(data))
    return pages


def _built(content: ReportContent, pages: int) -> tuple[bytes, int]:
    """The file and how many pages it has; each page names the number that is given."""
    buffer = io.BytesIO()
    document = SimpleDocTemplate(
        buffer, pagesize=A4, leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_HEAD, bottomMargin=_HEAD,
        title=content.title, author="hcc-response", invariant=1,
    )  # fmt: skip
    frame = partial(_frame, content=content, pages=pages)
    document.build(story(content), onFirstPage=frame, onLaterPages=frame)
    return buffer.getvalue(), int(document.page)


def _know_fonts() -> None:
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    for name in (_FONT, _BOLD):
        if name not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))
    pdfmetrics.registerFontFamily(_FONT, normal=_FONT, bold=_BOLD, italic=_FONT, boldItalic=_BOLD)


def _frame(canvas: Any, document: Any, content: ReportContent, pages: int) -> None:
    """Head and foot of a page."""
    canvas.saveState()
    canvas.setStrokeColor(HexColor(_LINE))
    canvas.setFillColor(HexColor(_SOFT))
    canvas.setFont(_FONT, 8)
    top, bottom, left, right = A4[1] - 14 * mm, 13 * mm, _MARGIN + _PAD, A4[0] - _MARGIN - _PAD
    room = right - left - 4 * mm - pdfmetrics.stringWidth(content.state, _FONT, 8)
    canvas.drawString(left, top, _fitting(content.head, room))
    canvas.setFillColor(HexColor(_COLOURS["seen" if content.signed and content.reviewed else "open"]))
    canvas.drawRightString(right, top, content.state)
    canvas.setFillColor(HexColor(_SOFT))
    canvas.line(left, top - 2 * mm, right, top - 2 * mm)
    canvas.drawString(left, bottom, f"{NOTICE} Written {content.written}")
    canvas.drawRightString(right, bottom, f"page {document.page} of {pages}")
    canvas.restoreState()


def _fitting(words: str, room: float) -> str:
    """As much of a line as fits into a width (points) at the size of the head, and a mark where that is not all."""
    if pdfmetrics.stringWidth(words, _FONT, 8) <= room:
        return words
    while words and pdfmetrics.stringWidth(f"{words}…", _FONT, 8) > room:
        words = words[:-1]
    return f"{words}…"


def _style(size: float, bold: bool = False, colour: str = _INK, above: float = 0, below: float = 2) -> Any:
    font = _BOLD if bold else _FONT
    return ParagraphStyle(
        f"{font} {size} {colour}", fontName=font, fontSize=size, leading=1.24 * size, textColor=HexColor(colour),
        spaceBefore=above, spaceAfter=below,
    )  # fmt: skip


def _said(text: str, size: float = 9, **look: Any) -> Any:
    """A paragraph of plain text."""
    return Paragraph(escape(text), _style(size, **look))


def _title(text: str, size: float = 11) -> Any:
    return _said(text, size, bold=True, above=7, below=3)


def _list(lines: Iterable[str], size: float = 8.5) -> list[Any]:
    return [_said(f"•  {line}", size) for line in lines]


def story(content: ReportContent) -> list[Any]:
    """Everything in its order, as ReportLab's flowables; the first page is one, smaller where much has to fit."""
    _know_fonts()
    first = KeepInFrame(_WIDTH, _HEIGHT - 1, _first_page(content), mode="shrink")
    return [first, PageBreak(), *_pictures(content), *_why(content), *_origin(content)]


def _first_page(r: ReportContent) -> list[Any]:
    out = [_said(r.title, 15, bold=True, below=3), _said(r.profile, colour=_SOFT), _category(r)]
    if not r.gaps and not r.reviewed:
        out.append(
            _warning(["Not reviewed: proposals were accepted without a reader looking at each of them."])
        )
    if r.parallel:
        lines = ["Read in parallel, as the profile asks; not the category of this read:", *r.parallel]
        out += [_said(line, 8, colour=_SOFT) for line in lines]
    questions = [q for p in r.follow_ups for q in p.questions]
    if questions:
        out.append(_warning([f"{q.time_point}: {q.text} ({' / '.join(q.choices)})" for q in questions]))
    out += [_title("Lesions"), _lesions(r), Spacer(1, 3), _said(r.measured, 7.5, colour=_SOFT)]
    out += [
        _title("New lesions"),
        *_new_lesions(r),
        *([_said(r.rejected.line, 8)] if r.rejected.line else []),
    ]
    out += [_title("Who and when"), _said(" ".join(r.who))]
    out += [_said(line, 8.5) for line in r.signed_lines]
    if r.first_cautions:
        out += [_title("Look closely"), _warning(r.first_cautions)]
    out.append(_said(NOTICE, 9, bold=True, colour=_COLOURS["open"], above=6))
    return out


def _category(r: ReportContent) -> Any:
    if r.gaps:
        return _warning(["No response category. Still missing:", *r.gaps])
    if not r.follow_ups:
        return Spacer(1, 1)
    cells = []
    for p in r.follow_ups:
        parts = f"target {p.target.response} · non-target {p.non_target} · new lesion {p.new_lesion}"
        cell = [
            _said(f"{p.name}, {p.date}", 8.5, colour=_SOFT),
            _said(str(p.overall or "open question"), 17, bold=True),
        ]
        cell.append(_said(parts, 8, colour=_SOFT))
        cells.append(cell if r.reviewed else [*cell, _said("not reviewed", 8, colour=_COLOURS["open"])])
    rows: list[list[Any]] = [list(cells[n : n + 3]) for n in range(0, len(cells), 3)]
    rows[-1] += [""] * (min(3, len(cells)) - len(rows[-1]))
    colour = HexColor(_LINE if r.reviewed else _COLOURS["open"])
    look = [("BOX", (0, 0), (-1, -1), 0.8, colour), ("BACKGROUND", (0, 0), (-1, -1), HexColor(_SHADE))]
    look.append(("VALIGN", (0, 0), (-1, -1), "TOP"))
    widths = [_WIDTH / 3 if len(cells) > 1 else _WIDTH / 2] * len(rows[0])
    return Grid(rows, colWidths=widths, style=look, hAlign="LEFT", spaceBefore=5, spaceAfter=5)


def _warning(lines: Sequence[str]) -> Any:
    cell = [_said(line, 8.5, colour="#6b3a00") for line in lines]
    look = [("BACKGROUND", (0, 0), (-1, -1), HexColor("#fff4e0"))]
    return Grid([[cell]], colWidths=[_WIDTH], style=look, hAlign="LEFT", spaceBefore=3, spaceAfter=3)


def _cell(cell: Cell, bold: bool = True) -> Any:
    text = f"<b>{escape(cell.text)}</b>" if bold else escape(cell.text)
    if cell.status:
        text += f' <font size="7" color="{_COLOURS[cell.tag]}">{escape(cell.status)}</font>'
    if cell.note:
        text += f'<br/><font size="7" color="{_SOFT}">{escape(cell.note)}</font>'
    return Paragraph(text, _style(8.5, below=0))


def _lesions(r: ReportContent) -> Any:
    if not r.groups:
        return _said("No lesion was found or drawn.", colour=_SOFT)
    head = ["", *(f"{name}, {date}" for name, date in r.columns)]
    rows: list[list[Any]] = [[_said(text, 8, bold=True, colour=_SOFT, below=0) for text in head]]
    look = [*_PLAIN_LINES, *_TIGHT]
    for group in r.groups:
        _add_group(rows, look, group, r.sum_title)
    first = max(34 * mm, _WIDTH / (len(r.columns) + 2))
    others = (_WIDTH - first) / len(r.columns)
    return Grid(rows, colWidths=[first, *[others] * len(r.columns)], style=look, repeatRows=1, hAlign="LEFT")


def _add_group(rows: list[list[Any]], look: list[Any], group: LesionGroup, sum_title: str) -> None:
    empty = [""] * (len(rows[0]) - 1)
    look.append(("BACKGROUND", (0, len(rows)), (-1, len(rows)), HexColor(_SHADE)))
    look.append(("SPAN", (0, len(rows)), (-1, len(rows))))
    rows.append([_said(group.title, 9, bold=True, below=0), *empty])
    for line in group.lines:
        where = f' <font size="7" color="{_SOFT}">{escape(line.where)}</font>' if line.where else ""
        name = Paragraph(f"<b>{escape(line.name)}</b>{where}", _style(8.5, below=0))
        rows.append([name, *map(_cell, line.cells)])
    for line in group.sums:
        look.append(("BACKGROUND", (0, len(rows)), (-1, len(rows)), HexColor(_SHADE)))
        name = _said(line.name, 8.5, below=0)
        rows.append([name, *(_cell(c, line.name == sum_title) for c in line.cells)])


def _table(head: Sequence[str], lines: Iterable[Sequence[str]], widths: Sequence[float]) -> Any:
    """A table of words; ``widths`` are shares of the page."""
    rows = [[_said(text, 8, bold=True, colour=_SOFT, below=0) for text in head]]
    rows += [[_said(text, 8, below=0) for text in line] for line in lines]
    return Grid(
        rows,
        colWidths=[_WIDTH * w for w in widths],
        style=[*_PLAIN_LINES, *_TIGHT],
        repeatRows=1,
        hAlign="LEFT",
    )


def _new_lesions(r: ReportContent) -> list[Any]:
    if not r.new_lesions:
        return [_said("None.")]
    head = ("Lesion", "Time point", "Long axis", "The reader says", "Counts as progression")
    lines = [(c.name, c.point, c.size, c.said, c.dated or "-") for c in r.new_lesions]
    return [_table(head, lines, (0.1, 0.16, 0.14, 0.26, 0.34)), Spacer(1, 3)]


def _picture(data: str, width: float) -> Any:
    """A picture from its data URI, in its own shape."""
    png = io.BytesIO(base64.b64decode(data.split(",", 1)[1]))
    return Image(png, width, _HEIGHT / 2, kind="proportional")


def _pictures(r: ReportContent) -> list[Any]:
    out: list[Any] = []
    if r.levels:
        words = (
            "The same anatomical level at baseline and follow-up. A lesion has the same name and colour on both; "
            "candidates are dashed; a cross marks the place of a lesion without a contour."
        )
        out += [_title("Side by side"), _said(words, 8, colour=_SOFT)]
    for level in r.levels:
        caption = _said(f"{level.point}: level of {level.names}", 8.5, below=6)
        out.append(KeepTogether([_picture(level.data, _WIDTH), caption]))
    if r.cards:
        words = (
            f"Contour in amber, long axis in blue, short axis in green. Window {r.window}. "
            "The patient's right side is on the left."
        )
        out += [_title("Key slices"), _said(words, 8, colour=_SOFT)]
        out += [KeepTogether([_said(card.title, 9.5, bold=True, above=4), _card(card)]) for card in r.cards]
    return out


def _card(card: LesionPictures) -> Any:
    width = _WIDTH / 3 - 3 * mm
    cells = []
    for one in card.pictures:
        shown = _picture(one.data, width) if one.data else _said("nothing to show", 8, colour=_SOFT)
        cells.append([shown, _said(f"{one.point}: {one.words}", 8)])
    rows = [cells[n : n + 3] + [""] * (3 - len(cells[n : n + 3])) for n in range(0, len(cells), 3)]
    look = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]
    return Grid(rows, colWidths=[_WIDTH / 3] * 3, style=look)


def _why(r: ReportContent) -> list[Any]:
    out: list[Any] = []
    if len(r.cautions) > len(r.first_cautions):
        out += [_title("Look closely"), *_list(r.cautions)]
    if r.follow_ups and r.plot:
        out += [KeepTogether([_title("Why: the trace"), _picture(r.plot, 0.8 * _WIDTH)])]
    for p in r.follow_ups:
        out.append(_said(f"{p.name}: {p.overall or 'open question'}", 9.5, bold=True, above=4))
        out += [_said(f"{n}. {line}", 8.5) for n, line in enumerate(p.trace, start=1)]
    evidence = [
        f"{c.name} at {c.point}{f', suggested: {c.suggestion}' if c.suggestion else ''}. {c.evidence}"
        for c in r.new_lesions
        if c.evidence
    ]
    if evidence:
        out += [_title("What speaks for a new lesion"), *_list(evidence)]
    return out


def _origin(r: ReportContent) -> list[Any]:
    out: list[Any] = []
    if r.rejected.reasons:
        out += [_title("Why proposals were rejected"), *_list(r.rejected.reasons)]
    if r.changes:
        head = ("What", "Before", "After", "Who", "Date and time", "Why")
        lines = [
            (c.item, c.old or "nothing", c.new or "nothing", c.who, c.when, c.reason or "no reason given")
            for c in r.changes
        ]
        out += [_title("Changes after a decision"), _table(head, lines, (0.15, 0.17, 0.17, 0.12, 0.18, 0.21))]
    if r.signatures:
        head = (
            "Time point",
            "Category signed",
            "Printed name",
            "Meaning",
            "Date and time",
            "Content (SHA-256)",
        )
        lines = [
            (s.time_point, s.category or "none (baseline)", f"{s.printed_name} ({s.signer})", s.meaning, s.when,
             f"{s.content_sha256[:16]}… {s.under_key}")
            for s in r.signatures
        ]  # fmt: skip
        out += [_title("Signatures"), _table(head, lines, (0.13, 0.14, 0.2, 0.12, 0.2, 0.21))]
    out.append(_title("How the proposals were made"))
    for one in r.provenance:
        out += [_said(one.point, 9.5, bold=True, above=3), _said(" ".join(one.sentences), 8.5)]
    return out
