"""The feature dictionary: a page for each family, from its docstring, its words and pictures."""

import dataclasses
import inspect
import re
from pathlib import Path

import mrnet_features as mf
from generate.counted import DRAWINGS, draw_counted
from generate.marks import choose_pictures, draw_picture
from mrnet_features.families.base import Family
from mrnet_features.families.documentation import match_pattern, read_statistics
from mrnet_features.families.presets import PRESETS, discover_families
from mrnet_features.names import PLANES, parse_name

GROUPS = {
    "Parts of the knee": "read only where a structure or a lesion is expected",
    "IBSI": "intensity and texture of the whole knee, as standardised",
    "Patterns and filters": "texture of the whole knee beyond the standard",
    "In no preset": "ask for them by name",
}
INTRODUCTION = """Feature dictionary
==================

One page for each family: what it measures, every statistic with formula, unit, range, IBSI code and
plain words, and what it looks at on a synthetic knee. Pages are made from the docstrings of the
code. :func:`mf.describe_columns <mrnet_features.describe_columns>` says the same of any column.

A mark shows where a number comes from, which need not be the lesion. Knees were chosen so that the
picture shows what the family is meant for.
"""


def write_dictionary(folder: Path) -> None:
    """Write the pages and pictures of all families.

    Parameters
    ----------
    folder : Path
        They go to its subfolder families.
    """
    target = folder / "families"
    families = discover_families()
    cards: dict[str, list[str]] = {group: [] for group in GROUPS}
    for name, cls in families.items():
        (target / f"{name}.rst").write_text(write_page(name, cls, target), encoding="utf-8")
        cards[find_group(name, cls)].append(write_card(name, cls))
    text = INTRODUCTION
    for group, about in GROUPS.items():
        text += f"\n{group}\n{'-' * len(group)}\n\n{about.capitalize()}.\n\n"
        text += ".. container:: tiles\n\n" + "".join(cards[group])
    text += "\n.. toctree::\n   :hidden:\n\n" + "".join(f"   {name}\n" for name in families)
    (target / "index.rst").write_text(text, encoding="utf-8")


def find_group(name: str, cls: type[Family]) -> str:
    """Group of a family on the page of all."""
    members = {preset: set(map(str, choices)) for preset, choices in PRESETS.items()}
    parts, standard, other, none = GROUPS
    if name not in members["full"]:
        return none
    if "knee" not in cls.region_sets or len(cls.region_sets) > 1:
        return parts
    return standard if name in members["texture"] else other


def write_card(name: str, cls: type[Family]) -> str:
    """Card of a family: picture, name and first line."""
    picture = f"{name}-counted.png" if name in DRAWINGS else f"{name}-0.png"
    lines = [
        ".. container:: tile",
        "",
        f"   .. image:: {picture}",
        f"      :alt: {name}",
        f"      :target: {name}.html",
        "      :class: dark-light",
        "",
        f"   :doc:`{name}`",
        "",
        f"   {first_line(cls)}",
    ]
    return "".join(f"   {line}\n" if line else "\n" for line in [*lines, ""])


def first_line(cls: type[Family]) -> str:
    """First line of the docstring of a family."""
    return inspect.getdoc(cls).partition("\n")[0]


def write_page(name: str, cls: type[Family], folder: Path) -> str:
    """Page of a family; its pictures are drawn.

    Parameters
    ----------
    name : str
    cls : subclass of Family
    folder : Path
        Of the pictures.
    """
    planes = tuple(plane for plane in PLANES if cls.describes(plane))
    extractor = mf.FeatureExtractor([cls()], planes=planes, extensive=True)
    columns = list(extractor.get_feature_names_out())
    usual = len(mf.FeatureExtractor([cls()], planes=planes).get_feature_names_out())
    before, after = split_docstring(cls)
    first, _, rest = before.partition("\n")
    presets = [key for key, choices in PRESETS.items() if name in map(str, choices)]
    facts = {
        "Planes": ", ".join(planes),
        "Regions": ", ".join(cls.region_sets).replace("_", " "),
        "Presets": ", ".join(presets) or "none",
        "Columns per exam": str(usual),
        "Class": f"``{cls.__module__}.{cls.__name__}``",
    }
    return "\n".join(
        [
            f"{name}\n{'=' * len(name)}\n",
            f"{first}\n",
            *(f"- {key}: {value}" for key, value in facts.items()),
            f"\n{write_pictures(name, columns, folder)}",
            f"{rest.strip()}\n",
            "Statistics\n----------\n",
            write_table(cls, columns),
            f"{write_sections(after)}\n",
        ]
    )


