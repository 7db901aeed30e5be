"""Command `report`: a page for a reviewer, or the difference between two of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mrnet_features.cli.app import command, say_command
from mrnet_features.cli.named_files import read_exclusion, read_models
from mrnet_features.cli.option_values import (
    check_file,
    check_output,
    list_label_files,
    list_tasks,
    parse_root,
)
from mrnet_features.cli.options import (
    Coherent,
    Exclude,
    FoldsFile,
    Groups,
    Jobs,
    Json,
    LabelSplit,
    Model,
    NFolds,
    Quiet,
    Repeats,
    Seed,
    Split,
    Tasks,
)
from mrnet_features.cli.terminal import print_next, quote_path

if TYPE_CHECKING:
    from mrnet_features.report.review.report import Report

WITH_DIFF = {"table", "root", "diff", "as_json", "quiet"}
"""Parameters that go with --diff."""


@command(
    "Report",
    "mrnet-features report train.parquet MRNet-v1.0",
    "mrnet-features report train.parquet MRNet-v1.0 -o all.html --findings audit.json "
    "--compare cnn=cnn.csv",
    "mrnet-features report --diff report.json all.json",
)
def report(
    context: typer.Context,
    table: Annotated[
        Path,
        typer.Argument(
            show_default=False,
            metavar="TABLE",
            help="Feature table, a parquet file. With --diff: report.json of one report.",
        ),
    ],
    root: Annotated[
        Any,
        typer.Argument(
            parser=parse_root,
            show_default=False,
            metavar="ROOT",
            help="Folder of exams in the layout of MRNet or of the RSNA knee set, or a CSV of "
            "labels. With --diff: report.json of the other report.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="HTML file; its numbers and tables are written beside it."
        ),
    ] = Path("report.html"),
    diff: Annotated[
        bool,
        typer.Option(
            "--diff", help="Say how two reports differ, likely causes first; make no report."
        ),
    ] = False,
    split: LabelSplit = Split.train,
    tasks: Tasks = "",
    model: Model = "lightgbm",
    n_folds: NFolds = 5,
    repeats: Repeats = 3,
    folds: FoldsFile = None,
    groups: Groups = "",
    coherent: Coherent = False,
    exclude: Exclude = "",
    compare: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FILE",
            show_default=False,
            help="Predictions of another model for the same exams, such as cnn=cnn.csv; may be "
            "repeated.",
        ),
    ] = None,
    findings: Annotated[
        Path | None,
        typer.Option(show_default=False, help="Output of `audit --json` saved to a file."),
    ] = None,
    audit: Annotated[
        bool, typer.Option("--audit", help="Audit the folder now instead of --findings.")
    ] = False,
    subgroups: Annotated[
        Path | None,
        typer.Option(
            show_default=False,
            help="CSV with exam ids and a column per factor, such as site or sex.",
        ),
    ] = None,
    thorough: Annotated[
        bool,
        typer.Option(
            "--thorough", help="Also compute what fits models again, such as negative controls."
        ),
    ] = False,
    viewer: Annotated[
        bool,
        typer.Option(
            help="Also write a page with the viewer for the exams that are shown: 0.9 MB and 2 "
            "seconds per exam."
        ),
    ] = True,
    title: Annotated[str, typer.Option(help="Heading of the page.")] = "",
    seed: Seed = 0,
    jobs: Jobs = -1,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Cross-validate a model on a table and write a page for a reviewer.

    The page is one file that loads nothing: scores with intervals, exams where model and label
    disagree, importance, calibration, checks, and what another person needs to get the same
    numbers, which are in a JSON file beside it. With --diff: why two reports differ.
    """
    if diff:
        _refuse_others(context)
        _print_difference(table, root, as_json)
        return
    from mrnet_features.cli.format import print_json, print_summary, summary_as_dict
    from mrnet_features.evaluation.protocol.folds import Folds
    from mrnet_features.report.review.earlier import find_folder
    from mrnet_features.report.review.report import TITLE
    from mrnet_features.report.review.write import check_place, require_packages
    from mrnet_features.workflows.table_report import report_table

    if findings and audit:
        raise typer.BadParameter("can't be combined with --findings.", param_hint="'--audit'")
    require_packages()
    others = read_models(compare or [], fewest=0, hint="--compare")
    read = [table, findings, subgroups, folds, *others.values(), *list_label_files(root, split)]
    read += [Path(groups)] if groups else []
    for place in (out, out.with_suffix(".json")):
        check_file(place, read)
    check_output(check_place, out, hint="--out")
    evaluation, made = report_table(
        table,
        root,
        out,
        split=split,
        model=model,
        n_splits=n_folds,
        n_repeats=repeats,
        folds=Folds.read(folds) if folds else None,
        coherent=coherent,
        exclude=read_exclusion(exclude),
        tasks=list_tasks(tasks),
        groups=groups or None,
        compare=others,
        findings=findings,
        audit=audit,
        subgroups=subgroups,
        thorough=thorough,
        viewer=viewer,
        title=title or TITLE,
        command=say_command(context),
        seed=seed,
        n_jobs=jobs,
    )
    numbers = out.with_suffix(".json")
    left_out = list_left_out(made)
    if as_json:
        print_json(
            {
                "page": str(out),
                "numbers": str(numbers),
                "tables": str(find_folder(out)),
                **summary_as_dict(evaluation),
                "verdict": list_sentences(made),
                "left_out": left_out,
            }
        )
    else:
        print_summary(evaluation.summary())
        print()
        print_report(made, left_out)
        print(f"Page: '{out}'. Its numbers are in '{numbers}', its tables in '{find_folder(out)}'.")
    print_next(f"report --diff {quote_path(numbers)} other.json", quiet=quiet or as_json)


