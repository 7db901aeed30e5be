"""Pages and pictures of the site that are made from the code and the notebooks."""

import shutil
from pathlib import Path

from generate.families import write_dictionary
from generate.links import rewrite_links
from generate.marks import draw_regions
from generate.notebooks import write_gallery
from generate.results import list_results, write_results

__all__ = ["list_results", "rewrite_links", "write_pages"]


def write_pages(folder: Path) -> None:
    """Write all generated pages and pictures into a folder, which is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)  # pages of what is gone would be warned of
    for name in ("families", "notebooks"):
        (folder / name).mkdir(parents=True)
    write_dictionary(folder)
    draw_regions(folder / "regions.png")
    write_gallery(folder)
    write_results(folder)
