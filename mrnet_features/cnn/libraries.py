"""PyTorch and torchvision: imported where they are used, with one line if they are missing."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from typing import Any

from mrnet_features.messages import quote

__all__ = ["DEVICES", "choose_device", "import_torch", "import_torchvision", "run_repeatably"]

DEVICES = ("auto", "cpu", "cuda")


def import_torch() -> Any:
    """The module torch.

    Raises
    ------
    ModuleNotFoundError
        If PyTorch is not installed.
    """
    return _import("torch", "Networks need PyTorch")


def import_torchvision() -> Any:
    """The module torchvision.models.

    Raises
    ------
    ModuleNotFoundError
        If torchvision is not installed.
    """
    return _import("torchvision.models", "This network needs torchvision")


def choose_device(device: str) -> str:
    """Device to compute on.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda"}
        "auto" is "cuda" if PyTorch finds a GPU.

    Returns
    -------
    {"cpu", "cuda"}

    Raises
    ------
    ValueError
        If `device` is none of these.
    RuntimeError
        If `device` is "cuda" and PyTorch finds no GPU.
    """
    if device not in DEVICES:
        raise ValueError(f"`device` must be 'auto', 'cpu' or 'cuda', got {quote(device)}.")
    if device == "cpu":
        return "cpu"
    if import_torch().cuda.is_available():
        return "cuda"
    if device == "cuda":
        raise RuntimeError(
            "device='cuda' needs a GPU that PyTorch can use, but it finds none. Check that "
            "`nvidia-smi` works and that PyTorch was built for CUDA, or use device='cpu'."
        )
    return "cpu"


@contextlib.contextmanager
def run_repeatably(device: str) -> Iterator[None]:
    """On the CPU: one thread and a fixed order of sums, so the same bits in any process.

    A GPU has no such order for some operations; there the last digits can differ between runs.
    """
    torch = import_torch()
    n_threads = torch.get_num_threads()
    before = torch.are_deterministic_algorithms_enabled()
    warns_only = torch.is_deterministic_algorithms_warn_only_enabled()
    if device == "cpu":
        torch.set_num_threads(1)
        torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)
        torch.use_deterministic_algorithms(before, warn_only=warns_only)


def _import(name: str, need: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{need}: pip install 'mrnet-features[cnn]'.", name=error.name
        ) from error
