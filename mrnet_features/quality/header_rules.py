"""Findings from headers: another plane, contrast, side or part of the body, localisers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from mrnet_features.names import PLANES, WEIGHTINGS, parse_series
from mrnet_features.quality.findings import Finding
from mrnet_features.quality.named_rules import FEWEST_PICTURES, LEAVE_EMPTY
from mrnet_features.quality.series_headers import SeriesHeader
from mrnet_features.series.side import FAR_MM

NAN = float("nan")


def apply_header_rules(headers: Iterable[SeriesHeader]) -> Iterator[Finding]:
    """Yield a finding for each series whose header contradicts its name, and for changed sides.

    Parameters
    ----------
    headers : iterable of SeriesHeader

    Yields
    ------
    Finding
    """
    by_exam: dict[str, list[SeriesHeader]] = defaultdict(list)
    for header in headers:
        by_exam[header.exam].append(header)
        for code, text, value in _describe_series(header):
            advice = f"{text} {LEAVE_EMPTY}"
            yield Finding(header.exam, header.series, code, "check", value, advice)
    for exam, its in by_exam.items():
        yield from _check_sides(exam, its)


def _describe_series(header: SeriesHeader) -> Iterator[tuple[str, str, float]]:
    """Code, sentence and value of each finding about one series."""
    name = parse_series(header.series)
    if len(header.planes) > 1:
        text = f"The file holds pictures of several planes ({', '.join(header.planes)})."
        yield "header-localiser", text, NAN
    elif header.planes and header.planes[0] != name.plane:
        text = f"Named {name.plane}, but the slices are {header.planes[0]} by the header."
        yield "header-plane", text, NAN
    problem = _find_weighting_problem(header)
    if problem:
        text = f"Named {WEIGHTINGS[name.known_weighting]}, but {problem} by the header."
        yield "header-weighting", text, NAN
    if header.other_part:
        text = f"The header names another part of the body ({header.other_part})."
        yield "header-body-part", text, NAN
    if header.is_localiser:
        yield "header-localiser", "The description names a localiser.", NAN
    elif 0 < header.n_slices < FEWEST_PICTURES:
        text = f"Only {header.n_slices} pictures, as a localiser has."
        yield "header-localiser", text, float(header.n_slices)


def _find_weighting_problem(header: SeriesHeader) -> str:
    """What the tags say against the weighting of the name; empty if nothing."""
    if header.series in PLANES:  # the names of MRNet state no weighting
        return ""
    weighting = parse_series(header.series).known_weighting
    if weighting == "fluid":
        if header.fluid_bright is False:
            return "fluid is dark (short echo and repetition time)"
        # entries of ScanOptions without one for fat are no proof: Dixon has none
        if header.fat_suppressed is False and header.source != "ScanOptions":
            return "fat is not suppressed"
    if weighting == "structural" and header.fat_suppressed:
        return "fat is suppressed"
    return ""


def _check_sides(exam: str, headers: Sequence[SeriesHeader]) -> Iterator[Finding]:
    """Yield findings about tags and positions of an exam that contradict each other."""
    advice = (
        "Four of the RSNA findings are medial or lateral, and the MCL is medial. Look at it, and "
        "state the side."
    )
    tags = {side: [h.series for h in headers if side in h.sides] for side in ("left", "right")}
    placed = {
        "left": [h.series for h in headers if h.offset_mm >= FAR_MM],
        "right": [h.series for h in headers if h.offset_mm <= -FAR_MM],
    }
    if all(tags.values()):
        text = f"Tags say left ({', '.join(tags['left'])}) and right ({', '.join(tags['right'])})."
        yield Finding(exam, "", "header-side", "check", NAN, f"{text} {advice}")
        return
    if all(placed.values()):
        listed = f"left ({', '.join(placed['left'])}) and right ({', '.join(placed['right'])})"
        text = f"Pictures lie on both sides of the middle of the scanner: {listed}."
        yield Finding(exam, "", "header-side", "check", NAN, f"{text} {advice}")
        return
    given = headers[0].given_side
    for side, other in (("left", "right"), ("right", "left")):
        if given == side and tags[other]:
            text = f"The exam was given as {side}, but the tag says {other}."
            yield Finding(exam, "", "header-side", "check", NAN, f"{text} {advice}")
            continue
        if tags[side] and placed[other]:
            distance = max(abs(h.offset_mm) for h in headers if h.series in placed[other])
            text = (
                f"The tag says {side}, but the pictures lie {distance:.0f} mm to the {other} of "
                "the middle of the scanner."
            )
            yield Finding(exam, "", "header-side", "check", distance, f"{text} {advice}")
