"""What is known of a row, for a reader: in words first, and the figures behind them for who asks."""

from HCCResponseLib.lesions.proposal import (
    OUTSIDE_DOMAIN,
    OUTSIDE_WORDS,
    UNSEEN_ERRORS,
    Evidence,
    place_words,
)
from HCCResponseLib.review.read.records import ReaderLine
from HCCResponseLib.review.read.state import Row


def cell_note(row: Row, draft: bool = False) -> str:
    """Everything behind a row's number, words and figures, one line each."""
    return "\n".join(filter(None, (row_words(row, draft), row_figures(row))))


def row_words(row: Row, draft: bool = False) -> str:
    """What was proposed and decided, and what to beware of; of an unfinished contour that it is no decision."""
    lines = [f"{row.status.value} ({row.proposal.origin})"]
    if draft:
        lines[0] = f"unfinished contour, no decision yet; proposed by {row.proposal.origin}"
    elif row.decision is not None:
        lines[0] = f"{row.status.value} by {row.decision.reader}; proposed by {row.proposal.origin}"
        if row.decision.reason:
            lines.append(f"reason: {row.decision.reason}")
    if row.prompt_words:
        lines.append(row.prompt_words)
    lines += _lengths(row)
    if not row.is_candidate:
        lines += _cautions(row)
    if row.measurement is not None:
        lines += [str(w) for w in row.measurement.warnings]
    return "\n".join(lines)


def row_figures(row: Row) -> str:
    """Volume and convention, how exactly the place was carried, how sure an outcome is; of a candidate its evidence."""
    evidence, lines = row.proposal.evidence, []
    if row.measurement is not None:
        volume = row.measurement.volume_mm3 / 1000
        lines.append(f"volume {volume:.1f} mL, convention {row.measurement.convention}")
    if row.is_candidate:
        return "\n".join([*lines, evidence_text(row)])
    if place := place_words(evidence):
        lines.append(place)
    if evidence.get("outcome") in ("split", "merged", "unclear"):
        lines.append(f"{evidence['outcome']}, confidence {evidence.get('confidence')}")
    if evidence.get("parts_long_axes_mm"):
        lines.append(f"long axes of its parts: {evidence['parts_long_axes_mm']} mm")
    if row.proposal.says_disappeared:
        lines.append(UNSEEN_ERRORS)
    return "\n".join(lines)


def _cautions(row: Row) -> list[str]:
    """What the reader must know of how the lesion was found again."""
    evidence = row.proposal.evidence
    lines = []
    if evidence.get("registration_trustworthy") is False:
        lines.append("Caution: the registration is not trustworthy here.")
    lines += [str(evidence[k]) for k in ("remark", "registration_remark") if evidence.get(k)]
    if row.proposal.outside_domain:
        lines.append(f"{OUTSIDE_WORDS} {row.proposal.outside_domain}")
    if row.proposal.says_disappeared:
        lines.append(
            "Proposed as disappeared: look at its place and around it. Its place can be off without a sign."
        )
    if evidence.get("outcome") in ("split", "merged", "unclear") and not row.parts and not row.merged_into:
        lines.append(f"Proposed as {evidence['outcome']}.")
    if evidence.get("merged_with"):
        lines.append(f"merged with {evidence['merged_with']}")
    if row.merged_into:
        lines.append(f"One diameter is measured for both, that of {row.merged_into} (RECIST 1.1, 4.3.2).")
        lines.append("Where a border between them is visible, draw each of them: then each is measured.")
    return lines


def shown_line(row: Row) -> ReaderLine | None:
    """The line by which the reader has shown a lesion to the network, where its contour came from one."""
    ends = row.prompt and row.prompt.get("line")
    return ReaderLine(tuple(ends["start"]), tuple(ends["end"])) if ends else None


def _both_lengths(row: Row) -> str:
    """Of a contour from the reader's line both lengths, until one of them is the reader's own word."""
    drawn, own = shown_line(row), row.decision.long_axis_mm if row.decision else None
    if drawn is None or own is not None or row.measurement is None:
        return ""
    contour = row.measurement.long_axis.length_mm
    apart = drawn.length_mm - contour
    return f"contour {contour} mm, your line {drawn.length_mm} mm (difference {apart:+} mm)"


