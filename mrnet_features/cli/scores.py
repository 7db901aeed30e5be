"""Verbs from a table to scores: cv, compare, fit, predict, importance, reproduce."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mrnet_features.cli.app import (
    Device,
    Exclude,
    Families,
    Jobs,
    Json,
    Model,
    Root,
    Rule,
    Seed,
    Split,
    app,
    check_output,
    name_families,
    print_json,
    read_exclusion,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from mrnet_features.evaluation.protocol.cross_validation import Evaluation
    from mrnet_features.evaluation.protocol.stratify import Folds


@app.command()
def cv(
    table: Annotated[Path, typer.Argument(help="Parquet file of features.")],
    root: Root,
    split: Annotated[Split, typer.Option(help="Split whose labels to use.")] = Split.train,
    model: Annotated[Model, typer.Option(help="Baseline to fit for each task.")] = Model.lightgbm,
    splits: Annotated[int, typer.Option(min=2, help="Folds.")] = 5,
    repeats: Annotated[int, typer.Option(min=1, help="Repeats with other folds.")] = 1,
    exclude: Exclude = "",
    seed: Seed = 0,
    folds: Annotated[
        Path | None, typer.Option(help="CSV of folds to use (exam,repeat,fold).")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for predictions and folds; default TABLE-cv.")
    ] = None,
    jobs: Jobs = -1,
    as_json: Json = False,
) -> None:
    """Cross-validate a table: AUC per task and their mean, with intervals."""
    from mrnet_features.evaluation.protocol.stratify import Folds

    features, labels = read_both(table, root, split, exclude)
    given = Folds.read(folds) if folds else None
    evaluation = score_table(features, labels, model, splits, repeats, seed, jobs, given)
    folder = out or table.with_name(f"{table.stem}-cv")
    write_evaluation(evaluation, folder)
    if as_json:
        print_json({"folder": str(folder), **summarise(evaluation)})
    else:
        show_evaluation(evaluation, folder)


@app.command()
def compare(
    root: Root,
    models: Annotated[
        list[str],
        typer.Argument(
            help="Two or more NAME=FILE: predictions of `cv`, a table with ids, or the "
            "competition's predictions.csv."
        ),
    ],
    split: Annotated[Split, typer.Option(help="Split whose labels to use.")] = Split.valid,
    paths: Annotated[
        Path | None, typer.Option(help="valid-paths.csv of the files that have no ids.")
    ] = None,
    subset: Annotated[bool, typer.Option(help="Compare on the exams that all have.")] = False,
    stack: Annotated[
        bool, typer.Option(help="Also stack each further model on the first: does it add?")
    ] = False,
    id_width: Annotated[
        int | None, typer.Option(help="Fill ids with zeros up to this many digits.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="CSV to write.")] = None,
    as_json: Json = False,
) -> None:
    """Compare predictions pair by pair: differences, intervals, p, what could have been found."""
    from mrnet_features.data.mrnet import load_labels
    from mrnet_features.workflows.compare_files import compare_files, format_comparison, name_files

    files = name_files(models)
    check_output(out, *files.values(), paths)
    result = compare_files(
        files,
        load_labels(root, split),
        paths=paths,
        subset=subset,
        stack=stack,
        id_width=id_width,
    )
    if out:
        result.comparison.summary().to_csv(out, index=False)
    if as_json:
        print_json(result.as_dict())
    else:
        print(format_comparison(result))


@app.command()
def fit(
    table: Annotated[Path, typer.Argument(help="Parquet file of features.")],
    root: Root,
    out: Annotated[Path, typer.Option(help="Folder for the model: LightGBM text and JSON.")],
    split: Annotated[Split, typer.Option(help="Split whose labels to use.")] = Split.train,
    rule: Annotated[Rule, typer.Option(help="How to choose the thresholds.")] = Rule.youden,
    level: Annotated[
        float, typer.Option(help="Fraction wanted, for sensitivity and specificity.")
    ] = 0.9,
    exclude: Exclude = "",
    seed: Seed = 0,
    jobs: Jobs = -1,
    as_json: Json = False,
) -> None:
    """Fit LightGBM on a whole table; thresholds come from its cross-validation."""
    from mrnet_features.evaluation.metrics.operating_points import choose_thresholds
    from mrnet_features.models import fit_bundle, lightgbm_baseline

    features, labels = read_both(table, root, split, exclude)
    evaluation = score_table(features, labels, "lightgbm", 5, 1, seed, jobs)
    thresholds = choose_thresholds(evaluation, rule, level)
    bundle = fit_bundle(
        model=lightgbm_baseline(seed), features=features, labels=labels, thresholds=thresholds
    )
    bundle.save(out)
    if as_json:
        print_json({"folder": str(out), "thresholds": thresholds, **summarise(evaluation)})
        return
    show_evaluation(evaluation)
    listed = ", ".join(f"{task} {value:.3f}" for task, value in thresholds.items())
    print(f"Thresholds: {listed}.\n{bundle!r} in '{out}'.")


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(help="Folder that `fit` wrote.")],
    paths: Annotated[
        Path, typer.Argument(help="valid-paths.csv: sagittal, coronal, axial of each exam.")
    ],
    out: Annotated[Path, typer.Argument(help="predictions.csv to write.")],
    device: Annotated[
        Device, typer.Option(help="Where to count; auto is the CPU for now.")
    ] = Device.auto,
    jobs: Jobs = -1,
    as_json: Json = False,
) -> None:
    """Predict from pixels, in the competition's format: abnormal, acl, meniscus; no header."""
    from mrnet_features.workflows.predict import predict_paths

    check_output(out, paths)
    predictions = predict_paths(model, paths, out, device=device, n_jobs=jobs)
    if as_json:
        print_json({"file": str(out), "n_exams": len(predictions)})
    else:
        print(f"{len(predictions)} exams in '{out}'.")


