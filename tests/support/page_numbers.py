"""Numbers of a report's page that its JSON does not hold."""

import html
import re

NUMBER = re.compile(r"(?<![\w.])-?\d+(?:,\d{3})*(?:\.\d+)?(?:[eE]-?\d+)?( ?%)?(?![\w.]*\d)")


def list_numbers(value):
    """Numbers and texts of nested JSON values."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from list_numbers(item)
    elif isinstance(value, list):
        for item in value:
            yield from list_numbers(item)
    elif value is not None:
        yield value


def is_known(text, values):
    """Whether a number of the page is a rounding of a value, or part of a text, of the JSON."""
    bare = text.replace(",", "").rstrip("% ")
    wanted, half = abs(float(bare)), 0.5000001 * 10 ** -len(bare.partition(".")[2])
    scales = (1, 100) if text.endswith("%") else (1,)
    for value in values:
        if isinstance(value, str):
            if bare in value or text in value:
                return True
        elif any(abs(abs(value) * scale - wanted) <= half for scale in scales):
            return True
    return False


def list_sections(page):
    """Title and visible text of each section, without figures."""
    for found in re.finditer(r"<section.*?</section>", page, re.DOTALL):
        text = re.sub(r"<svg.*?</svg>", " ", found[0], flags=re.DOTALL)
        title = re.search(r"<h2[^>]*>(.*?)</h2>", text, re.DOTALL)
        yield html.unescape(title[1]), html.unescape(re.sub(r"<[^>]*>", " ", text))


def list_unknown(numbers, page):
    """Numbers of each section that its part of the JSON lacks."""
    by_title = {part["title"]: part for part in numbers["parts"].values()}
    shown = dict(list_sections(page))
    assert set(by_title) <= set(shown)
    unknown = {}
    for title, part in by_title.items():
        values = list(list_numbers(part))
        found = [match[0] for match in NUMBER.finditer(shown[title])]
        unknown[title] = [text for text in found if not is_known(text, values)]
    return unknown