def print_report(made: Report, left_out: list[dict[str, str]]) -> None:
    """Print what a report found, and what it left out.

    Parameters
    ----------
    made : Report
    left_out : list of dict
        From `list_left_out`.
    """
    import pandas as pd

    from mrnet_features.cli.format import print_table

    for sentence in list_sentences(made):
        print(sentence)
    if left_out:
        print()
        print_table(pd.DataFrame(left_out))
        print()


def list_sentences(made: Report) -> list[str]:
    """Sentences of the first section of a report: what was found, and what not to conclude.

    Parameters
    ----------
    made : Report

    Returns
    -------
    list of str
    """
    from mrnet_features.report.page import Bullets, Text

    sentences: list[str] = []
    for block in made.parts[0].blocks:
        if isinstance(block, Text):
            sentences.append(block.text)
        elif isinstance(block, Bullets):
            sentences += [f"{block.title}:", *(f"- {item}" for item in block.items)]
    return sentences


def list_left_out(made: Report) -> list[dict[str, str]]:
    """What a report left out, with the options that bring it.

    Parameters
    ----------
    made : Report

    Returns
    -------
    list of dict
    """
    from mrnet_features.report.review.report import name_option

    return [
        {"left out": title, "option": name_option(argument), "reason": reason}
        for title, argument, reason in made.left_out
    ]


def _refuse_others(context: typer.Context) -> None:
    """Raise if an option is given that does not go with --diff."""
    for param in context.command.params:
        source: Any = context.get_parameter_source(str(param.name))
        if param.name not in WITH_DIFF and source.name == "COMMANDLINE":
            hint = f"'{param.opts[0]}'"
            raise typer.BadParameter("can't be combined with --diff.", param_hint=hint)


def _print_difference(first: Path, second: Path, as_json: bool) -> None:
    """Compare two reports and print why they differ."""
    from mrnet_features.cli.format import print_json, print_table
    from mrnet_features.plain import to_plain
    from mrnet_features.report.review.diff import compare_reports

    found = compare_reports(first, second)
    scores = found.frame()
    whole = scores.loc[scores["fold"].isna()].drop(columns=["repeat", "fold"])
    if as_json:
        print_json(
            {
                "conclusion": found.sentence,
                "are_predictions_equal": found.are_predictions_equal,
                "compared": to_plain(found.summary().reset_index()),
                "scores": to_plain(scores),
            }
        )
        return
    print_table(found.summary().reset_index())
    print()
    ends = {"ci_low": "first's 95 % low", "ci_high": "first's 95 % high"}  # not the difference's
    print_table(whole.rename(columns=ends))
    print()
    print(found.sentence)