def split_docstring(cls: type[Family]) -> tuple[str, str]:
    """Docstring of a family before and after the table of statistics."""
    lines = inspect.getdoc(cls).splitlines()
    rules = [k for k, line in enumerate(lines) if line.strip() and not line.strip("= ")]
    return "\n".join(lines[: rules[0]]), "\n".join(lines[rules[2] + 1 :])


def write_sections(text: str) -> str:
    """Sections of a docstring: parameters as a list, references as one without footnotes."""
    head, *sections = re.split(r"\n(?=\w[\w ]*\n-{3,}\n)", text)
    for k, section in enumerate(sections):
        title, rule, body = section.split("\n", 2)
        if title == "Parameters":
            body = re.sub(r"^(\S.*?) : (.*)$", r"- ``\1``: \2", body, flags=re.MULTILINE)
            body = re.sub(r"^    (?=\S)", "  ", body, flags=re.MULTILINE)
            body = re.sub(r"^(- .*)\n(?=  )", r"\1.\n", body, flags=re.MULTILINE)
        body = re.sub(r"^\.\. \[(\d+)\]", r"\1.", body, flags=re.MULTILINE)
        sections[k] = f"{title}\n{rule}\n\n{body}"
    return "\n".join([re.sub(r"\[(\d+)\]_", r"[\1]", head).strip(), "", *sections])


def write_pictures(name: str, columns: list[str], folder: Path) -> str:
    """Figures of the marks of a family, and of what it counts."""
    text = ".. container:: pictures\n\n"
    for k, picture in enumerate(choose_pictures(name, columns)):
        draw_picture(picture, name, folder / f"{name}-{k}.png")
        words = mf.describe_columns(picture.column).iloc[0]
        caption = f"{picture.note} {words['sentence']} ``{picture.column}``"
        text += write_figure(f"{name}-{k}.png", f"Mark: {words['phrase']}", caption, "dark-light")
    if caption := draw_counted(name, folder / f"{name}-counted.png"):
        text += write_figure(f"{name}-counted.png", f"What {name} counts", caption)
    return text


def write_figure(file: str, alt: str, caption: str, style: str = "") -> str:
    """A figure in a container. The style dark-light suits light and dark pages as it is."""
    lines = [f".. figure:: {file}", f"   :alt: {alt}", f"   :class: {style}"]
    lines = [*lines[: 3 if style else 2], "", f"   {' '.join(caption.split())}", "", ""]
    return "\n".join(f"   {line}" if line else "" for line in lines)


def write_table(cls: type[Family], columns: list[str]) -> str:
    """Table of the statistics of a family, with their words."""
    rows = read_statistics(cls)
    headings = list(rows[0])
    examples = {}
    for column in columns:
        statistic = parse_name(column).statistic
        found = match_pattern([row["statistic"] for row in rows], statistic)
        if found:
            examples[found[0]] = statistic
    cells = [["statistic", "in words", *headings[1:]]]
    for row in rows:
        name = row["statistic"]
        words = say(cls, name, examples.get(name, name))
        cells.append([f"``{name}``", words, f"``{row['formula']}``"])
        cells[-1] += [escape(row[heading]) for heading in headings[2:]]
    text = ".. list-table::\n   :header-rows: 1\n   :class: statistics\n\n"
    for row in cells:
        text += "".join(f"   {' ' if k else '*'} - {cell}\n" for k, cell in enumerate(row))
    return text


def say(cls: type[Family], name: str, statistic: str) -> str:
    """Words of a statistic, and what a higher value means."""
    found = match_pattern(cls.words, statistic)
    if not found:
        return ""
    words, stars = cls.words[found[0]], found[1]
    values = {field.name: field.default for field in dataclasses.fields(cls)}

    def fill(text: str) -> str:
        filled = text.replace(" {where}", "").format(*stars, **values)
        return escape(re.sub(r"\s+([,:])", r"\1", filled))

    example = f"``{statistic}``: " if name != statistic else ""
    higher = f". Higher: {fill(words.higher)}" if words.higher else ""
    return f"{example}{fill(words.phrase)}{higher}"


def escape(text: str) -> str:
    """Text without markup of reStructuredText."""
    return re.sub(r"([*`_|\\])", r"\\\1", text)
