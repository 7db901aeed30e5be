"""Tables of HTML as text."""

import html
import re


def read_rows(text):
    """Cells of the rows of all tables."""
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", text, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[html.unescape(cell.replace("<wbr>", "")) for cell in row] for row in cells]