def _lengths(row: Row) -> list[str]:
    """The reader's line beside the contour's axis, and the edited contour's beside the proposed one."""
    lines = []
    contour = row.measurement.long_axis.length_mm if row.measurement else None
    own = row.decision.long_axis_mm if row.decision else None
    lines += list(filter(None, [_both_lengths(row)]))
    if row.parts:
        lines.append(f"split: {row.parts_words} = {row.long_mm} mm; the parts are added (RECIST 1.1, 4.3.2)")
        lines.append("a length of your own takes the place of the sum")
        return lines
    if own is not None and row.proposal.parts:
        lines.append(f"reader's line {own} mm in place of the sum of the parts")
    if own is not None and contour is not None:
        lines.append(f"reader's line {own} mm, contour {contour} mm (difference {own - contour:+} mm)")
    proposed = row.proposal.measurement
    if proposed is not None and row.measurement is not proposed and contour is not None:
        lines.append(f"edited contour {contour} mm, proposed {proposed.long_axis.length_mm} mm")
    return lines


# In the order in which a reader asks for them; what is not named here comes last, by its own name.
_EVIDENCE_WORDS = {
    OUTSIDE_DOMAIN: "outside what the network was made for",
    "remark": "remark",
    "registration_remark": "registration",
    "registration_trustworthy": "checks of the registration passed",
    "place_error_mm": "mm that the place may be off (estimated)",
    "imaged_at_baseline": "imaged at baseline",
    "mean_probability": "probability",
    "highest_probability": "highest probability",
    "probability_at_baseline": "probability in this place at baseline",
    "volume_at_baseline_ml": "mL seen in this place at baseline",
    "volume_ml": "volume in mL",
    "distance_to_known_mm": "mm to nearest known lesion",
    "key_slice": "key slice",
    "mean_hu": "attenuation in HU",
    "hu_against_liver": "HU against liver",
    "differs_from_liver_hu": "HU by which its place differs from healthy liver",
    "differs_from_liver": "the same in spreads of healthy places of its shape",
    "elongation": "elongation",
    "base_network_agreement": "agreement of base network with baseline contour",
}
_NOT_FOR_READERS = ("place_lps", "place_at_baseline_lps")


def evidence_text(row: Row) -> str:
    """A row's evidence as lines that a reader understands."""
    lines = []
    given = row.proposal.evidence
    for key in dict.fromkeys((*_EVIDENCE_WORDS, *given)):
        value = given.get(key)
        if key in _NOT_FOR_READERS or value is None:
            continue
        words = _EVIDENCE_WORDS.get(key, key.replace("_", " "))
        shown = ("yes" if value else "no") if isinstance(value, bool) else value
        lines.append(f"{words}: {shown}")
    return "\n".join(lines)


def evidence_words(row: Row) -> str:
    """What speaks for and against a candidate, as sentences without figures."""
    given = row.proposal.evidence
    found = [f"{OUTSIDE_WORDS} {row.proposal.outside_domain}"] if row.proposal.outside_domain else []
    if row.prompt_words:
        said = "; ".join(filter(None, [row.prompt_words, _both_lengths(row)]))
        found.append(f"{said[:1].upper()}{said[1:]}.")
    found += [str(given[k]) for k in ("remark", "decided_before") if given.get(k)]
    if given.get("imaged_at_baseline") is False:
        found.append("Its place was not imaged at baseline.")
    elif given.get("imaged_at_baseline") is True:
        found.append(_seen_before(given))
    if given.get("registration_trustworthy") is False:
        found.append("Caution: the registration is not trustworthy here.")
        found += [str(given["registration_remark"])] if given.get("registration_remark") else []
    against = given.get("hu_against_liver")
    if isinstance(against, float | int) and against:
        found.append(f"It is {'brighter' if against > 0 else 'darker'} than the liver.")
    return " ".join(found)


def _seen_before(given: Evidence) -> str:
    """What the network saw at baseline in this place, where that was imaged."""
    seen = given.get("volume_at_baseline_ml")
    if not isinstance(seen, float | int):
        return "Its place was imaged at baseline."
    return f"The network saw {'something' if seen else 'nothing'} in this place at baseline."
