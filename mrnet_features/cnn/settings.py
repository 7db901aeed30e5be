"""Settings of a run, with the defaults of the network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mrnet_features.cnn.libraries import choose_device, import_torch
from mrnet_features.cnn.networks import find_network, make_network
from mrnet_features.cnn.weights import StartWeights, fill_trunk, read_start_weights

__all__ = ["Settings", "choose_settings"]


@dataclass(frozen=True)
class Settings:
    """How all networks of a run are trained.

    Attributes
    ----------
    network : str
    resolution, epochs, batch_size : int
    learning_rate : float
    mixed_precision : bool
    device : {"cpu", "cuda"}
    """

    network: str
    resolution: int
    epochs: int
    batch_size: int
    learning_rate: float
    mixed_precision: bool
    device: str


def choose_settings(
    network: str,
    weights: str | Path,
    resolution: int | None,
    epochs: int | None,
    batch_size: int | None,
    learning_rate: float | None,
    mixed_precision: bool | None,
    device: str,
) -> tuple[Settings, StartWeights]:
    """Settings with the defaults of the network, checked, and the starting weights."""
    known = find_network(network)
    start = read_start_weights(weights, "alexnet" if network == "mrnet" else None)
    usual = known.scratch_rate if start.state is None else known.learning_rate
    size = known.resolution if resolution is None else resolution
    n_epochs = known.epochs if epochs is None else epochs
    n_batch = known.batch_size if batch_size is None else batch_size
    for name, value, least, most in (
        ("resolution", size, 64, 1024),
        ("epochs", n_epochs, 1, 100_000),
        ("batch_size", n_batch, 1, 4096),
    ):
        if not least <= value <= most:
            raise ValueError(f"`{name}` must be from {least} to {most}, got {value}.")
    rate = usual if learning_rate is None else learning_rate
    if not 0 < rate < 10:
        raise ValueError(f"`learning_rate` must be above 0 and below 10, got {rate}.")
    where = choose_device(device)
    mixed = where == "cuda" if mixed_precision is None else bool(mixed_precision)
    settings = Settings(network, size, n_epochs, n_batch, float(rate), mixed, where)
    if start.state is not None:  # a wrong file is found now, and only the trunk travels
        with import_torch().random.fork_rng(devices=[]):
            trunk = make_network(network, 1)["trunk"]
        fill_trunk(trunk, start)
        start = start._replace(state=trunk.state_dict())
    return settings, start
