"""What this machine has, what it lacks, and how to get that."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
from dataclasses import asdict, dataclass
from typing import Any

from mrnet_features.arrays import missing_for_cuda
from mrnet_features.diagnostics.gpu_selftest import compare_devices, describe_device
from mrnet_features.models.lightgbm import import_lightgbm

CORE = ("numpy", "scipy", "numba", "pandas", "pyarrow", "scikit-learn", "scikit-image", "joblib")
EXTRAS = {"matplotlib": "report"}


@dataclass(frozen=True)
class MachineCheck:
    """One line of the examination.

    Attributes
    ----------
    subject : str
        What was looked at.
    state : {"ok", "optional", "missing"}
        "missing" means that something the library needs does not work.
    found : str
        Version or value.
    advice : str
        How to get it; empty where nothing is to do.
    """

    subject: str
    state: str
    found: str
    advice: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the finding in plain types."""
        return asdict(self)


def examine_machine() -> list[MachineCheck]:
    """Findings about this machine: versions, processor, optional parts, device.

    Where there is a device, it counts a small stack for every family, and so does the CPU.

    Returns
    -------
    list of MachineCheck
    """
    return [
        MachineCheck("mrnet-features", "ok", importlib.metadata.version("mrnet-features")),
        MachineCheck("python", "ok", platform.python_version()),
        MachineCheck(
            "machine", "ok", f"{platform.system()} {platform.machine()}, {_count_cores()}"
        ),
        *(MachineCheck(name, "ok", importlib.metadata.version(name)) for name in CORE),
        _examine_lightgbm(),
        *(_examine_extra(name, extra) for name, extra in EXTRAS.items()),
        *_examine_gpu(),
    ]


def _count_cores() -> str:
    n_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{n_cores} core" if n_cores == 1 else f"{n_cores} cores"


def _examine_lightgbm() -> MachineCheck:
    try:
        import_lightgbm()
    except ImportError as error:
        return MachineCheck("lightgbm", "missing", "does not load", str(error))
    return MachineCheck("lightgbm", "ok", importlib.metadata.version("lightgbm"))


def _examine_extra(name: str, extra: str) -> MachineCheck:
    if importlib.util.find_spec(name):
        return MachineCheck(name, "ok", importlib.metadata.version(name))
    return MachineCheck(
        name, "optional", "not installed", f"For figures: pip install 'mrnet-features[{extra}]'."
    )


def _examine_gpu() -> list[MachineCheck]:
    missing = missing_for_cuda()
    if missing:
        return [MachineCheck("gpu", "optional", "none; everything runs on the CPU", missing)]
    return [
        MachineCheck("gpu", "ok", describe_device(), "It counts where device='cuda' is asked for."),
        _compare_with_cpu(),
    ]


def _compare_with_cpu() -> MachineCheck:
    try:
        n_families, differing = compare_devices()
    except Exception as error:  # noqa: BLE001 (whatever stops the device is what was asked for)
        return MachineCheck("gpu counts", "missing", f"stopped: {error}", "Use device='cpu'.")
    if differing:
        found = f"differ from the CPU's: {', '.join(differing)}"
        return MachineCheck(
            "gpu counts", "missing", found, "Use device='cpu', and tell us, please."
        )
    return MachineCheck("gpu counts", "ok", f"equal the CPU's, for {n_families} families")