@app.command()
def importance(
    table: Annotated[Path, typer.Argument(help="Parquet file of features.")],
    root: Root,
    split: Annotated[Split, typer.Option(help="Split whose labels to use.")] = Split.train,
    by: Annotated[
        str, typer.Option(help="family, statistic, region, plane, pool, cluster or column.")
    ] = "family",
    views: Annotated[
        str, typer.Option(help="Some of shap,permutation,drop_group,single_group.")
    ] = "shap,permutation",
    task: Annotated[str, typer.Option(help="A task, or the mean of all.")] = "mean",
    exclude: Exclude = "",
    seed: Seed = 0,
    jobs: Jobs = -1,
    out: Annotated[Path | None, typer.Option(help="CSV to write, all tasks.")] = None,
    as_json: Json = False,
) -> None:
    """Ask what groups of columns are worth to LightGBM, on exams it has not seen."""
    from mrnet_features.evaluation.importance.importance import importance as measure

    check_output(out, table)
    features, labels = read_both(table, root, split, exclude)
    evaluation = score_table(features, labels, "lightgbm", 5, 1, seed, jobs)
    names = tuple(view.strip() for view in views.split(","))
    found = measure(evaluation, features, by, views=names, seed=seed, n_jobs=jobs)
    if out:
        found.frame().to_csv(out, index=False)
    summary = found.summary(task)
    if as_json:
        print_json(json.loads(summary.reset_index().to_json(orient="records")))
    else:
        print(summary.to_string(float_format=lambda value: f"{value:.3f}"))


@app.command()
def reproduce(
    root: Root,
    out: Annotated[Path, typer.Option(help="Folder for the report and all tables.")],
    families: Families = "baseline",
    device: Annotated[
        Device, typer.Option(help="Where to count; auto is the CPU for now.")
    ] = Device.auto,
    exclude: Exclude = "",
    seed: Seed = 0,
    jobs: Jobs = -1,
    as_json: Json = False,
) -> None:
    """Do all of it: audit, tables, cross-validation, one look at valid, importance, a report."""
    from mrnet_features.workflows.study import reproduce as run_study

    done = run_study(
        root,
        out,
        families=name_families(families),
        device=device,
        exclude=read_exclusion(exclude),
        seed=seed,
        n_jobs=jobs,
    )
    if as_json:
        print_json(done.as_dict())
    else:
        print((out / "report.md").read_text(encoding="utf-8"))
        print(f"This report and the tables behind it are in '{out}'.")


def read_both(table: Path, root: Path, split: str, exclude: str) -> tuple[Any, Any]:
    """Features of a table and labels of a split, the excluded exams out of both."""
    from mrnet_features.data.mrnet import load_labels
    from mrnet_features.extraction.table import read_features

    excluded = read_exclusion(exclude)
    features, labels = read_features(table), load_labels(root, split, exclude=excluded)
    return features[~features.index.isin(excluded)], labels


def score_table(
    features: Any,
    labels: Any,
    model: str,
    splits: int,
    repeats: int,
    seed: int,
    jobs: int,
    folds: Folds | None = None,
) -> Evaluation:
    """Cross-validate one of the baselines by name."""
    from mrnet_features import models
    from mrnet_features.evaluation.protocol.cross_validation import cross_validate

    makers: dict[str, Callable[[], Any]] = {
        "lightgbm": models.lightgbm_baseline,
        "logistic": models.logistic_baseline,
        "prior": models.prior_baseline,
    }
    return cross_validate(
        model=makers[model](),
        features=features,
        labels=labels,
        n_splits=splits,
        n_repeats=repeats,
        folds=folds,
        seed=seed,
        n_jobs=jobs,
    )


def write_evaluation(evaluation: Evaluation, folder: Path) -> None:
    """Write summary, predictions and folds as CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    evaluation.summary().to_csv(folder / "summary.csv")
    evaluation.predictions.to_csv(folder / "predictions.csv", index=False)
    evaluation.folds.save(folder / "folds.csv")


def summarise(evaluation: Evaluation) -> dict[str, Any]:
    """Summary and the hash of the folds in plain types."""
    return {
        "folds_hash": evaluation.folds.hash,
        "summary": json.loads(evaluation.summary().to_json(orient="index")),
    }


def show_evaluation(evaluation: Evaluation, folder: Path | None = None) -> None:
    """Print the summary, and where the rest is."""
    from mrnet_features.cli.format import format_summary

    print(format_summary(evaluation.summary()))
    if folder:
        print(f"Predictions, folds and this table are in '{folder}'.")
