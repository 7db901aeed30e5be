"""Section on networks: what was trained, its learning curves, and what it cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mrnet_features.cnn.evaluation import NetworkEvaluation
from mrnet_features.report.page import Text
from mrnet_features.report.review.inputs import Inputs
from mrnet_features.report.review.part import Cell, Closed, Part, PartBlock, Plot, tabulate

__all__ = ["describe_networks", "limit_networks"]

CHANCE = math.log(2)
"""Loss of even odds; both classes of a task have the same weight."""

COST = {
    "series": Cell("series"),
    "n_networks": Cell("networks", ",d"),
    "n_weights": Cell("weights of each", ",d"),
    "train_seconds": Cell("s per training exam, all epochs", ".2f"),
    "predict_seconds": Cell("s per predicted exam", ".3f"),
    "processor_seconds": Cell("s of processor, all networks", ",.0f"),
    "peak_mib": Cell("peak memory, MiB", ",.0f"),
}


def describe_networks(inputs: Inputs) -> Sequence[Part]:
    """How the networks among the models were trained.

    Parameters
    ----------
    inputs : Inputs

    Returns
    -------
    sequence of Part
        Empty without a network. Tables: curves and cost.
    """
    blocks: list[PartBlock] = []
    facts: dict[str, Any] = {"chance": CHANCE}
    tables = {}
    networks = [(k, m) for k, m in inputs.models.items() if isinstance(m, NetworkEvaluation)]
    for k, (name, network) in enumerate(networks):
        end = f"-{k}" if k else ""
        tables[f"curves{end}"], tables[f"cost{end}"] = network.curves, network.cost
        facts[name] = _list_facts(network)
        blocks += [Text(_say_training(name, facts[name])), Text(_say_curves(facts[name]))]
        cost = tabulate(network.cost, f"{name}: cost of each series", COST)
        curves = Plot(f"{name}: learning curves, means over the folds", network.plot_curves)
        blocks.append(Closed(f"{name}: learning curves and cost", [curves, cost]))
    return [Part("networks", "Networks", blocks, facts, tables)] if blocks else []


def limit_networks(inputs: Inputs, facts: dict[str, Any]) -> str:
    """What a comparison with this network does not show; empty without one.

    Parameters
    ----------
    inputs : Inputs
    facts : dict
        The numbers of the sentence are added.

    Returns
    -------
    str
    """
    if inputs.network is None or len(inputs.models) + len(inputs.others) < 2:
        return ""
    name, network = inputs.network
    found = _list_facts(network)
    facts |= {key: found[key] for key in ("n_weights", "resolution", "epochs", "start")}
    return (
        f"Not how networks compare with features: {name} is one network with "
        f"{found['n_weights']:,} weights, slices of {found['resolution']} x {found['resolution']} "
        f"pixels and {found['epochs']} epochs, and it started with {found['start']}."
    )


def _list_facts(network: NetworkEvaluation) -> dict[str, Any]:
    """Numbers and settings that the sentences on a network state."""
    settings = next(iter(network.models.values())).networks.settings
    kept = network.curves[network.curves["is_kept"]]
    first = network.curves[network.curves["epoch"] == 0]
    return {
        "n_weights": int(network.cost["n_weights"].iloc[0]),
        "n_networks": int(network.cost["n_networks"].sum()),
        "n_series": len(network.cost),
        "resolution": settings.resolution,
        "epochs": settings.epochs,
        "device": "a GPU" if settings.device == "cuda" else "the CPU",
        "start": network.start,
        "first_loss": float(first["tuning_loss"].mean()),
        "kept_loss": float(kept["tuning_loss"].mean()),
        "n_last": int((kept["epoch"] == settings.epochs - 1).sum()),
    }


def _say_training(name: str, found: dict[str, Any]) -> str:
    side = found["resolution"]
    return (
        f"{name}: {found['n_networks']:,} networks, one for each of {found['n_series']} series in "
        f"every repeat and fold, each of {found['n_weights']:,} weights. They see slices of {side} "
        f"x {side} pixels, were trained for {found['epochs']} epochs on {found['device']}, and "
        f"started with {found['start']}. A part of each fold's training exams was held back; it "
        "chose the epoch, and combined the series."
    )


def _say_curves(found: dict[str, Any]) -> str:
    text = (
        f"The loss of the exams held back fell from {found['first_loss']:.3f} after the first "
        f"epoch to {found['kept_loss']:.3f} in the chosen one, means of all networks; that of "
        f"even odds is {CHANCE:.3f}."
    )
    if found["n_last"]:
        text += (
            f" In {found['n_last']:,} of {found['n_networks']:,} networks the last epoch was the "
            "best: longer training might have helped."
        )
    return text
