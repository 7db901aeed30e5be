"""Networks: a trunk on each slice, values pooled over the picture and over slices, a head per task.

A network is a ``ModuleDict`` of ``trunk``, ``scale`` and ``heads``; `score_exams` is its forward
pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from mrnet_features.cnn.libraries import import_torch, import_torchvision
from mrnet_features.messages import quote, suggest_name

__all__ = [
    "NETWORKS",
    "Network",
    "count_weights",
    "find_network",
    "fit_scale",
    "make_network",
    "pool_exams",
    "pool_pictures",
    "score_exams",
    "score_pooled",
]

GREY_MEAN, GREY_SPREAD = 58.09, 49.73
"""Mean and standard deviation of MRNet's grey levels, by which the published network scales."""

SMALL = 1e-4
"""Added to variances of pooled channels, of which some hardly vary."""

CHANNELS = 16
"""Channels of the first layer of the small network."""


class Network(NamedTuple):
    """How a network is built and trained unless the caller says otherwise.

    Attributes
    ----------
    title : str
        What it is, for messages.
    resolution : int
        Rows and columns of a slice.
    epochs : int
        Passes over the training exams.
    learning_rate : float
        Largest one, of Adam with decoupled weight decay, from weights of a file.
    scratch_rate : float
        The same from random weights.
    weight_decay : float
    batch_size : int
        Exams per step.
    is_ours : bool
        Whether the maximum over the picture joins the mean, and pooled channels are scaled.
    channels_in : int
        Copies of the grey levels that the trunk takes.
    """

    title: str
    resolution: int
    epochs: int
    learning_rate: float
    scratch_rate: float
    weight_decay: float
    batch_size: int
    is_ours: bool
    channels_in: int


NETWORKS = {
    "small": Network("small network", 128, 20, 4e-4, 4e-4, 1e-2, 1, True, 1),
    "mrnet": Network("MRNet (AlexNet)", 256, 20, 1e-5, 1e-4, 1e-2, 1, False, 3),
}
"""Networks by name. "mrnet" is the published one (Bien et al. 2018, PLoS Med 15(11):e1002699);
"small" is made to be trained from scratch, in the manner of ELNet (Tsai et al. 2020, MIDL): few
weights, and each slice normalised by itself."""


def find_network(name: str) -> Network:
    """Network of a name.

    Parameters
    ----------
    name : {"small", "mrnet"}

    Returns
    -------
    Network

    Raises
    ------
    ValueError
        If there is none of this name.

    Examples
    --------
    >>> find_network("small").resolution
    128
    """
    if name not in NETWORKS:
        known = " or ".join(map(repr, NETWORKS))
        raise ValueError(
            f"`network` must be {known}, got {quote(name)}.{suggest_name(name, NETWORKS)}"
        )
    return NETWORKS[name]


def make_network(name: str, n_tasks: int) -> Any:
    """Network with random weights, drawn from PyTorch's global generator.

    Parameters
    ----------
    name : {"small", "mrnet"}
    n_tasks : int

    Returns
    -------
    torch.nn.ModuleDict
        ``trunk`` takes slices of shape (n, channels_in, height, width) and returns channels of
        pictures. ``scale`` changes the pooled channels of an exam by fixed numbers, see
        `fit_scale`; in the published network it does nothing. ``heads`` is linear, from there to a
        log-odds per task.

    Raises
    ------
    ModuleNotFoundError
        If PyTorch, or torchvision for "mrnet", is missing.
    ValueError
        If there is no such network.
    """
    network = find_network(name)
    nn = import_torch().nn
    if name == "mrnet":
        trunk, n_channels = import_torchvision().alexnet(weights=None).features, 256
    else:
        trunk, n_channels = _make_small_trunk(nn), 8 * CHANNELS
    if not network.is_ours:
        heads = nn.Linear(n_channels, n_tasks)
        return nn.ModuleDict({"trunk": trunk, "scale": nn.Identity(), "heads": heads})
    heads = nn.Linear(2 * n_channels, n_tasks)
    scale = nn.BatchNorm1d(2 * n_channels, affine=False, eps=SMALL).eval()
    return nn.ModuleDict({"trunk": trunk, "scale": scale, "heads": heads})


def score_exams(name: str, modules: Any, slices: Any, n_slices: Sequence[int]) -> Any:
    """Log-odds of exams.

    Parameters
    ----------
    name : str
        Name of the network.
    modules : torch.nn.ModuleDict
        From `make_network`.
    slices : tensor of shape (sum of n_slices, height, width), float32
        Grey levels 0 to 255 of the slices of all exams, one exam after another.
    n_slices : sequence of int
        Slices of each exam, at least 1.

    Returns
    -------
    tensor of shape (n_exams, n_tasks)
    """
    return score_pooled(modules, pool_exams(name, modules, slices, n_slices))


def pool_exams(name: str, modules: Any, slices: Any, n_slices: Sequence[int]) -> Any:
    """Channels of exams, pooled over pictures and slices; arguments as of `score_exams`."""
    pooled = pool_pictures(name, modules, slices)
    return import_torch().stack([part.amax(dim=0) for part in pooled.split(list(n_slices))])


def score_pooled(modules: Any, exams: Any) -> Any:
    """Log-odds from the pooled channels of exams."""
    return modules["heads"](modules["scale"](exams))


def fit_scale(modules: Any, exams: Any) -> None:
    """Take mean and spread of the pooled channels from exams to train on, before training.

    Maxima of many slices differ little between exams, next to their mean. Unscaled, every step of
    the heads shifts all exams together, and nothing is learned.

    Parameters
    ----------
    modules : torch.nn.ModuleDict
    exams : tensor of shape (n_exams, n_channels)
        From `pool_exams`.
    """
    scale, torch = modules["scale"], import_torch()
    if not isinstance(scale, torch.nn.BatchNorm1d):
        return
    scale.running_mean.copy_(exams.mean(dim=0))
    # scaled, the variances of all channels sum to 4, whatever their number
    scale.running_var.copy_(exams.var(dim=0, unbiased=False) * exams.shape[1] / 4)


def pool_pictures(name: str, modules: Any, slices: Any) -> Any:
    """Channels of each slice, pooled over the picture: (n, n_channels), or twice as many."""
    network = NETWORKS[name]
    torch = import_torch()
    scaled = ((slices - GREY_MEAN) / GREY_SPREAD)[:, None]
    if network.channels_in > 1:
        scaled = scaled.expand(-1, network.channels_in, -1, -1)
    pictures = modules["trunk"](scaled.contiguous(memory_format=torch.channels_last))
    means = pictures.mean(dim=(2, 3))
    if not network.is_ours:
        return means
    return torch.cat([means, pictures.amax(dim=(2, 3))], dim=1)


def count_weights(modules: Any) -> int:
    """Number of trained numbers of a network."""
    return sum(int(weights.numel()) for weights in modules.parameters())


def _make_small_trunk(nn: Any) -> Any:
    """Four convolutions, each with normalisation per slice; smoothing before every halving."""
    c = CHANNELS
    sizes = [(1, c, 5, 2), (c, 2 * c, 3, 1), (2 * c, 4 * c, 3, 1), (4 * c, 8 * c, 3, 1)]
    layers: list[Any] = []
    for n_in, n_out, width, stride in sizes:
        layers += [
            nn.Conv2d(n_in, n_out, width, stride, padding=width // 2, bias=False),
            nn.GroupNorm(n_out // 8, n_out),
            nn.ReLU(),
            nn.AvgPool2d(2),
        ]
    return nn.Sequential(*layers[:-1])
