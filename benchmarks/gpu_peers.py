"""Other libraries that count on a GPU, on the stack that ours counts."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable

import numpy as np
from bench_peers import SIX, Task, our_tasks
from bench_peers import pyradiomics_tasks as radiomics_tasks
from gpu_timing import repeat_on_gpu, time_by_clock

from mrnet_features.stacks.stack import Stack

OURS = "mrnet-features"


def flash_tasks(stack: Stack) -> dict[str, Task]:
    """flash-radiomics' CUDA path; its levels are bins of width 1."""
    from flash_radiomics import _bindings

    if not _bindings.detect_backends().get("cuda"):  # where it would count on the CPU in silence
        raise RuntimeError("Its CUDA path finds no device.")
    return radiomics_tasks(stack, "flash_radiomics", backend="cuda")


def fastrad_tasks(stack: Stack) -> dict[str, Task]:
    """Fastrad on CUDA, slices merged; pixels go to the device each time, as it wants them."""
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
            raise RuntimeError(f"It took the device {extractor.device!r}.")
        return lambda: extractor.extract(image, mask)

    tasks = {family: task(family) for family in SIX}
    return {**tasks, "six together": lambda: [run() for run in tasks.values()]}


def cucim_tasks(stack: Stack) -> dict[str, Task]:
    """cuCIM has no texture matrices; what it shares with ours is a histogram."""
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
    """Seconds of the clock by family and library, versions, and why others are left out."""
    tasks = {OURS: our_tasks(repeat_on_gpu(stack, 1), ("slices", "stack"))}
    versions, missing = {}, {}
    for name, (package, make) in PEERS.items():
        try:
            made = make(stack)
            for run in made.values():
                run()  # one that finds no device says so here
            tasks[name] = made
            versions[name] = importlib.metadata.version(package)
        except Exception as error:  # noqa: BLE001 (whatever stops a peer is said, and ours goes on)
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
