"""Command line: one thin command a verb, which parses, calls and shows."""

from __future__ import annotations

import json
import logging
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from mrnet_features.evaluation.crossval import Evaluation
    from mrnet_features.evaluation.splits import Folds

app = typer.Typer(
    name="mrnet-features",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Feature extraction and honest baselines for knee MRI in the layout of MRNet.",
)


class Split(StrEnum):
    """Public splits of MRNet."""

    train = "train"
    valid = "valid"


class Model(StrEnum):
    """Baselines by name."""

    lightgbm = "lightgbm"
    logistic = "logistic"
    prior = "prior"


class Rule(StrEnum):
    """How to choose thresholds."""

    youden = "youden"
    sensitivity = "sensitivity"
    specificity = "specificity"


class Device(StrEnum):
    """Where to count."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


Root = Annotated[Path, typer.Argument(help="MRNet folder: holds train/, train-acl.csv, ...")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Jobs = Annotated[int, typer.Option(help="Processes at a time; -1 for every core.")]
Seed = Annotated[int, typer.Option(help="Seed; the same seed gives the same result.")]


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for all that is made.")] = Path("mrnet-demo"),
    train: Annotated[int, typer.Option(min=40, help="Exams to cross-validate on.")] = 160,
    seed: Seed = 0,
    jobs: Jobs = -1,
    as_json: Json = False,
) -> None:
    """Make synthetic knees, extract features, cross-validate, and show the table."""
    from mrnet_features.models.boosting import import_lightgbm

    import_lightgbm()  # what it lacks is better said now than after the knees
    root, table = out / "knees", out / "train.parquet"
    _say(f"Synthetic knees, features and scores go to '{out}'.")
    _write_knees(root, train, 0, seed, jobs)
    dataset, features = _extract(root, "train", table, "baseline", "auto", jobs)
    evaluation = _cross_validate(features, dataset.labels, "lightgbm", 5, 1, seed, jobs)
    _write_evaluation(evaluation, out / "train-cv")
    if as_json:
        _print_json({"folder": str(out), **_summarise(evaluation)})
        return
    _show_evaluation(evaluation, out / "train-cv")
    print(
        "These knees are synthetic: the numbers show that everything works, not what MRNet gives."
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
    _write_knees(out, train, valid, seed, jobs)
    if as_json:
        _print_json({"folder": str(out), "train": train, "valid": valid, "seed": seed})
    else:
        print(f"{train + valid} synthetic exams in '{out}'.")


@app.command()
def audit(
    root: Root,
    codes: Annotated[
        str, typer.Option(help="Codes to look for, separated by commas; default all.")
    ] = "",
    skip: Annotated[str, typer.Option(help="Codes to leave out, separated by commas.")] = "",
    jobs: Jobs = -1,
    as_json: Json = False,
) -> None:
    """List exams that a reader would reject or look at twice, of both splits."""
    from mrnet_features.data.audit import audit as find_faults
    from mrnet_features.report.terminal import format_audit

    wanted, unwanted = (
        [code.strip() for code in text.split(",") if code.strip()] for text in (codes, skip)
    )
    findings = find_faults(root, codes=wanted or None, skip=unwanted, n_jobs=jobs)
    if as_json:
        _print_json(json.loads(findings.to_json(orient="records", double_precision=6)))
    else:
        print(format_audit(findings))


@app.command()
def extract(
    root: Root,
    out: Annotated[Path, typer.Option(help="Parquet file to write.")],
    split: Annotated[Split, typer.Option(help="Split to read.")] = Split.train,
    families: Annotated[
        str, typer.Option(help="A preset, or families by name, separated by commas.")
    ] = "baseline",
    device: Annotated[Device, typer.Option(help="Where to count.")] = Device.auto,
    jobs: Jobs = -1,
    as_json: Json = False,
) -> None:
    """Describe every exam of a split; a stopped run goes on where it was."""
    _, features = _extract(root, split, out, families, device, jobs)
    n_exams, n_features = features.shape
    if as_json:
        provenance = {**features.attrs["provenance"], "fingerprints": None}
        _print_json({"table": str(out), "n_features": n_features, **provenance})
    else:
        print(f"{n_exams} exams x {n_features} features in '{out}'.")


@app.command()
def cv(
    table: Annotated[Path, typer.Argument(help="Parquet file of features.")],
    root: Root,
    split: Annotated[Split, typer.Option(help="Split whose labels to use.")] = Split.train,
    model: Annotated[Model, typer.Option(help="Baseline to fit for each task.")] = Model.lightgbm,
    splits: Annotated[int, typer.Option(min=2, help="Folds.")] = 5,
    repeats: Annotated[int, typer.Option(min=1, help="Repeats with other folds.")] = 1,
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
    from mrnet_features.data.mrnet import load_labels
    from mrnet_features.evaluation.splits import Folds
    from mrnet_features.extraction.shards import read_features

    features, labels = read_features(table), load_labels(root, split)
    given = Folds.read(folds) if folds else None
    evaluation = _cross_validate(features, labels, model, splits, repeats, seed, jobs, given)
    folder = out or table.with_name(f"{table.stem}-cv")
    _write_evaluation(evaluation, folder)
    if as_json:
        _print_json({"folder": str(folder), **_summarise(evaluation)})
    else:
        _show_evaluation(evaluation, folder)


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
    from mrnet_features.report.comparison import compare_files, format_comparison, name_files

    result = compare_files(
        name_files(models),
        load_labels(root, split),
        paths=paths,
        subset=subset,
        stack=stack,
        id_width=id_width,
    )
    if out:
        result.comparison.summary().to_csv(out, index=False)
    if as_json:
        _print_json(result.as_dict())
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
    seed: Seed = 0,
    jobs: Jobs = -1,
    as_json: Json = False,
) -> None:
    """Fit LightGBM on a whole table; thresholds come from its cross-validation."""
    from mrnet_features.data.mrnet import load_labels
    from mrnet_features.evaluation.operating import choose_thresholds
    from mrnet_features.extraction.shards import read_features
    from mrnet_features.models import fit_bundle, lightgbm_baseline

    features, labels = read_features(table), load_labels(root, split)
    evaluation = _cross_validate(features, labels, "lightgbm", 5, 1, seed, jobs)
    thresholds = choose_thresholds(evaluation, rule, level)
    bundle = fit_bundle(features, labels, lightgbm_baseline(seed), thresholds)
    bundle.save(out)
    if as_json:
        _print_json({"folder": str(out), "thresholds": thresholds, **_summarise(evaluation)})
        return
    _show_evaluation(evaluation)
    listed = ", ".join(f"{task} {value:.3f}" for task, value in thresholds.items())
    print(f"Thresholds: {listed}.\n{bundle!r} in '{out}'.")


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(help="Folder that `fit` wrote.")],
    paths: Annotated[
        Path, typer.Argument(help="valid-paths.csv: sagittal, coronal, axial of each exam.")
    ],
    out: Annotated[Path, typer.Argument(help="predictions.csv to write.")],
    device: Annotated[Device, typer.Option(help="Where to count.")] = Device.auto,
    jobs: Jobs = -1,
    as_json: Json = False,
) -> None:
    """Predict from pixels, in the competition's format: abnormal, acl, meniscus; no header."""
    from mrnet_features.report.submission import predict_paths

    predictions = predict_paths(model, paths, out, device=device, n_jobs=jobs)
    if as_json:
        _print_json({"file": str(out), "n_exams": len(predictions)})
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
        str, typer.Option(help="Some of contribution,permutation,refit,alone.")
    ] = "contribution,permutation",
    task: Annotated[str, typer.Option(help="A task, or the mean of all.")] = "mean",
    seed: Seed = 0,
    jobs: Jobs = -1,
    out: Annotated[Path | None, typer.Option(help="CSV to write, all tasks.")] = None,
    as_json: Json = False,
) -> None:
    """Ask what groups of columns are worth to LightGBM, on exams it has not seen."""
    from mrnet_features.data.mrnet import load_labels
    from mrnet_features.evaluation.importance import importance as measure
    from mrnet_features.extraction.shards import read_features

    features, labels = read_features(table), load_labels(root, split)
    evaluation = _cross_validate(features, labels, "lightgbm", 5, 1, seed, jobs)
    found = measure(evaluation, features, by, views=tuple(views.split(",")), seed=seed, n_jobs=jobs)
    if out:
        found.frame().to_csv(out, index=False)
    summary = found.summary(task)
    if as_json:
        _print_json(json.loads(summary.reset_index().to_json(orient="records")))
    else:
        print(summary.to_string(float_format=lambda value: f"{value:.3f}"))


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
    from mrnet_features.report.catalogue import list_families, list_statistics

    table = list_statistics(name) if name else list_families(cost=cost)
    if as_json:
        _print_json(json.loads(table.to_json(orient="index")))
    else:
        print(table.to_string(justify="left"))


