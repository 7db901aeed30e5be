"""Checks of this machine: versions, LightGBM, optional packages and the GPU."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
from dataclasses import asdict, dataclass
from typing import Any

from mrnet_features.arrays import missing_for_cuda
from mrnet_features.compiled_files import find_compiled_code
from mrnet_features.compiling import TIME_TO_COMPILE
from mrnet_features.diagnostics.gpu_selftest import compare_devices, describe_device
from mrnet_features.messages import describe_cause
from mrnet_features.models.lightgbm import import_lightgbm

CORE = ("numpy", "scipy", "numba", "pandas", "pyarrow", "scikit-learn", "joblib")
EXTRAS = {
    "pydicom": "dicom",
    "nibabel": "nifti",
    "jinja2": "report",
    "matplotlib": "report",
    "anywidget": "view",
    "fsspec": "remote",
    "s3fs": "remote",
    "torch": "cnn",
    "torchvision": "cnn",
}
USES = {
    "dicom": "DICOM files, compressed ones too",
    "nifti": "NIfTI files",
    "report": "figures and pages",
    "view": "the viewer in a notebook",
    "remote": "exams behind URLs such as s3://",
    "cnn": "networks and embeddings",
}


@dataclass(frozen=True)
class MachineCheck:
    """One check of this machine.

    Attributes
    ----------
    subject : str
        Package or device.
    state : {"ok", "optional", "missing", "failed"}
        "optional": not installed and not needed; "missing": needed, but it does not load; "failed":
        the GPU raises an error or its results differ from the CPU's.
    found : str
        Version or value.
    advice : str
        What to do; may be empty.
    """

    subject: str
    state: str
    found: str
    advice: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the check in plain types."""
        return asdict(self)


def check_machine() -> list[MachineCheck]:
    """Versions, processor, optional packages and GPU of this machine.

    If there is a GPU, every family's counts and statistics of a small stack are
    compared with the CPU's.

    Returns
    -------
    list of MachineCheck
    """
    return [
        _check_version("mrnet-features"),
        MachineCheck("python", "ok", platform.python_version()),
        MachineCheck(
            "machine", "ok", f"{platform.system()} {platform.machine()}, {_count_cores()}"
        ),
        *map(_check_version, CORE),
        _check_compiled_code(),
        _check_lightgbm(),
        *(_check_extra(name, extra) for name, extra in EXTRAS.items()),
        *_check_gpu(),
    ]


def _count_cores() -> str:
    n_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{n_cores} core" if n_cores == 1 else f"{n_cores} cores"


def _check_version(name: str) -> MachineCheck:
    """Version of a package that is needed; a copied folder of files has none."""
    try:
        return MachineCheck(name, "ok", importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return MachineCheck(
            name, "missing", "not installed as a package", f"Install it: pip install {name}."
        )


def _check_compiled_code() -> MachineCheck:
    found = find_compiled_code()
    n_files, n_bytes = sum(part.n_files for part in found), sum(part.n_bytes for part in found)
    if not n_files:
        return MachineCheck(
            "compiled code",
            "ok",
            "none",
            f"The first extraction compiles what it needs, {TIME_TO_COMPILE}; "
            "`mrnet-features doctor --compile` compiles all now, on all cores.",
        )
    return MachineCheck(
        "compiled code",
        "ok",
        f"{n_files} files, {n_bytes / 2**20:.1f} MiB",
        "`mrnet-features doctor --clear-cache` removes it.",
    )


def _check_lightgbm() -> MachineCheck:
    try:
        import_lightgbm()
    except ImportError as error:
        return MachineCheck("lightgbm", "missing", "does not load", str(error))
    return _check_version("lightgbm")


def _check_extra(name: str, extra: str) -> MachineCheck:
    if importlib.util.find_spec(name):
        return _check_version(name)
    return MachineCheck(
        name,
        "optional",
        "not installed",
        f"For {USES[extra]}: pip install 'mrnet-features[{extra}]'.",
    )


def _check_gpu() -> list[MachineCheck]:
    missing = missing_for_cuda()
    if missing:
        return [MachineCheck("gpu", "optional", "none; counting on the CPU", missing)]
    try:
        described = describe_device()
    except Exception as error:  # noqa: BLE001 (any failure of the device is the result of the check)
        return [_report_failure("gpu", error)]
    return [MachineCheck("gpu", "ok", described, "Used with device='cuda'."), _compare_with_cpu()]


def _report_failure(subject: str, error: Exception) -> MachineCheck:
    return MachineCheck(subject, "failed", describe_cause(error, 300), "Use device='cpu'.")


def _compare_with_cpu() -> MachineCheck:
    try:
        n_families, differing = compare_devices()
    except Exception as error:  # noqa: BLE001 (any failure of the device is the result of the check)
        return _report_failure("gpu against cpu", error)
    if differing:
        found = f"counts or statistics differ in {', '.join(differing)}"
        return MachineCheck(
            "gpu against cpu", "failed", found, "Use device='cpu', and report this as a bug."
        )
    return MachineCheck(
        "gpu against cpu", "ok", f"counts and statistics equal in {n_families} families"
    )
