"""The gallery: the executed notebooks, with a card for each."""

import base64
import io
import json
import re
import shutil
from pathlib import Path

from PIL import Image

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
CARD_WIDTH, CARD_HEIGHT = 480, 300
CARD = """
:::{{container}} tile

[![{title}]({name}.png)]({name}.ipynb)

[{title}]({name}.ipynb)

{summary}
:::
"""
PAGE = """# Gallery

Each notebook runs from top to bottom in a few minutes, on synthetic knees.

::::{{container}} tiles
{cards}
::::

```{{toctree}}
:hidden:

{names}
```
"""


def write_gallery(folder: Path) -> None:
    """Write the gallery, copies of the notebooks and the pictures of the cards.

    Parameters
    ----------
    folder : Path
        The pages go to its subfolder notebooks.
    """
    target = folder / "notebooks"
    cards = []
    paths = sorted(NOTEBOOKS.glob("*.ipynb"))
    for path in paths:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        shutil.copy(path, target)
        write_picture(cells, target / f"{path.stem}.png")
        title, summary = read_opening(cells)
        cards.append(CARD.format(name=path.stem, title=title, summary=summary))
    names = "\n".join(path.stem for path in paths)
    page = PAGE.format(cards="".join(cards), names=names)
    (target / "index.md").write_text(page, encoding="utf-8")


def read_opening(cells: list[dict]) -> tuple[str, str]:
    """Title of a notebook and the first sentence below it."""
    text = "".join(next(cell["source"] for cell in cells if cell["cell_type"] == "markdown"))
    title, _, rest = text.removeprefix("# ").partition("\n")
    return title, re.split(r"(?<=[.?])\s", rest.strip().replace("\n", " "))[0]


def write_picture(cells: list[dict], path: Path) -> None:
    """Write the first picture of a notebook in the size of a card."""
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    encoded = next(
        out["data"]["image/png"] for out in outputs if "image/png" in out.get("data", {})
    )
    with Image.open(io.BytesIO(base64.b64decode("".join(encoded)))) as picture:
        height = picture.height  # of a tall picture the upper part, else all
        if picture.height > 0.9 * picture.width:
            height = picture.width * CARD_HEIGHT // CARD_WIDTH
        part = picture.convert("RGB").crop((0, 0, picture.width, height))
        part.thumbnail((CARD_WIDTH, CARD_HEIGHT), Image.Resampling.LANCZOS)
        card = Image.new("RGB", (CARD_WIDTH, CARD_HEIGHT), "white")
        card.paste(part, ((CARD_WIDTH - part.width) // 2, (CARD_HEIGHT - part.height) // 2))
        card.save(path)
