"""The verb that does everything once: demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mrnet_features.cli.app import Jobs, Json, Seed, app, print_json, say
from mrnet_features.cli.folders import make_knees, make_table
from mrnet_features.cli.scores import score_table, show_evaluation, summarise, write_evaluation


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for all that is made.")] = Path("mrnet-demo"),
    train: Annotated[int, typer.Option(min=100, help="Exams to cross-validate on.")] = 160,
    seed: Seed = 0,
    jobs: Jobs = -1,
    as_json: Json = False,
) -> None:
    """Make synthetic knees, extract features, cross-validate, and show the table."""
    from mrnet_features.models.lightgbm import import_lightgbm

    import_lightgbm()  # what it lacks is better said now than after the knees
    root, table = out / "knees", out / "train.parquet"
    say(f"Synthetic knees, features and scores go to '{out}'.")
    make_knees(root, train, 0, seed, jobs)
    dataset, features = make_table(root, "train", table, "baseline", "auto", jobs)
    evaluation = score_table(features, dataset.labels, "lightgbm", 5, 1, seed, jobs)
    write_evaluation(evaluation, out / "train-cv")
    if as_json:
        print_json({"folder": str(out), **summarise(evaluation)})
        return
    show_evaluation(evaluation, out / "train-cv")
    print(
        "These knees are synthetic: the numbers show that everything works, not what MRNet gives."
    )
