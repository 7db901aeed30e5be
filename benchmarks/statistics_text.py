"""Tables and sentences about coverage, written from the results of `bench_statistics`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- coverage: begin -->", "<!-- coverage: end -->"
WANTED = {"coverage": (0.93, 0.97), "type_1_error": (0.03, 0.07)}
CLAIMED = {
    "coverage": ("task", "mean", "difference, two models", "difference, model and fixed file"),
    "type_1_error": ("two models", "model and fixed file"),
}
"""Proportions that the library answers for; the others are shown for comparison."""
COLUMNS = (
    ("task", "coverage", "task"),
    ("mean", "coverage", "mean"),
    ("difference", "coverage", "difference, two models"),
    ("procedure", "coverage", "task, procedure"),
    ("fitted models given", "coverage", "task, fitted models given"),
    ("two models", "type_1_error", "two models"),
    ("and fixed file", "type_1_error", "model and fixed file"),
    ("Nadeau-Bengio", "type_1_error", "two models, Nadeau-Bengio (not offered)"),
)


def list_misses(result: dict[str, Any]) -> Iterator[str]:
    """Claimed proportions more than two Monte Carlo errors outside the wanted range.

    Parameters
    ----------
    result : dict
        Content of the results file.

    Yields
    ------
    str
        One line per miss.
    """
    for row in [*result.get("cells", []), *result.get("fixed", [])]:
        name = row["cell"] if "cell" in row else f"fixed predictions, {row['n_exams']} exams"
        for kind, (low, high) in WANTED.items():
            for label, value in row[kind].items():
                claimed = label in CLAIMED[kind] or "cell" not in row
                edge = low if value < low else high
                error = (edge * (1 - edge) / row["n_replicates"]) ** 0.5
                if claimed and not low - 2 * error <= value <= high + 2 * error:
                    words = "coverage" if kind == "coverage" else "type I error"
                    yield f"{name}: {words} of {label} {_shorten(value)}"


def write_texts(result: dict[str, Any], root: Path = ROOT) -> None:
    """Replace the marked parts of the README and of ``docs/statistics.md``.

    Parameters
    ----------
    result : dict
        Content of the results file.
    root : path
        Folder of the project.
    """
    for name, text in (
        ("README.md", describe_shortly(result)),
        ("docs/statistics.md", describe_in_full(result)),
    ):
        path = root / name
        before, _, rest = path.read_text().partition(BEGIN)
        _, _, after = rest.partition(END)
        path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def describe_shortly(result: dict[str, Any]) -> str:
    """One paragraph for the README.

    Parameters
    ----------
    result : dict
        Content of the results file.

    Returns
    -------
    str
    """
    cells = [row for row in result["cells"] if row["n_repeats"] > 1]
    misses = list(list_misses({**result, "cells": cells}))
    task = sorted(row["coverage"]["task"] for row in cells)
    tests = sorted(row["type_1_error"][name] for row in cells for name in CLAIMED["type_1_error"])
    return (
        f"In {len(cells)} simulated settings with two repeats or more, 95 % intervals covered the "
        f"AUC of the fitted models in {_shorten(task[0])} to {_shorten(task[-1])} of the cases; "
        f"tests at 5 % were wrong in {_shorten(tests[0])} to {_shorten(tests[-1])}. "
        f"{_count_misses(misses)}: see [statistics](docs/statistics.md)."
    )


def describe_in_full(result: dict[str, Any]) -> str:
    """Tables for the documentation.

    Parameters
    ----------
    result : dict
        Content of the results file.

    Returns
    -------
    str
    """
    heads = [name for name, _, _ in COLUMNS]
    lines = [
        "| setting | AUC | " + " | ".join(heads) + " | width |",
        "|---" * (len(heads) + 3) + "|",
    ]
    for row in result["cells"]:
        values = [_shorten(row[kind].get(label)) for _, kind, label in COLUMNS]
        lines.append(
            f"| {row['cell']} | {_shorten(row['true_auc'])} | {' | '.join(values)} | "
            f"{row['width_over_fitted_models_given']:.2f} |"
        )
    lines += [
        "",
        "Fixed predictions of three tasks on one test set; power at the detectable difference:",
        "",
        "| exams | task | mean | difference of means | test, task | test, mean | power |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in result["fixed"]:
        values = [
            row["coverage"]["task"],
            row["coverage"]["mean"],
            row["coverage"]["difference, mean"],
            row["type_1_error"]["task"],
            row["type_1_error"]["mean"],
            row["power_at_it"],
        ]
        lines.append(f"| {row['n_exams']} | {' | '.join(map(_shorten, values))} |")
    misses = list(list_misses(result))
    lines += ["", f"{_count_misses(misses)}{':' if misses else '.'}", *[f"- {m}" for m in misses]]
    lines += ["", "Scores against a script that shares no code with the library:", ""]
    lines += [
        "| table | exams | task | AUC | se | largest difference |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['table']} | {row['n_exams']} | {row['task']} | {row['auc']:.4f} | "
        f"{row['se']:.4f} | {row['largest_difference']:.0e} |"
        for row in result["tables"]
    ]
    return "\n".join(lines)


def _count_misses(misses: list[str]) -> str:
    if not misses:
        return (
            "No proportion that the library answers for lies more than two Monte Carlo errors "
            "outside .93 to .97 or .03 to .07"
        )
    return (
        f"{len(misses)} proportion{'s lie' if len(misses) > 1 else ' lies'} more than two Monte "
        "Carlo errors outside .93 to .97 or .03 to .07"
    )


def _shorten(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}".lstrip("0")
