"""Command `explore`: a page that describes a set of exams."""

from __future__ import annotations

import dataclasses
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mrnet_features.cli.app import command
from mrnet_features.cli.option_values import check_file, list_label_files, split_names
from mrnet_features.cli.options import (
    Jobs,
    Json,
    Quiet,
    Root,
    Split,
)
from mrnet_features.cli.terminal import print_message, print_next, quote_path, repeat_options

if TYPE_CHECKING:
    import pandas as pd

    from mrnet_features.files.stored_paths import AnyPath


@command(
    "Data",
    "mrnet-features explore MRNet-v1.0 --out explore.html",
    "mrnet-features explore MRNet-v1.0 --split valid -o valid.html --no-audit",
)
def explore(
    context: typer.Context,
    root: Root,
    out: Annotated[Path, typer.Option("--out", "-o", help="HTML file to write.")],
    split: Annotated[Split, typer.Option(help="Split to explore.")] = Split.train,
    audit: Annotated[
        bool,
        typer.Option(
            help="Audit the folder too and show what it finds; exams that can't be loaded are "
            "listed and left out. Without it they are an error."
        ),
    ] = True,
    sequences: Annotated[
        str,
        typer.Option(
            help="Sequences of planes that differ from MRNet's, such as 'sagittal=PD fs,axial=T2': "
            "T1, T2 or PD, fs with fat saturation."
        ),
    ] = "",
    jobs: Jobs = -1,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Describe a set of exams on one page.

    Labels, slice counts, grey levels, tissues and unusual exams. The page holds pictures and
    labels of the exams; share it only if they may be shared.
    """
    from mrnet_features.cli.format import describe_unjudged, print_json, table_as_rows
    from mrnet_features.data.roots import open_root
    from mrnet_features.report.explore.explore import explore as run_explore
    from mrnet_features.report.review.write import require_packages
    from mrnet_features.workflows.audit_folder import audit_folder
    from mrnet_features.workflows.exam_folders import STUDIES, load_exams, name_layout

    require_packages()
    check_file(out, list_label_files(root, split))
    root = open_root(root)
    start = time.perf_counter()
    chosen = _read_sequences(sequences)
    planes = _find_planes(root, split)
    is_studies = name_layout(root) == STUDIES
    # the headers of studies are read once, for the audit too
    dataset = load_exams(root, split, n_jobs=jobs) if is_studies else None
    findings = None
    audit_seconds = math.nan
    left_out: list[str] = []
    if audit:
        findings = audit_folder(root, studies=dataset, n_jobs=jobs)
        audit_seconds = time.perf_counter() - start
        print_message(describe_unjudged(findings))
        findings, left_out = _choose_findings(findings, root, split, planes)
    if dataset is None:
        dataset = load_exams(root, split, planes=planes, exclude=left_out, n_jobs=jobs)
    found = dataclasses.replace(
        run_explore(dataset, findings, sequences=chosen, n_jobs=jobs), audit_seconds=audit_seconds
    )
    found.save_as_html(out)
    seconds = time.perf_counter() - start
    flags = found.frame("flags")
    if as_json:
        result = {"page": str(out), "exams": found.n_exams, "left_out": left_out}
        result["seconds"] = round(seconds, 1)
        result["audit_seconds"] = round(audit_seconds, 1) if audit else None
        result["seconds_per_exam"] = round(seconds / found.n_exams, 3)
        print_json({**result, "flags": table_as_rows(flags)})
        return
    n_flagged = flags.loc[flags["exam"] != "", "exam"].nunique()
    part = f", {audit_seconds:.1f} s of it for the audit of the folder" if audit else ""
    print(
        f"{found.n_exams} exams in {seconds:.1f} s{part}; flagged: {n_flagged} exams. "
        f"Page: '{out}'."
    )
    if left_out:
        print(f"Left out, since they can't be loaded: {', '.join(left_out)}.")
    again = f"extract {quote_path(root)}{repeat_options(context, 'split')}"
    print_next(f"{again} --out {split.value}.parquet", quiet=quiet)


def _find_planes(root: AnyPath, split: str) -> list[str] | None:
    """Planes that a folder in the layout of MRNet has; None for all series of other folders."""
    from mrnet_features.names import PLANES
    from mrnet_features.workflows.exam_folders import MRNET, name_layout

    if name_layout(root) != MRNET:
        return None
    return [plane for plane in PLANES if (root / split / plane).is_dir()] or list(PLANES)


def _choose_findings(
    findings: pd.DataFrame, root: AnyPath, split: str, planes: list[str] | None
) -> tuple[pd.DataFrame, list[str]]:
    """Findings on the exams of a split and on the folder, and the exams that can't be loaded."""
    from mrnet_features.data.mrnet.release import list_ids
    from mrnet_features.quality.findings import FOLDER_CODES

    if planes is None:  # unreadable stacks are flags of the page
        return findings[findings["split"].isin([split, ""])], []
    ids = list_ids(root, split)
    kept = findings[findings["exam"].isin([*ids, ""])]
    broken = kept["code"].isin(FOLDER_CODES) & kept["plane"].isin([*planes, ""])
    return kept, sorted(set(kept.loc[broken, "exam"]) - {""})


def _read_sequences(text: str) -> dict[str, str]:
    """Sequence by plane, from text of the form plane=sequence, separated by commas."""
    from mrnet_features.report.explore.tissues import check_sequences

    pairs = [part.partition("=") for part in split_names(text)]
    chosen = {plane.strip(): sequence.strip() for plane, _, sequence in pairs}
    try:
        check_sequences(chosen)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="'--sequences'") from error
    return chosen
