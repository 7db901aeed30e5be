"""Tables of the RSNA layout: `read_studies` and `read_series`."""

from random import Random

import numpy as np

from mrnet_features.data.rsna.files import read_series, read_studies
from mrnet_features.names import PLANES
from mrnet_features.series.uids import find_uid_problem
from tests.fuzz.cases import Case, Target, require
from tests.fuzz.driver import main
from tests.fuzz.mutation import NUMBERS, mutate

STUDIES, SERIES = "train.csv", "train_series.csv"
REPORT = "PLANTED REPORT"
TOKENS = (
    b"../x", b"/etc/passwd", b"1.2.3", b"1.2.3,,", b'"', b'""', b"Report", b"\n", b",", b"1.0",
    b"StudyInstanceUID", b"Axial", b"Oblique", b"NaN", REPORT.encode(), b"#", b"'=1", b";",
)  # fmt: skip


def make(rng: Random) -> Case:
    """Tables of 1 to 40 studies; some are written as spreadsheets do, some are broken."""
    ids = [f"1.2.840.{k}" for k in sorted(rng.sample(range(10_000), rng.choice((1, 3, 40))))]
    labels = {i: [rng.choice(("", "0", "1", "1.0")) for _ in range(3)] for i in ids}
    rows = "".join(f'{i},"{REPORT}, no. ""{i}""",{",".join(labels[i])}\n' for i in ids)
    studies = f"StudyInstanceUID,Report,ACL,Baker's,PF OA\n{rows}"
    rows = "".join(
        f"{i},{i}.{k},{rng.randrange(2)},1,{rng.choice(PLANES).title()}\n"
        for i in ids for k in range(rng.randrange(4))
    )  # fmt: skip
    head = "StudyInstanceUID,SeriesInstanceUID,Fluid_Sensitive,Fat_Suppression,Anatomical_Plane\n"
    files = {STUDIES: studies.encode(), SERIES: f"{head}{rows}".encode()}
    kind, name = rng.random(), rng.choice((STUDIES, SERIES))
    if kind < 0.05:
        return Case(files, {"labels": labels, "is_sound": True})
    if kind < 0.2:  # the same rows in the hands of other programs
        text = files[name].decode()
        files[name] = rng.choice((
            text.encode("utf-8-sig"), text.encode("utf-16"), text.replace("\n", "\r\n").encode(),
            ("\n" + text).encode(), text.replace("\n", "\n\n").encode(),
        ))  # fmt: skip
        return Case(files, {"labels": labels})
    if kind < 0.35:
        cell = rng.choice((b"1.0", b"1.2.840.", b"Axial", b"Sagittal", REPORT.encode()))
        files[name] = files[name].replace(cell, rng.choice((*NUMBERS, *TOKENS)), 1)
        return Case(files, {})
    files[name] = mutate(files[name], rng, TOKENS, files[name])
    return Case(files, {})


def read(folder, case) -> None:
    """UIDs are no paths, labels are 0, 1 or NaN, and no message shows a report."""
    try:
        studies = read_studies(folder / STUDIES)
        series, problems = read_series(folder / SERIES)
    except (ValueError, OSError) as error:
        require("PLANTED" not in str(error), "an error shows a report")
        raise
    texts = [problem.text for problem in (*studies.problems, *problems)]
    require(not any("PLANTED" in text for text in texts), "a problem shows a report")
    uids = [*studies.labels, *(uid for one in series for uid in (one.study, one.uid))]
    require(not any(map(find_uid_problem, uids)), "a UID is none")
    require(not any("/" in uid or uid.startswith(".") for uid in uids), "a UID is a path")
    values = np.array(list(studies.labels.values()), dtype=float)
    require(bool((np.isnan(values) | np.isin(values, [0, 1])).all()), "not 0, 1 or NaN")
    require(all(one.plane in ("", *PLANES) for one in series), "an unknown plane")
    known = case.facts.get("labels")
    if known and not case.facts.get("is_changed"):
        require(not texts, "a sound table has problems")
        expected = {i: [float(cell or "nan") for cell in cells] for i, cells in known.items()}
        require(
            list(studies.labels) == list(expected)
            and np.array_equal(values, list(expected.values()), equal_nan=True),
            "labels differ from the rows of the file",
        )


TARGET = Target(make, read, (ValueError, OSError))

if __name__ == "__main__":
    raise SystemExit(main(__name__))
