"""README table of a result file of bench_gpu.py."""

from __future__ import annotations

from typing import Any


def make_table(result: dict[str, Any]) -> str:
    """README table of the measurements on a device, in Markdown.

    Parameters
    ----------
    result : dict
        Content of the JSON file.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If the device was emulated.
    """
    device = result["device"]
    if device["emulated"]:
        raise ValueError(
            "The result must be of a GPU, got one of an emulated device, whose times mean nothing. "
            "Run bench_gpu.py on a GPU."
        )
    exam, whole = result["exam"], result["pipeline"]
    seconds = exam["stage_seconds_per_exam"]
    stages = ", ".join(f"{name} {1e3 * value:.2f}" for name, value in seconds.items())
    lines = [
        f"| {device['name']}, preset `{result['preset']}` | |",
        "|---|---:|",
        (
            f"| device time per exam, batches of {exam['batch_size']} | "
            f"{1e3 * exam['seconds_per_exam']:.2f} ms |"
        ),
        f"| its stages, timed separately, ms per exam | {stages} |",
        (
            f"| exams per second from the page cache, {whole['readers']} threads reading | "
            f"{whole['exams_per_second']:.0f} |"
        ),
        (
            f"| exams per second on the CPU, {whole['cpu_jobs']} processes | "
            f"{whole['cpu_exams_per_second']:.1f} |"
        ),
        f"| largest difference of the feature tables | {whole['largest_difference']:.1e} |",
        "",
        "| count | ms | GB moved | share of the speed of a copy |",
        "|---|---:|---:|---:|",
        *(
            f"| `{row['count']}` | {1e3 * row['seconds']:.2f} | {row['bytes'] / 1e9:.2f} | "
            f"{100 * row['share_of_copy']:.0f} % |"
            for row in result["counts"]
        ),
    ]
    together = result["peers"]["six together"]
    if len(together) > 1:
        cells = [f"{name} {1e3 * s:.1f} ms" for name, s in together.items()]
        lines += ["", f"Six families of one stack, clock time: {', '.join(cells)}."]
    made = f"{result['date']}, driver for CUDA {device['driver'] // 1000}"
    return "\n".join([*lines, "", f"Measured {made}, CuPy {device['cupy']}.", ""])
