"""Starting weights of a network: from a file, from torchvision's cache, or random."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any, NamedTuple

from mrnet_features.cnn.libraries import import_torch, import_torchvision
from mrnet_features.files.reading import explain_errors, open_file
from mrnet_features.messages import name_some, quote

__all__ = ["StartWeights", "fill_trunk", "find_cached", "load_state", "read_start_weights"]

ADVICE = "Save the weights with `torch.save(model.state_dict(), path)`."


class StartWeights(NamedTuple):
    """Weights that training, or an embedding, starts with.

    Attributes
    ----------
    said : str
        Where they are from, for the output.
    hash : str
        BLAKE2 hash of the file; empty for random weights.
    state : dict of str to tensor, or None
        None for random weights.
    """

    said: str
    hash: str
    state: dict[str, Any] | None


def read_start_weights(weights: str | Path | None, model: str | None) -> StartWeights:
    """Read the weights that were asked for.

    Parameters
    ----------
    weights : {"auto", "random"} or path
        "auto" takes those of `model` from torchvision's cache if they are there, else random ones.
        A path names a state dict that ``torch.save`` wrote; no code in it is run.
    model : str or None
        Name of torchvision's model; None if it has no weights of this network.

    Returns
    -------
    StartWeights

    Raises
    ------
    OSError
        If the file does not exist.
    ValueError
        If it is not a state dict.
    """
    if weights == "random" or weights is None:
        return StartWeights("random weights, trained from scratch", "", None)
    path = Path(weights)
    if weights == "auto":
        found = None if model is None else find_cached(model)
        if found is None:
            known = f"; no weights of {model} in the cache" if model else ""
            return StartWeights(f"random weights, trained from scratch{known}", "", None)
        path = found
    with open_file(path) as file:
        data = file.read()
    digest = hashlib.blake2b(data, digest_size=16).hexdigest()
    return StartWeights(f"weights of '{path.name}'", digest, load_state(data, path))


def find_cached(model: str) -> Path | None:
    """File of a model's newest weights in torchvision's cache, if it was downloaded before.

    Parameters
    ----------
    model : str
        Name of torchvision's model, such as "resnet18".

    Returns
    -------
    Path or None
        Nothing is downloaded.

    Raises
    ------
    ModuleNotFoundError
        If torchvision is missing.
    """
    folder = Path(import_torch().hub.get_dir()) / "checkpoints"
    known = list(import_torchvision().get_model_weights(model))
    files = (folder / entry.url.rpartition("/")[2] for entry in reversed(known))
    return next((file for file in files if file.is_file()), None)


def load_state(data: bytes, path: str | Path) -> dict[str, Any]:
    """Tensors of a state dict by name, from the bytes of a file.

    Parameters
    ----------
    data : bytes
    path : path
        For errors.

    Returns
    -------
    dict of str to tensor

    Raises
    ------
    ValueError
        If they hold anything but tensors.
    """
    torch = import_torch()
    with explain_errors(path, "weights", ADVICE):
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    if not isinstance(state, dict) or not all(map(torch.is_tensor, state.values())) or not state:
        raise ValueError(
            f"'{path}' must hold a dict of tensors by name, got {type(state).__name__}. {ADVICE}"
        )
    return dict(state)


def fill_trunk(trunk: Any, start: StartWeights) -> None:
    """Put weights into the trunk of the published network.

    Parameters
    ----------
    trunk : torch.nn.Sequential
        Features of an AlexNet.
    start : StartWeights
        Names as in the trunk, or with "features." or "trunk." before them, as in torchvision's
        file and in those of this library. Other entries, such as of a classifier, are left out.

    Raises
    ------
    ValueError
        If a weight is missing or has another shape.
    """
    if start.state is None:
        return
    wanted = trunk.state_dict()
    prefixes = ("features.", "trunk.", "")
    chosen = {
        name: next((start.state[p + name] for p in prefixes if p + name in start.state), None)
        for name in wanted
    }
    wrong = [
        name
        for name, tensor in chosen.items()
        if tensor is None or tensor.shape != wanted[name].shape
    ]
    if wrong:
        raise ValueError(
            f"`weights` must hold every weight of the trunk in its shape, but {len(wrong)} of "
            f"{len(wanted)} are missing or differ ({name_some(wrong)}). It holds "
            f"{name_some(list(start.state))}; these are of {quote(start.said)}."
        )
    trunk.load_state_dict(chosen)
