"""StudyExam: an exam whose planes are DICOM series of one study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from mrnet_features.arrays import UInt8Array
from mrnet_features.data.exam import Exam
from mrnet_features.data.exam_files import describe_states
from mrnet_features.data.exam_side import check_sided
from mrnet_features.files.paths import require_local
from mrnet_features.files.stored_paths import AnyPath, Given
from mrnet_features.ids.rules import find_id_problem
from mrnet_features.messages import quote
from mrnet_features.names import say_series
from mrnet_features.series.assemble import PERCENTILES, PIXEL_MM, SIZE, assemble, check_scale
from mrnet_features.series.dicom_files import read_dicom_header
from mrnet_features.series.dicom_series import read_dicom_volume
from mrnet_features.series.series import Series
from mrnet_features.series.side import Side
from mrnet_features.series.study import SUPPRESSED, SeriesInfo, choose_series, list_series

__all__ = ["StudyExam", "read_study"]


@dataclass(frozen=True, repr=False)
class StudyExam(Exam):
    """Exam of one DICOM study, with one series per plane. `Exam.from_dicom` makes it.

    Parameters
    ----------
    id : str
        Exam id.
    paths : mapping of str to Path
        First file of the series of each plane.
    found : tuple of SeriesInfo
        All series of the study.
    chosen : mapping of str to SeriesInfo
        By plane.
    warnings : tuple of str
        About files that were left out, and series that are not what MRNet has.
    """

    found: tuple[SeriesInfo, ...] = ()
    chosen: Mapping[str, SeriesInfo] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def load_series(self, plane: str) -> Series:
        """Series of one plane, with its side, spacing and recipe.

        Parameters
        ----------
        plane : str
            One of the exam's planes.

        Returns
        -------
        Series

        Raises
        ------
        KeyError
            If the exam has no series for the plane.
        OSError, ValueError, ModuleNotFoundError
            As `mrnet_features.load_series`.
        """
        return self._assemble(plane)

    def load(
        self,
        plane: str,
        *,
        mmap: bool = False,  # noqa: ARG002
        side: Side | None = None,
    ) -> UInt8Array:
        """Stack of one plane; see `Exam.load`."""
        return self._assemble(plane, side).stack

    def find_shape(self, plane: str) -> tuple[int, int, int]:
        """Shape of the stack of one plane, from the headers; see `Exam.find_shape`."""
        self._find_path(plane)
        return self.chosen[plane].n_slices, self.scale.size, self.scale.size

    def describe_files(self, plane: str) -> str:
        """Size and times of the files of a plane, and the scale; see `Exam.describe_files`."""
        return f"{self.scale} {describe_states(self.chosen[plane].paths)}"

    def is_scanned(self, plane: str) -> bool:
        """Whether the exam has the plane: all are DICOM; see `Exam.is_scanned`."""
        return plane in self.chosen

    def list_files(self, plane: str) -> list[AnyPath]:
        """Files of a plane, sorted; see `Exam.list_files`."""
        return list(self.chosen[plane].paths)

    def _assemble(self, plane: str, side: Side | None = None) -> Series:
        """Series of one plane, which must agree with a side."""
        self._find_path(plane)
        paths = self.chosen[plane].paths
        label = str(paths[0] if len(paths) == 1 else paths[0].parent)
        volume = read_dicom_volume([read_dicom_header(path) for path in paths], label, plane)
        try:
            check_sided(volume, side)
        except ValueError as error:
            raise ValueError(f"Exam {quote(self.id)}, {say_series(plane)}: {error}") from error
        return assemble(volume, label, self.scale, plane)

    def table(self) -> pd.DataFrame:
        """All series of the study.

        Returns
        -------
        DataFrame with one row per series
            Index: SeriesInstanceUID. Columns: number, plane, n_slices, pixel_mm, fat_suppressed,
            fluid_bright, n_files, chosen, problem.
        """
        chosen = {info.uid for info in self.chosen.values()}
        rows = [
            {
                "series": info.uid,
                "number": info.number,
                "plane": info.plane,
                "n_slices": info.n_slices,
                "pixel_mm": info.pixel_mm,
                "fat_suppressed": info.fat_suppressed,
                "fluid_bright": info.fluid_bright,
                "n_files": len(info.paths),
                "chosen": info.uid in chosen,
                "problem": info.problem,
            }
            for info in self.found
        ]
        return pd.DataFrame(rows).set_index("series")

    def __repr__(self) -> str:
        planes = ", ".join(f"{p} {info.n_slices} slices" for p, info in self.chosen.items())
        return f"StudyExam({quote(self.id)}, {planes}; {len(self.found)} series)"


def read_study(
    folder: Given,
    *,
    id: str | None = None,  # noqa: A002 (the exam's `id`)
    series: Mapping[str, str] | None = None,
    side: str | None = None,
    pixel_mm: float = PIXEL_MM,
    size: int = SIZE,
    percentiles: tuple[float, float] = PERCENTILES,
) -> StudyExam:
    """Exam of the DICOM files of one study; parameters and errors as of `Exam.from_dicom`."""
    root = require_local(folder, "A DICOM study").absolute()
    name = root.name if id is None else id
    if not isinstance(name, str):
        raise TypeError(f"`id` must be text such as '0042', got {quote(name)}.")
    problem = find_id_problem(name)
    if problem:
        raise ValueError(f"`id` must be an exam id, but {quote(name)} {problem}. Pass another one.")
    scale = check_scale(pixel_mm, size, percentiles)
    found, said = list_series(root)
    chosen = choose_series(found, root, series)
    for plane, info in chosen.items():
        if info.fat_suppressed is not None and info.fat_suppressed is not SUPPRESSED[plane]:
            says = "suppresses fat" if info.fat_suppressed else "does not suppress fat"
            said.append(f"The {plane} series {says}, unlike that of MRNet.")
    paths = {plane: info.paths[0] for plane, info in chosen.items()}
    return StudyExam(name, paths, tuple(found), chosen, tuple(said), scale=scale, side=side)
