"""One synthetic study: its knee, site and series, what its tables say, and its files."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from mrnet_features.names import PLANES, SPLITS
from mrnet_features.synthetic.joint_plane import joint_plane
from mrnet_features.synthetic.pathology import describe_truth
from mrnet_features.synthetic.scene import Scene, sample_scene
from mrnet_features.synthetic.studies.dicom_writer import SeriesFacts, make_uid, write_series
from mrnet_features.synthetic.studies.findings import GOLD_EVERY, draw_report, find_findings
from mrnet_features.synthetic.studies.pictures import draw_pictures
from mrnet_features.synthetic.studies.placing import (
    KneePlace,
    SeriesPlace,
    place_knee,
    place_localiser,
    place_series,
)
from mrnet_features.synthetic.studies.sites import Site, choose_site, list_sites
from mrnet_features.synthetic.studies.slots import SeriesPlan, plan_series
from mrnet_features.synthetic.style import Style

REPEAT_EVERY = 25
"""The last of this many studies shows the knee of the one before again, with the same lesions."""

STREAM = 1000  # of random numbers, apart from those of the scene


@dataclasses.dataclass(frozen=True)
class Study:
    """One synthetic study before it is drawn.

    Attributes
    ----------
    uid : str
        StudyInstanceUID.
    patient : str
        PatientID, which two studies of one person share.
    scene : Scene
        The knee.
    site : Site
    place : KneePlace
    findings : dict of str to int or None
        The true ones.
    labels : dict of str to int or None
    report : str
        Empty in a study with true labels.
    plans : list of SeriesPlan
    style : Style
    generators : list of numpy.random.Generator
        One per series.
    repeats : str
        UID of the study that shows the same knee; empty if none.
    """

    uid: str
    patient: str
    scene: Scene
    site: Site
    place: KneePlace
    findings: dict[str, int | None]
    labels: dict[str, int | None]
    report: str
    plans: list[SeriesPlan]
    style: Style
    generators: list[np.random.Generator]
    repeats: str


def sample_study(seed: int, split: str, index: int, style: Style, site_leak: float = 0.0) -> Study:
    """Random study; it depends on nothing but the arguments.

    Parameters
    ----------
    seed : int
    split : {"train", "valid"}
        The second is the test split.
    index : int
    style : Style
    site_leak : float
        0 to 1.

    Returns
    -------
    Study
        Its generators are used up when it is drawn, so a study is drawn once.
    """
    entropy = np.random.SeedSequence(entropy=seed, spawn_key=(SPLITS.index(split), index, STREAM))
    of_study, of_labels, of_series = entropy.spawn(3)
    generator = np.random.default_rng(of_study)
    repeats = index % REPEAT_EVERY == REPEAT_EVERY - 1
    first = index - 1 if repeats else index
    scene = sample_scene(seed, split, first, style=style)
    if repeats:
        again = sample_scene(
            seed, split, index, pathology=scene.pathology, style=style, person=first
        )
        scene = dataclasses.replace(again, left=scene.left, scale=scene.scale)
    findings = find_findings(scene.pathology)
    labels, report = draw_report(findings, np.random.default_rng(of_labels))
    if index % GOLD_EVERY == 0:
        labels, report = dict(findings), ""
    site = choose_site(list_sites(style), findings, site_leak, generator)
    place = place_knee(scene, site, generator)
    plans = plan_series(generator)
    return Study(
        uid=make_uid("study", seed, split, index),
        patient=f"SYNTHETIC-{make_uid('patient', seed, split, first)[-8:]}",
        scene=scene,
        site=site,
        place=place,
        findings=findings,
        labels=labels,
        report=report,
        plans=plans,
        style=style,
        generators=[np.random.default_rng(child) for child in of_series.spawn(len(plans))],
        repeats=make_uid("study", seed, split, first) if repeats else "",
    )


def describe_study(study: Study) -> dict[str, Any]:
    """Row of the truth table.

    Parameters
    ----------
    study : Study

    Returns
    -------
    dict
    """
    scene, site = study.scene, study.site
    point, _ = joint_plane(scene.knee.bones.slope, scene.carry)
    joint = study.place.to_patient(point)
    lesions = describe_truth(scene.pathology)
    return {
        "StudyInstanceUID": study.uid,
        "site": site.name,
        "maker": site.maker.manufacturer,
        "side": "left" if scene.left else "right",
        "patient": study.patient,
        "is_gold": int(not study.report),
        "repeats": study.repeats,
        **study.findings,
        **{name: value for name, value in lesions.items() if not name.endswith("_flipped")},
        "tesla": site.tesla,
        "size": round(scene.scale, 4),
        **{f"joint_{axis}_mm": round(float(joint[k]), 1) for k, axis in enumerate("xyz")},
    }


def draw_study(study: Study) -> Iterator[tuple[dict[str, Any], list[tuple[str, bytes]]]]:
    """Series of a study: row of the truth table of series, and files by name.

    Parameters
    ----------
    study : Study
        Used up.

    Yields
    ------
    row : dict
    files : list of (SOPInstanceUID, bytes)
    """
    for k, (plan, generator) in enumerate(zip(study.plans, study.generators, strict=True)):
        facts = SeriesFacts(
            study=study.uid,
            series=make_uid(study.uid, "series", k),
            frame_of_reference=make_uid(study.uid, "frame"),
            number=k + 1,
            patient=study.patient,
            side="left" if study.scene.left else "right",
            plan=plan,
            site=study.site,
        )
        places, pictures = _draw_series(study, plan, generator)
        files = list(write_series(facts, pictures, places))
        yield _describe_series(facts, places[0], len(pictures), len(files)), files


def _draw_series(
    study: Study, plan: SeriesPlan, generator: np.random.Generator
) -> tuple[list[SeriesPlace], np.ndarray[Any, np.dtype[np.float32]]]:
    """Places and pictures of one series."""
    scene, site = study.scene, study.site
    style = site.fluid if plan.weighting == "fluid" else site.structural
    n_measured = round(site.measured * study.style.drawn_pixels)
    if plan.kind == "localiser":
        planes, places = list(PLANES), place_localiser(study.place)
    else:
        planes = [plan.plane]
        places = [
            place_series(plan.plane, plan.kind, scene, study.place, site, study.style, generator)
        ]
    drawn = [
        draw_pictures(
            plane,
            scene,
            place,
            style,
            n_measured,
            site.tesla,
            generator,
            fat_left=1.0 if plan.mistake == "fat not suppressed" else None,
        )
        for plane, place in zip(planes, places, strict=True)
    ]
    return places, np.concatenate(drawn)


def _describe_series(
    facts: SeriesFacts, place: SeriesPlace, n_slices: int, n_files: int
) -> dict[str, Any]:
    """Row of the truth table of series."""
    plan = facts.plan
    return {
        "StudyInstanceUID": facts.study,
        "SeriesInstanceUID": facts.series,
        "plane": plan.plane if plan.kind != "localiser" else "",
        "weighting": plan.weighting,
        "kind": plan.kind,
        "is_listed": int(plan.is_listed),
        "listed_plane": plan.listed_plane,
        "listed_weighting": plan.listed_weighting,
        "mistake": plan.mistake,
        "n_slices": n_slices,
        "n_files": n_files,
        "rows": place.rows,
        "columns": place.columns,
        "pixel_mm": round(place.pixel_mm, 4),
        "gap_mm": round(place.gap_mm, 3),
        "compression": facts.site.compression,
        "numbering": facts.site.numbering,
    }
