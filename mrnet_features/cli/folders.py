"""Verbs from a folder to a table: knees, audit, extract, families, doctor."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from mrnet_features.cli.app import (
    Device,
    Exclude,
    Families,
    Jobs,
    Json,
    Root,
    Seed,
    Split,
    app,
    check_jobs,
    check_parquet,
    name_families,
    print_json,
    read_exclusion,
    say,
    split_names,
)


@app.command()
def knees(
    out: Annotated[Path, typer.Argument(help="Folder to write.")],
    train: Annotated[int, typer.Option(min=1, help="Exams in train.")] = 160,
    valid: Annotated[int, typer.Option(min=0, help="Exams in valid.")] = 40,
    seed: Seed = 0,
    jobs: Jobs = -1,
    as_json: Json = False,
) -> None:
    """Write synthetic knees in the layout of MRNet."""
    make_knees(out, train, valid, seed, jobs)
    if as_json:
        print_json({"folder": str(out), "train": train, "valid": valid, "seed": seed})
    else:
        print(f"{train + valid} synthetic exams in '{out}'.")


@app.command()
def audit(
    root: Root,
    codes: Annotated[
        str | None, typer.Option(help="Codes to look for, separated by commas; default all.")
    ] = None,
    skip: Annotated[str, typer.Option(help="Codes to leave out, separated by commas.")] = "",
    jobs: Jobs = -1,
    as_json: Json = False,
) -> None:
    """List exams that a reader would reject or look at twice, of both splits."""
    from mrnet_features.cli.format import format_audit, tell_unjudged
    from mrnet_features.quality.audit import audit as find_faults
    from mrnet_features.quality.findings import choose_codes

    try:
        chosen = choose_codes(None if codes is None else split_names(codes), split_names(skip))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="'--codes' / '--skip'") from error
    findings = find_faults(root, codes=chosen, n_jobs=jobs)
    if as_json:
        print_json(json.loads(findings.to_json(orient="records", double_precision=6)))
        unjudged = tell_unjudged(findings)
        if unjudged:
            say(unjudged)
    else:
        print(format_audit(findings))


@app.command()
def extract(
    root: Root,
    out: Annotated[Path, typer.Option(callback=check_parquet, help="Parquet file to write.")],
    split: Annotated[Split, typer.Option(help="Split to read.")] = Split.train,
    families: Families = "baseline",
    exclude: Exclude = "",
    device: Annotated[
        Device, typer.Option(help="Where to count; auto is the CPU for now.")
    ] = Device.auto,
    jobs: Annotated[
        int,
        typer.Option(
            callback=check_jobs,
            help="Processes at a time, on a GPU threads that read; -1 for every core.",
        ),
    ] = -1,
    batch_size: Annotated[
        int | None,
        typer.Option(min=1, help="Exams at once on a GPU, at most; default by its free memory."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Describe every exam of a split; a stopped run goes on where it was."""
    excluded = read_exclusion(exclude)
    _, features = make_table(root, split, out, families, device, jobs, batch_size, excluded)
    n_exams, n_features = features.shape
    if as_json:
        provenance = {**features.attrs["provenance"], "fingerprints": None}
        print_json({"table": str(out), "n_features": n_features, **provenance})
    else:
        print(f"{n_exams} exams x {n_features} features in '{out}'.")


@app.command()
def families(
    name: Annotated[
        str | None, typer.Argument(help="A family, for its statistics; default: all families.")
    ] = None,
    cost: Annotated[
        bool, typer.Option("--cost", help="Time each family on this machine, too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the families, or one family's statistics with formula, unit and range."""
    from mrnet_features.diagnostics.family_catalogue import list_families, list_statistics

    table = list_statistics(name) if name else list_families(cost=cost)
    if as_json:
        print_json(json.loads(table.to_json(orient="index")))
    else:
        print(table.to_string(justify="left"))


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what this machine has, what is missing, and how to get it."""
    from mrnet_features.cli.format import format_machine_checks
    from mrnet_features.diagnostics.doctor import examine_machine

    findings = examine_machine()
    if as_json:
        print_json([finding.as_dict() for finding in findings])
    else:
        print(format_machine_checks(findings))
    if any(finding.state == "missing" for finding in findings):
        raise typer.Exit(1)


def make_knees(out: Path, train: int, valid: int, seed: int, jobs: int) -> None:
    """Write synthetic knees."""
    from mrnet_features.synthetic import write_knees

    write_knees(out, n_train=train, n_valid=valid, seed=seed, n_jobs=jobs)


def make_table(
    root: Path,
    split: str,
    out: Path,
    families: str,
    device: str,
    jobs: int,
    batch_size: int | None = None,
    exclude: Sequence[str] = (),
) -> tuple[Any, Any]:
    """Dataset of a split and the table of its features, which is also written to `out`."""
    from mrnet_features.data.mrnet import load_mrnet
    from mrnet_features.extraction.extractor import FeatureExtractor
    from mrnet_features.extraction.resume import extract_features

    dataset = load_mrnet(root, split, exclude=exclude)
    extractor = FeatureExtractor(
        name_families(families), device=device, n_jobs=jobs, batch_size=batch_size
    )
    return dataset, extract_features(dataset.exams, out, extractor=extractor)
