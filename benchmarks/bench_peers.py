"""Speed of this library and its peers: the same statistics of the same stack and mask, in one run.

    python benchmarks/bench_peers.py --repeats 7

All libraries run on one thread after a warm-up call and take turns, so that other load slows them
alike; compare medians and their ratios. Times are processor seconds, which other load changes less
than clock seconds. A peer that is not installed is reported and left out.

An extraction needs the statistics of every slice and of the whole stack; a peer gives one of the
two (`GIVES`). So ours is timed with both and with each alone, and a peer is also compared with ours
for the statistics that it gives. The six families are timed through the whole extractor too: it
finds the region itself, hashes the pixels, pools the slices and makes a table.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.metadata
import json
import logging
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from opencv_script import opencv_tasks
from scipy import ndimage
from threadpoolctl import threadpool_limits

from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.families.presets import find_families
from mrnet_features.stacks.prepare import Discretisation, Stack

RESULTS = Path(__file__).parent / "results"
SIX = ("first order", "glcm", "glrlm", "glszm", "ngtdm", "ngldm")
OURS = {
    "first order": "intensity",
    **{name: name for name in ("glcm", "glrlm", "glszm", "gldzm", "ngtdm", "ngldm", "lbp", "hog")},
}
WHOLE = "whole extractor"
OURS_WITH = {
    "mrnet-features": ("slices", "stack"),
    "ours by slice": ("slices",),
    "ours of stack": ("stack",),
}
GIVES = {
    "pyradiomics": "ours of stack",
    "flash-radiomics": "ours of stack",
    "nyxus": "ours by slice",
    "pictologics": "ours by slice",
    "scikit-image": "ours by slice",
    "mahotas": "ours by slice",
    "opencv": "ours by slice",
}
PATIENCE = 10.0  # seconds; slower tasks are timed once
Task = Callable[[], object]


def make_stack(n_slices: int, side: int, n_levels: int, path: Path | None = None) -> Stack:
    """Texture of several scales with noise inside an ellipse, or a stack from a .npy file."""
    if path is not None:
        grey = np.load(path)
        while len(grey) < n_slices:
            grey = np.concatenate([grey, grey])
        grey = np.ascontiguousarray(grey[:n_slices])
    else:
        rng = np.random.default_rng(0)
        texture = rng.normal(0, 6, (n_slices, side, side))
        for scale, strength in ((2, 12), (6, 20), (20, 40)):
            smooth = ndimage.gaussian_filter(rng.normal(size=texture.shape), (0, scale, scale))
            texture += strength * smooth / smooth.std()
        grey = np.clip(110 + texture, 0, 255).astype(np.uint8)
    height, width = grey.shape[1:]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    regions = np.ascontiguousarray(
        np.broadcast_to((x**2 / 0.8 + y**2 < 0.8).astype(np.uint8), grey.shape)
    )
    table = Discretisation(n_levels=n_levels).table(np.bincount(grey[regions > 0], minlength=256))
    return Stack(grey, table[grey], regions, n_levels)


def our_tasks(stack: Stack, results: tuple[str, ...]) -> dict[str, Task]:
    """Our tasks; each call takes a new stack, so that no count is taken from memory."""

    def task(names: tuple[str, ...]) -> Task:
        families = find_families([OURS[name] for name in names])

        def run() -> dict[str, float]:
            fresh = Stack(stack.grey, stack.levels, stack.regions, stack.n_levels)
            whole = {}
            for family in families:
                counts = family.count(fresh)
                if "slices" in results:
                    family.describe(counts)
                if "stack" in results:
                    found = family.describe_stack(counts, stack.exam_starts)
                    whole |= {f"{family.name}_{name}": float(v[0, 0]) for name, v in found.items()}
            return whole

        return run

    return {**{name: task((name,)) for name in OURS}, "six together": task(SIX)}


def extractor_tasks(stack: Stack) -> dict[str, Task]:
    """Six families from pixels to a table; black outside the mask, so that it is found again."""
    exams = [{"axial": stack.grey * (stack.regions > 0)}]
    extractor = FeatureExtractor(
        [OURS[name] for name in SIX],
        planes=("axial",),
        discretisation=Discretisation(n_levels=stack.n_levels),
        n_jobs=1,
        progress=False,
    ).fit(exams)
    return {"six together": lambda: extractor.transform(exams)}


def pyradiomics_tasks(stack: Stack, package: str = "radiomics", **more: object) -> dict[str, Task]:
    """Tasks of PyRadiomics or a package with its interface; levels are bins of width 1."""
    as_image = np.ascontiguousarray  # for packages without SimpleITK
    if package == "radiomics":
        import SimpleITK

        as_image = SimpleITK.GetImageFromArray
    module = __import__(package)
    getattr(module, "logger", logging.getLogger(package)).setLevel(logging.ERROR)
    logging.getLogger(package).setLevel(logging.ERROR)
    classes = module.getFeatureClasses()
    mask = as_image(stack.regions)
    images = {
        "firstorder": as_image(stack.grey.astype(np.int32)),
        "levels": as_image(stack.levels.astype(np.int32)),
    }
    options = {"binWidth": 1, "force2D": True, "force2Ddimension": 0, "num_threads": 1, **more}
    names = dict(zip(SIX, ("firstorder", "glcm", "glrlm", "glszm", "ngtdm", "gldm"), strict=True))
    if "gldzm" in classes:
        names["gldzm"] = "gldzm"

    def task(theirs: str) -> Task:
        image = images.get(theirs, images["levels"])

        def run() -> dict[str, float]:
            found = classes[theirs](image, mask, **options)
            if hasattr(found, "enableAllFeatures"):
                found.enableAllFeatures()
            return {name: float(value) for name, value in found.execute().items()}

        return run

    tasks = {name: task(theirs) for name, theirs in names.items()}
    return {**tasks, "six together": lambda: [tasks[name]() for name in SIX]}


def nyxus_tasks(stack: Stack) -> dict[str, Task]:
    """Tasks of nyxus, slice by slice."""
    from nyxus import Nyxus

    groups = {
        "first order": "*ALL_INTENSITY*",
        "glcm": "*ALL_GLCM*",
        "glrlm": "*ALL_GLRLM*",
        "glszm": "*ALL_GLSZM*",
        "gldzm": "*ALL_GLDZM*",
        "ngtdm": "*ALL_NGTDM*",
        "ngldm": "*ALL_NGLDM*",
    }
    grey, mask = stack.grey.astype(np.uint32), stack.regions.astype(np.uint32)

    def task(names: tuple[str, ...]) -> Task:
        engine = Nyxus(
            [groups[name] for name in names],
            coarse_gray_depth=stack.n_levels,
            n_feature_calc_threads=1,
        )
        return lambda: engine.featurize(grey, mask)

    return {**{name: task((name,)) for name in groups}, "six together": task(SIX)}


def pictologics_tasks(stack: Stack) -> dict[str, Task]:
    """Tasks of pictologics, slice by slice: a stack of one slice has the four directions of 2-D."""
    import numba
    from pictologics.features import intensity, texture

    numba.set_num_threads(1)
    slices = [
        (grey[None], levels[None].astype(np.uint16), mask[None])
        for grey, levels, mask in zip(stack.grey, stack.levels, stack.regions, strict=True)
    ]

    def first_order() -> list[dict[str, float]]:
        return [intensity.calculate_intensity_features(grey[m > 0]) for grey, _, m in slices]

    def task(names: list[str]) -> Task:
        return lambda: [
            texture.calculate_all_texture_features(levels, mask, stack.n_levels, families=names)
            for _, levels, mask in slices
        ]

    five = [name for name in SIX if name != "first order"]
    together = task(five)
    return {
        "first order": first_order,
        **{name: task([name]) for name in (*five, "gldzm")},
        "six together": lambda: (first_order(), together()),
    }


def scikit_image_tasks(stack: Stack) -> dict[str, Task]:
    """Tasks of scikit-image on whole slices, as it takes no mask; six properties per matrix."""
    from skimage.feature import graycomatrix, graycoprops, hog, local_binary_pattern

    angles = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
    properties = ("contrast", "dissimilarity", "homogeneity", "energy", "correlation", "ASM")

    def glcm() -> list[object]:
        found: list[object] = []
        for levels in stack.levels:
            matrices = graycomatrix(levels - 1, [1], angles, stack.n_levels, symmetric=True)
            found += [graycoprops(matrices, name) for name in properties]
        return found

    return {
        "glcm": glcm,
        "lbp": lambda: [local_binary_pattern(grey, 8, 1, "uniform") for grey in stack.grey],
        "hog": lambda: [hog(grey, orientations=9) for grey in stack.grey],
    }


def mahotas_tasks(stack: Stack) -> dict[str, Task]:
    """Tasks of mahotas; levels outside the mask are 0 and ignored."""
    import mahotas.features

    masked = stack.levels * (stack.regions > 0)
    return {
        "glcm": lambda: [mahotas.features.haralick(each, ignore_zeros=True) for each in masked],
        "lbp": lambda: [mahotas.features.lbp(grey, 1, 8) for grey in stack.grey],
    }


PEERS: dict[str, tuple[str, Callable[[Stack], dict[str, Task]]]] = {
    "pyradiomics": ("pyradiomics", pyradiomics_tasks),
    "nyxus": ("nyxus", nyxus_tasks),
    "pictologics": ("pictologics", pictologics_tasks),
    "flash-radiomics": (
        "flash-radiomics",
        lambda stack: pyradiomics_tasks(stack, "flash_radiomics"),
    ),
    "scikit-image": ("scikit-image", scikit_image_tasks),
    "mahotas": ("mahotas", mahotas_tasks),
    "opencv": ("opencv-python-headless", opencv_tasks),
}


def measure(tasks: dict[str, dict[str, Task]], repeats: int) -> dict[str, dict[str, float]]:
    """Median processor seconds by family and library; the libraries take turns."""
    seconds: dict[str, dict[str, list[float]]] = {}
    for family in [*OURS, "six together"]:
        rivals = {name: each[family] for name, each in tasks.items() if family in each}
        slow = set()
        for name, run in rivals.items():
            start = time.perf_counter()
            run()  # warm-up
            if time.perf_counter() - start > PATIENCE:
                slow.add(name)
        for k in range(repeats):
            for name, run in rivals.items():
                if name in slow and k >= 1:
                    continue
                start = time.process_time()
                run()
                took = time.process_time() - start
                seconds.setdefault(family, {}).setdefault(name, []).append(took)
    return {
        family: {name: statistics.median(times) for name, times in each.items()}
        for family, each in seconds.items()
    }


def describe_machine() -> dict[str, object]:
    """Processor, cores and system, without the machine's name."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = cpuinfo.read_text().splitlines()
        model = next((k.split(":")[1].strip() for k in lines if k.startswith("model name")), model)
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slices", type=int, default=30)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--levels", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--stack", type=Path, help="a .npy stack instead of the generated one")
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--out", type=Path, default=RESULTS / "peers.json")
    options = parser.parse_args()
    machine = describe_machine()
    stack = make_stack(options.slices, options.side, options.levels, options.stack)
    tasks = {name: our_tasks(stack, results) for name, results in OURS_WITH.items()}
    tasks[WHOLE] = extractor_tasks(stack)
    versions = {"mrnet-features": importlib.metadata.version("mrnet-features")}
    missing = {}
    for name in options.peers:
        package, make = PEERS[name]
        try:
            tasks[name] = make(stack)
            versions[name] = importlib.metadata.version(package)
        except ImportError as error:
            missing[name] = str(error)
            print(f"{name} is left out: {error}")
    for name in ("numpy", "numba", "scipy"):
        versions[name] = importlib.metadata.version(name)
    with threadpool_limits(1):
        medians = measure(tasks, options.repeats)
    libraries = list(tasks)
    print(f"{'milliseconds':14s}" + "".join(f"{name:>18s}" for name in libraries))
    for family, each in medians.items():
        cells = [f"{1e3 * each[name]:.1f}" if name in each else "-" for name in libraries]
        print(f"{family:14s}" + "".join(f"{cell:>18s}" for cell in cells))
    print(f"{'times ours':14s}")
    ratios = {
        family: {name: s / each["mrnet-features"] for name, s in each.items()}
        for family, each in medians.items()
    }
    like_for_like = {
        family: {name: s / each[GIVES[name]] for name, s in each.items() if name in GIVES}
        for family, each in medians.items()
    }
    whole = medians["six together"]
    of_whole = {name: s / whole[WHOLE] for name, s in whole.items() if name in GIVES}
    for family, each in ratios.items():
        cells = [f"{each[name]:.1f}" if name in each else "-" for name in libraries]
        print(f"{family:14s}" + "".join(f"{cell:>18s}" for cell in cells))
    print("times the whole extractor, six families")
    print("  ".join(f"{name} {ratio:.1f}" for name, ratio in of_whole.items()))
    print("times ours with the same statistics")
    for family, each in like_for_like.items():
        cells = [f"{each[name]:.1f}" if name in each else "-" for name in libraries]
        print(f"{family:14s}" + "".join(f"{cell:>18s}" for cell in cells))
    options.out.parent.mkdir(exist_ok=True)
    result = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine,
        "versions": versions,
        "missing": missing,
        "stack": {
            "shape": list(stack.grey.shape),
            "levels": stack.n_levels,
            "pixels_in_region": int((stack.regions > 0).sum()),
            "source": "made" if options.stack is None else "real",
        },
        "repeats": options.repeats,
        "gives": {
            "mrnet-features": "each slice and the stack",
            **{
                name: "the stack" if "stack" in how else "each slice" for name, how in GIVES.items()
            },
        },
        "median_processor_seconds": medians,
        "times_ours": ratios,
        "times_ours_that_gives_the_same": like_for_like,
        "six_families_times_the_whole_extractor": of_whole,
    }
    options.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
