"""Table for the README from the file that bench_gpu.py writes."""

from __future__ import annotations

from typing import Any


def make_table(result: dict[str, Any]) -> str:
    """Table for the README of what a device did.

    Parameters
    ----------
    result : dict
        What the JSON file holds.

    Returns
    -------
    str
        In Markdown.

    Raises
    ------
    ValueError
        If the device was emulated.
    """
    device = result["device"]
    if device["emulated"]:
        raise ValueError(
            "The result is of an emulated device, whose times mean nothing. Run the benchmark on a "
            "GPU."
        )
    exam, whole = result["exam"], result["pipeline"]
    stages = ", ".join(f"{name} {1e3 * s:.2f}" for name, s in exam["stage_seconds_an_exam"].items())
    lines = [
        f"| {device['name']}, preset `{result['preset']}` | |",
        "|---|---:|",
        (
            f"| device time an exam, batches of {exam['batch_size']} | "
            f"{1e3 * exam['seconds_an_exam']:.2f} ms |"
        ),
        f"| its stages, timed apart, ms an exam | {stages} |",
        (
            f"| exams a second from the page cache, {whole['readers']} threads reading | "
            f"{whole['exams_per_second']:.0f} |"
        ),
        (
            f"| the same on the CPU, {whole['cpu_jobs']} processes | "
            f"{whole['cpu_exams_per_second']:.1f} |"
        ),
        f"| largest difference of the tables | {whole['largest_difference']:.1e} |",
        "",
        "| count | ms | GB moved | of a copy's speed |",
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
        lines += ["", f"Six families of one stack, by the clock: {', '.join(cells)}."]
    made = f"{result['date']}, driver for CUDA {device['driver'] // 1000}"
    return "\n".join([*lines, "", f"Measured {made}, CuPy {device['cupy']}.", ""])