@app.command()
def reproduce(
    root: Root,
    out: Annotated[Path, typer.Option(help="Folder for the report and all tables.")],
    families: Annotated[
        str, typer.Option(help="A preset, or families by name, separated by commas.")
    ] = "baseline",
    device: Annotated[Device, typer.Option(help="Where to count.")] = Device.auto,
    seed: Seed = 0,
    jobs: Jobs = -1,
    as_json: Json = False,
) -> None:
    """Do all of it: audit, tables, cross-validation, one look at valid, importance, a report."""
    from mrnet_features.report.reproduce import reproduce as run_study

    names: Any = families.split(",") if "," in families else families
    done = run_study(root, out, families=names, device=device, seed=seed, n_jobs=jobs)
    if as_json:
        _print_json(done.as_dict())
    else:
        print((out / "report.md").read_text(encoding="utf-8"))
        print(f"This report and the tables behind it are in '{out}'.")


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what this machine has, what is missing, and how to get it."""
    from mrnet_features.report.doctor import examine_machine
    from mrnet_features.report.terminal import format_findings

    findings = examine_machine()
    if as_json:
        _print_json([finding.as_dict() for finding in findings])
    else:
        print(format_findings(findings))
    if any(finding.state == "missing" for finding in findings):
        raise typer.Exit(1)


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,  # noqa: ARG001
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from mrnet_features import __version__

        print(__version__)
        raise typer.Exit


def main() -> NoReturn:
    """Run the command line; exit status 0, 1 (failed) or 2 (wrong use)."""
    logging.basicConfig(format="%(message)s", level=logging.INFO, stream=sys.stderr)
    try:
        app()
    except KeyboardInterrupt:
        _fail("Stopped. Run the same command again: finished exams are kept.")
    except (OSError, ValueError, TypeError, KeyError, ImportError, RuntimeError) as error:
        text = error.args[0] if isinstance(error, KeyError) and error.args else error
        _fail("\n".join([f"Error: {text}", *getattr(error, "__notes__", [])]))
    sys.exit(0)


def _fail(message: str) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(1)


def _say(message: str) -> None:
    print(message, file=sys.stderr)


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2))


def _write_knees(out: Path, train: int, valid: int, seed: int, jobs: int) -> None:
    from mrnet_features.data.knees import write_knees

    write_knees(out, n_train=train, n_valid=valid, seed=seed, n_jobs=jobs)


def _extract(
    root: Path, split: str, out: Path, families: str, device: str, jobs: int
) -> tuple[Any, Any]:
    from mrnet_features.data.mrnet import load_mrnet
    from mrnet_features.extraction.extractor import FeatureExtractor
    from mrnet_features.extraction.shards import extract_features

    dataset = load_mrnet(root, split)
    names: Any = families.split(",") if "," in families else families
    extractor = FeatureExtractor(names, device=device, n_jobs=jobs)
    return dataset, extract_features(dataset.exams, out, extractor=extractor)


def _cross_validate(
    features: Any,
    labels: Any,
    model: str,
    splits: int,
    repeats: int,
    seed: int,
    jobs: int,
    folds: Folds | None = None,
) -> Evaluation:
    from mrnet_features import models
    from mrnet_features.evaluation.crossval import cross_validate

    makers: dict[str, Callable[[], Any]] = {
        "lightgbm": models.lightgbm_baseline,
        "logistic": models.logistic_baseline,
        "prior": models.prior_baseline,
    }
    return cross_validate(
        features,
        labels,
        model=makers[model](),
        n_splits=splits,
        n_repeats=repeats,
        folds=folds,
        seed=seed,
        n_jobs=jobs,
    )


def _write_evaluation(evaluation: Evaluation, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    evaluation.summary().to_csv(folder / "summary.csv")
    evaluation.predictions.to_csv(folder / "predictions.csv", index=False)
    evaluation.folds.save(folder / "folds.csv")


def _summarise(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "folds_hash": evaluation.folds.hash,
        "summary": json.loads(evaluation.summary().to_json(orient="index")),
    }


def _show_evaluation(evaluation: Evaluation, folder: Path | None = None) -> None:
    from mrnet_features.report.terminal import format_summary

    print(format_summary(evaluation.summary()))
    if folder:
        print(f"Predictions, folds and this table are in '{folder}'.")
