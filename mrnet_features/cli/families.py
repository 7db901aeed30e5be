"""Command `families`: the feature families, their statistics, cost and stability."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mrnet_features.cli.app import command
from mrnet_features.cli.option_values import (
    check_families,
    complete_families,
    name_families,
    parse_root,
)
from mrnet_features.cli.options import (
    Jobs,
    Json,
    Quiet,
    Seed,
    Split,
)
from mrnet_features.cli.terminal import print_next

WITH_STABILITY = ("root", "split", "exams", "out")
"""Parameters that go with --stability."""


@command(
    "Table",
    "mrnet-features families",
    "mrnet-features families glcm",
    "mrnet-features families minimal --stability --root MRNet-v1.0 --exams 40",
)
def families(
    context: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="List the statistics of this family. With --stability: preset or families, "
            "separated by commas; default: baseline.",
            show_default=False,
            autocompletion=complete_families,
        ),
    ] = None,
    cost: Annotated[
        bool, typer.Option("--cost", help="Also time each family on this machine.")
    ] = False,
    stability: Annotated[
        bool,
        typer.Option(
            "--stability",
            help="Measure how much each column changes when exams are perturbed (noise, blur, bias "
            "field, contrast, shift, rotation, slice dropped, spacing), as ICC(2,1), instead.",
        ),
    ] = False,
    root: Annotated[
        Any,
        typer.Option(
            parser=parse_root,
            metavar="PATH",
            help="With --stability: folder in the layout of MRNet; default: synthetic knees.",
            show_default=False,
        ),
    ] = None,
    split: Annotated[Split, typer.Option(help="With --stability: split of ROOT.")] = Split.train,
    exams: Annotated[
        int, typer.Option(min=3, max=100_000, help="With --stability: number of exams.")
    ] = 40,
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            "-o",
            help="With --stability: CSV to write, with the ICC of each column and perturbation.",
        ),
    ] = Path("stability.csv"),
    seed: Seed = 0,
    jobs: Jobs = -1,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """List the feature families, or their stability.

    Statistics are listed with formula, unit and range. With --stability the share of columns with
    an ICC of .75 or more is printed; run it again to continue a stopped run.
    """
    from mrnet_features.cli.format import print_json, print_table
    from mrnet_features.diagnostics.family_catalogue import list_families, list_statistics
    from mrnet_features.plain import to_plain

    _refuse_others(context, stability=stability, names_family=name is not None)
    if stability:
        from mrnet_features.workflows.stability import tabulate_stability

        measured = tabulate_stability(
            out,
            root=root,
            split=split,
            families=name_families(check_families(name or "baseline")),
            n_exams=exams,
            seed=seed,
            n_jobs=jobs,
        )
        table = measured.summary().round(3)
    else:
        try:
            table = list_statistics(name) if name else list_families(cost=cost)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="'NAME'") from error
    if as_json:
        print_json(to_plain(table, "index"))
    else:
        print_table(table.reset_index())
        if stability:
            print(f"Share of columns with ICC(2,1) of .75 or more; all ICCs are in '{out}'.")
    if not (name or stability):
        print_next(f"families {table.index[0]}", quiet=quiet or as_json)
    elif not stability:
        chosen = f"extract ROOT --families {name} --out {name}.parquet"
        print_next(chosen, quiet=quiet or as_json)


def _refuse_others(context: typer.Context, *, stability: bool, names_family: bool) -> None:
    """Raise if an option is given that would count for nothing."""
    wrong = {} if stability else dict.fromkeys(WITH_STABILITY, "goes with --stability.")
    if stability:
        wrong["cost"] = "can't be combined with --stability."
    elif names_family:
        wrong["cost"] = "goes without NAME: it times all families."
    for param in context.command.params:
        source: Any = context.get_parameter_source(str(param.name))
        if param.name in wrong and source.name == "COMMANDLINE":
            raise typer.BadParameter(wrong[param.name], param_hint=f"'{param.opts[0]}'")
