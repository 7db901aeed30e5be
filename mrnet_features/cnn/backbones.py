"""Models of torchvision without their last layer, which turn slices into embeddings."""

from __future__ import annotations

import io
from typing import Any, NamedTuple

import numpy as np

from mrnet_features.arrays import Float64Array, UInt8Array
from mrnet_features.cnn.libraries import import_torch, import_torchvision
from mrnet_features.cnn.weights import StartWeights
from mrnet_features.messages import name_some, quote, suggest_name

__all__ = ["Backbone", "check_model", "embed_slices", "load_backbone", "make_backbone"]

MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the three colours of ImageNet, by which torchvision's models scale their pictures."""

BATCH = 32
"""Slices at a time."""


class Backbone(NamedTuple):
    """A model as every process makes it again.

    Attributes
    ----------
    model : str
        Name in torchvision.
    state : bytes
        Weights without those of the last layer, as ``torch.save`` writes a state dict.
    """

    model: str
    state: bytes


def check_model(model: str) -> None:
    """Raise unless torchvision has a classifier of this name.

    Parameters
    ----------
    model : str

    Raises
    ------
    ModuleNotFoundError
        If torchvision is missing.
    ValueError
        If the name is unknown.
    """
    models = import_torchvision()
    known = models.list_models(module=models)
    if model not in known:
        raise ValueError(
            f"`model` must be a classifier of torchvision, such as 'resnet18', got {quote(model)}."
            f"{suggest_name(model, known)} `torchvision.models.list_models()` lists them."
        )


def make_backbone(model: str, start: StartWeights) -> Backbone:
    """Model with starting weights.

    Parameters
    ----------
    model : str
    start : StartWeights
        A state dict of the whole model; its last layer may have any number of classes, or lack.

    Returns
    -------
    Backbone

    Raises
    ------
    ValueError
        If a weight is missing or has another shape, or the model has no linear layer.
    """
    torch = import_torch()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = _make_headless(model)
    if start.state is not None:
        wanted = network.state_dict()
        wrong = [
            name
            for name, tensor in wanted.items()
            if name not in start.state or start.state[name].shape != tensor.shape
        ]
        if wrong:
            raise ValueError(
                f"`weights` must be those of {model}, but {len(wrong)} of {len(wanted)} are "
                f"missing or have another shape ({name_some(wrong)})."
            )
        network.load_state_dict({name: start.state[name] for name in wanted})
    buffer = io.BytesIO()
    torch.save(network.state_dict(), buffer)
    return Backbone(model, buffer.getvalue())


def load_backbone(backbone: Backbone, device: str) -> Any:
    """The model on a device, frozen."""
    torch = import_torch()
    with torch.random.fork_rng(devices=[]):
        network = _make_headless(backbone.model)
    state = torch.load(io.BytesIO(backbone.state), map_location="cpu", weights_only=True)
    network.load_state_dict(state)
    return network.to(device).eval().requires_grad_(requires_grad=False)


def embed_slices(network: Any, stack: UInt8Array, device: str, *, mirrors: bool) -> Float64Array:
    """Embedding of every slice, shape (n_slices, n_dimensions), float64.

    With `mirrors` it is the mean over the slice and its mirror image.
    """
    torch = import_torch()
    mean, spread = (torch.tensor(values).view(1, 3, 1, 1).to(device) for values in (MEAN, SPREAD))
    found = []
    with torch.no_grad():
        for part in torch.from_numpy(stack.copy()).split(BATCH):
            grey = part.to(device).float()[:, None] / 255
            pictures = (grey.expand(-1, 3, -1, -1) - mean) / spread
            views = [pictures, pictures.flip(3)] if mirrors else [pictures]
            values = torch.stack([network(view).double() for view in views]).mean(dim=0)
            found.append(values.cpu().numpy())
    return np.concatenate(found)


def _make_headless(model: str) -> Any:
    """Model of torchvision whose last linear layer passes its input on."""
    nn = import_torch().nn
    models = import_torchvision()
    # their further outputs, for training, have weights of their own
    has_more = model in {"googlenet", "inception_v3"}
    options = {"aux_logits": False, "init_weights": True} if has_more else {}
    network = models.get_model(model, weights=None, **options)
    linear = [name for name, part in network.named_modules() if isinstance(part, nn.Linear)]
    if not linear:
        raise ValueError(
            f"`model` must end in a linear layer, which is left out, but {model} has none. Choose "
            "another model."
        )
    parent, _, last = linear[-1].rpartition(".")
    setattr(network.get_submodule(parent), last, nn.Identity())
    return network
