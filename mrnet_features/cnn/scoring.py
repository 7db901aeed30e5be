"""Score exams with a trained network; its weights as bytes and back."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from mrnet_features.arrays import Float64Array
from mrnet_features.cnn.augment import can_mirror
from mrnet_features.cnn.libraries import import_torch, run_repeatably
from mrnet_features.cnn.networks import make_network, score_exams
from mrnet_features.cnn.pictures import Pictures
from mrnet_features.cnn.settings import Settings

__all__ = ["cast", "load_network", "save_state", "score_pictures", "to_tensor"]


def score_pictures(
    modules: Any, pictures: Pictures, rows: Sequence[int], settings: Settings
) -> Float64Array:
    """Log-odds of exams; of axial and coronal series the mean of the slices and their mirror.

    Parameters
    ----------
    modules : torch.nn.ModuleDict
    pictures : Pictures
    rows : sequence of int
        Exams to score.
    settings : Settings

    Returns
    -------
    ndarray of shape (len(rows), n_tasks), float64
        NaN for an exam without the series.
    """
    torch = import_torch()
    scores = np.full((len(rows), modules["heads"].out_features), np.nan)
    modules.eval()
    with torch.no_grad(), run_repeatably(settings.device):
        for k, row in enumerate(rows):
            exam = pictures.get(row)
            if not len(exam):
                continue
            # one exam at a time: others must not change the last bits of its score
            slices = to_tensor(exam, settings.device)
            views = [slices, slices.flip(2)] if can_mirror(pictures.series) else [slices]
            with cast(settings):
                found = [score_exams(settings.network, modules, v, [len(exam)]) for v in views]
            mean = torch.stack([each.double() for each in found]).mean(dim=0)
            scores[k] = mean[0].cpu().numpy()
    return scores


def save_state(modules: Any) -> bytes:
    """Weights as ``torch.save`` writes a state dict."""
    buffer = io.BytesIO()
    tensors = {name: tensor.detach().cpu() for name, tensor in modules.state_dict().items()}
    import_torch().save(tensors, buffer)
    return buffer.getvalue()


def load_network(state: bytes, settings: Settings, n_tasks: int) -> Any:
    """Network with the weights of `save_state`, on its device."""
    torch = import_torch()
    with torch.random.fork_rng(devices=[]):  # the caller's generator is left alone
        modules = make_network(settings.network, n_tasks)
    loaded = torch.load(io.BytesIO(state), map_location="cpu", weights_only=True)
    modules.load_state_dict(loaded)
    return modules.to(settings.device, memory_format=torch.channels_last).eval()


def to_tensor(slices: Any, device: str) -> Any:
    """Slices as float32 on a device."""
    return import_torch().from_numpy(slices.astype(np.float32)).to(device)


def cast(settings: Settings) -> Any:
    """Mixed precision, if asked for. bfloat16 has the range of float32: no loss is scaled."""
    torch = import_torch()
    return torch.autocast(settings.device, dtype=torch.bfloat16, enabled=settings.mixed_precision)
