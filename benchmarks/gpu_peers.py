"""Other libraries with a GPU path, timed on the same stack as ours."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable

import numpy as np
from bench_peers import SIX, Task, our_tasks
from bench_peers import pyradiomics_tasks as radiomics_tasks
from gpu_timing import repeat_stack, time_by_clock

from mrnet_features.stacks.stack import Stack

OURS = "mrnet-features"


def flash_tasks(stack: Stack) -> dict[str, Task]:
    """Tasks of flash-radiomics on CUDA; its levels are bins of width 1."""
    from flash_radiomics import _bindings

    if not _bindings.detect_backends().get("cuda"):  # else it would silently use the CPU
        raise RuntimeError("flash-radiomics finds no CUDA device.")
    return radiomics_tasks(stack, "flash_radiomics", backend="cuda")


def fastrad_tasks(stack: Stack) -> dict[str, Task]:
    """Tasks of fastrad on CUDA, slices merged; its interface copies the pixels at each call."""
    import fastrad
    import torch

    mask = fastrad.Mask(torch.from_numpy((stack.regions > 0).astype(np.float32)))
    names = dict(zip(SIX, ("firstorder", "glcm", "glrlm", "glszm", "ngtdm", "gldm"), strict=True))

    def task(family: str) -> Task:
        source = stack.grey if family == "first order" else stack.levels
        image = fastrad.MedicalImage(torch.from_numpy(source.astype(np.float32)))
        settings = fastrad.FeatureSettings(
            feature_classes=[names[family]],
            bin_width=1.0,
            device="cuda",
            force2D=True,
            force2Ddimension=0,
        )
        extractor = fastrad.FeatureExtractor(settings)
        if "cuda" not in str(extractor.device):
            raise RuntimeError(f"fastrad uses the device {extractor.device!r}, not CUDA.")
        return lambda: extractor.extract(image, mask)

    tasks = {family: task(family) for family in SIX}
    return {**tasks, "six together": lambda: [run() for run in tasks.values()]}


def cucim_tasks(stack: Stack) -> dict[str, Task]:
    """Task of cuCIM: the histogram, as it has no texture matrices."""
    import cupy
    from cucim.skimage import exposure

    grey = cupy.asarray(stack.grey)
    return {
        "first order": lambda: [exposure.histogram(each, nbins=256)[0].get() for each in grey],
    }


PEERS: dict[str, tuple[str, Callable[[Stack], dict[str, Task]]]] = {
    "flash-radiomics": ("flash-radiomics", flash_tasks),
    "fastrad": ("fastrad", fastrad_tasks),
    "cucim": ("cucim-cu12", cucim_tasks),
}


def measure_peers(
    stack: Stack, repeats: int
) -> tuple[dict[str, dict[str, float]], dict[str, str], dict[str, str]]:
    """Clock seconds by family and library, versions, and why peers are left out."""
    tasks = {OURS: our_tasks(repeat_stack(stack, 1), ("slices", "stack"))}
    versions, missing = {}, {}
    for name, (package, make) in PEERS.items():
        try:
            made = make(stack)
            for run in made.values():
                run()  # fails here without a device
            tasks[name] = made
            versions[name] = importlib.metadata.version(package)
        except Exception as error:  # noqa: BLE001 (any failure of a peer is reported)
            missing[name] = f"{type(error).__name__}: {error}"
            print(f"{name} is left out: {missing[name]}", flush=True)
    seconds = {
        family: {
            name: time_by_clock(each[family], repeats)
            for name, each in tasks.items()
            if family in each
        }
        for family in (*SIX, "six together")
    }
    return seconds, versions, missing
