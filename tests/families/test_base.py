"""Family: names of classes, and classes of a user's script in worker processes."""

import subprocess
import sys

import pytest

from mrnet_features.families.base import Family
from mrnet_features.families.dark_fluid import DarkFluid
from mrnet_features.families.fluid import Fluid
from mrnet_features.families.ligament import Ligament
from mrnet_features.families.marrow import Marrow

SCRIPT = """
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

import mrnet_features as mf
from mrnet_features.counts.histogram import histogram
from mrnet_features.families.base import Family


@dataclass(frozen=True)
class Bright(Family):
    name: ClassVar[str] = "bright"
    threshold: int = 200

    def count(self, stack):
        return histogram(stack)

    def describe(self, counts):
        return {"share": counts[..., self.threshold :].sum(-1) / counts.sum(-1)}


if __name__ == "__main__":
    generator = np.random.default_rng(0)
    exams = [{"axial": generator.integers(0, 256, (3, 64, 64), np.uint8)} for _ in range(4)]
    tables = [
        mf.FeatureExtractor([Bright(100)], planes=("axial",), n_jobs=n).fit_transform(exams)
        for n in (1, 2)
    ]
    assert tables[0].equals(tables[1])
    print(tables[1].shape[0])
"""


def test_a_family_of_a_script_runs_in_worker_processes(tmp_path):
    (tmp_path / "own.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "own.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("4\n", 0), done.stderr


def test_a_wrong_name_is_refused_when_the_class_is_defined():
    with pytest.raises(TypeError, match="Wrong.name must be letters"):

        class Wrong(Family):
            name = "not__one"


def test_a_missing_name_is_refused_at_the_first_use():
    class Nameless(Family):
        def count(self, stack):
            return stack.levels

        def describe(self, counts):
            return {"first": counts}

    with pytest.raises(TypeError, match="Nameless.name must be letters.* got None"):
        Nameless()


@pytest.mark.parametrize(
    ("family", "described", "others"),
    [
        (
            Fluid,
            ("axial", "sagittal", "coronal_fluid"),
            ("coronal", "axial_structural", "axial_t2"),
        ),
        (DarkFluid, ("coronal", "axial_structural"), ("axial", "sagittal", "coronal_fluid")),
        (
            Ligament,
            ("sagittal", "sagittal_structural", "sagittal_dess"),
            ("coronal_fluid", "axial"),
        ),
        (Marrow, ("axial", "coronal_dess", "sagittal_fluid_thin"), ()),
    ],
)
def test_a_family_is_meant_for_planes_and_weightings(family, described, others):
    assert all(map(family.describes, described))
    assert not any(map(family.describes, others))


def test_a_family_without_a_plane_of_mrnet_says_its_scope():
    class Thin(Ligament):
        planes = ("coronal",)
        weightings = ("fluid",)

    assert Ligament.say_scope() == "the plane sagittal"
    assert Thin.say_scope() == "series whose name states 'fluid', such as 'coronal_fluid'"
