"""Files of a scanner: `load_series` and header fields of DICOM folders and files, and NIfTI."""

import functools
import gzip
import tempfile
from pathlib import Path
from random import Random

import numpy as np

from mrnet_features.data.exam import Exam
from mrnet_features.data.headers.table import read_exam_fields
from mrnet_features.series.load import load_series
from tests.fuzz.cases import Case, Target, require
from tests.fuzz.driver import main
from tests.fuzz.mutation import mutate
from tests.support.dicom_files import (
    draw_stack,
    make_dataset,
    make_enhanced,
    write_dataset,
    write_nifti,
)

TOKENS = (
    b"\xff\xff\xff\xff", b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0", b"\xfe\xff\xdd\xe0",
    b"\xe0\x7f\x10\x00OW\x00\x00", b"\x00\x52\x29\x92SQ\x00\x00", b"\x28\x00\x10\x00US\x02\x00",
    b"\x28\x00\x08\x00IS\x0a\x001000000000", b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.4.90",
    b"1.2.840.10008.1.2.5\x00", b"\xff\x4f\xff\x51", b"\xff\xd8\xff\xc3", b"n+1\x00", b"DICM",
)  # fmt: skip
SIZE = 32


@functools.cache
def list_seeds() -> tuple[dict[str, bytes], ...]:
    """Sound files of each form."""
    import pydicom

    stack = draw_stack(3, 24, 20)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def save(dataset, syntax=None) -> bytes:
            if syntax is not None:
                dataset.compress(syntax, encoding_plugin="pylibjpeg", generate_instance_uid=False)
            return write_dataset(folder / "x", dataset).read_bytes()

        found = []
        # pictures of 24 x 20 pixels are too small for JPEG 2000 as it is written here
        large = draw_stack(3, 96, 80)
        kinds = (
            (None, stack), (pydicom.uid.RLELossless, stack), (pydicom.uid.JPEG2000Lossless, large)
        )  # fmt: skip
        for syntax, values in kinds:
            files = {
                f"s/{k}.dcm": save(make_dataset("axial", k, image), syntax)
                for k, image in enumerate(values)
            }
            found += [files, {"a.dcm": save(make_enhanced("axial", values), syntax)}]
        write_nifti(folder / "a.nii", "axial", stack.astype(np.int16), fields={"EchoTime": 0.04})
        plain, beside = (folder / "a.nii").read_bytes(), (folder / "a.json").read_bytes()
        found += [{"a.nii": plain, "a.json": beside}, {"a.nii.gz": gzip.compress(plain, mtime=0)}]
    return tuple(found)


def make(rng: Random) -> Case:
    """One form of a series: sound, or with one file broken."""
    number = rng.randrange(len(list_seeds()))
    files = dict(list_seeds()[number])
    if rng.random() < 0.1:
        return Case(files, {"number": number})
    name = rng.choice(sorted(files))
    other = rng.choice(list(rng.choice(list_seeds()).values()))
    if name.endswith(".gz") and rng.random() < 0.5:
        files[name] = gzip.compress(mutate(gzip.decompress(files[name]), rng, TOKENS, other))
    else:
        files[name] = mutate(files[name], rng, TOKENS, other)
    return Case(files, {})


def read(folder, case) -> None:
    """A series is a uint8 stack; a sound one has its slices. Header fields hold no free text."""
    name = min(case.files, key=lambda key: key.endswith(".json"))
    path = folder / name.split("/")[0]
    fields = read_exam_fields(Exam("a", {"axial": path}), b"key of the test")["axial"]
    require("planted" not in str(fields).lower(), "text of a file is passed on")
    if "number" in case.facts and not case.facts.get("is_changed") and ".nii" not in name:
        require("problem" not in fields, "a sound header is not read")
    series = load_series(path, size=SIZE)
    stack = series.stack
    require(stack.dtype == np.uint8, "it is not uint8")
    require(stack.ndim == 3 and stack.shape[1:] == (SIZE, SIZE), "it has another size")
    require(series.plane in ("axial", "coronal", "sagittal"), "it has no plane")
    require(series.side in ("left", "right", "unknown"), "it has another side")
    if "number" in case.facts and not case.facts.get("is_changed"):
        require(stack.shape[0] == 3 and series.plane == "axial", "a sound series is read wrongly")


def draw_and_read() -> None:
    """Import the decoders and read each form once."""
    for files in list_seeds():
        with tempfile.TemporaryDirectory() as name:
            Case(files, {"number": 0}).write(Path(name))
            read(Path(name), Case(files, {"number": 0}))


TARGET = Target(make, read, (ValueError, OSError), warm_up=draw_and_read)

if __name__ == "__main__":
    raise SystemExit(main(__name__))
