"""Links of files outside docs/, such as the README, in the pages that include them."""

import os
import re
from pathlib import Path

DOCS = Path(__file__).parents[1]
PAGES = {  # files outside docs/ that a page includes
    "README.md": "start.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changes.md",
    "benchmarks/README.md": "benchmarks.md",
}
LINK = re.compile(r"(?<=\]\()(?!\w+:)([^)#:\s]+)")


def rewrite_links(_app, relative_path, _parent, content):
    """Let the links of an included file lead to pages of the site; a listener of include-read.

    Parameters
    ----------
    relative_path : Path
        The included file, relative to docs/.
    content : list of str
        Its text, replaced in place.
    """
    folder = (DOCS / relative_path).resolve().parent

    def find_page(match):
        target = Path(os.path.normpath(folder / match[0]))
        root = target.relative_to(DOCS.parent).as_posix()
        if root.startswith("notebooks/"):
            return f"generated/{root}"
        return PAGES.get(root) or Path(os.path.relpath(target, DOCS)).as_posix()

    content[0] = LINK.sub(find_page, content[0])
