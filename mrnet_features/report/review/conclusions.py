"""What not to conclude from a study, most important first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mrnet_features.data.dataset import Dataset
from mrnet_features.report.cells import count
from mrnet_features.report.review.comparison import LEVEL
from mrnet_features.report.review.inputs import Inputs
from mrnet_features.report.review.network_training import limit_networks
from mrnet_features.report.review.part import Part

__all__ = ["are_synthetic", "list_limits"]

MOST_LIMITS = 6
"""Most sentences, so that they are read."""

MOST_FILES = 3
"""Most files that a sentence names."""


def list_limits(inputs: Inputs, parts: Mapping[str, Part], facts: dict[str, Any]) -> list[str]:
    """Sentences on what this study does not show.

    Parameters
    ----------
    inputs : Inputs
    parts : mapping of str to Part
        The other sections, by name.
    facts : dict
        The numbers of the sentences are added.

    Returns
    -------
    list of str
        At most six.
    """
    return [*_list_all(inputs, parts, facts)][:MOST_LIMITS]


def _list_all(inputs: Inputs, parts: Mapping[str, Part], facts: dict[str, Any]) -> Iterator[str]:
    if inputs.dataset is not None and are_synthetic(inputs.dataset):
        yield "Nothing about patients or hospitals: these knees are synthetic, drawn by a program."
    else:
        yield _limit_hospitals(inputs)
    about_networks = limit_networks(inputs, facts)
    if about_networks:
        yield about_networks
    yield (
        "Not that this fraction of exams is read correctly: an AUC is the chance that a positive "
        "exam gets a higher score than a negative one, without any threshold."
    )
    if inputs.model.groups is None:
        yield (
            "Not that patients were kept apart: no patient ids were given. If a patient has "
            "several exams, on both sides of a split, the AUCs are too high."
        )
    exams = set(inputs.labels.index)
    n_models = sum(set(model.labels.index) == exams for model in inputs.models.values())
    if n_models > 1:
        facts["n_models"] = n_models
        yield (
            f"Not that {inputs.name} is the best of {n_models} models, if it was chosen "
            "because it scored best on these exams: then its AUC is too high."
        )
    yield from _limit_comparison(inputs, parts)
    yield from _limit_probabilities(parts)
    errors = {} if inputs.evaluation is None else inputs.evaluation.scores.errors
    if any(error.source.startswith("fitted") for error in errors.values()):
        yield (
            "Not that the intervals tell how other training exams would do: with one partition "
            "into folds they allow for other test exams only, and are too narrow."
        )
    if "importance" in parts:
        yield "Not that an important feature causes a finding: importance says what the model uses."
    yield from _limit_disagreements(parts, facts)


def _limit_hospitals(inputs: Inputs) -> str:
    if inputs.evaluation is None:
        return (
            "Nothing about other hospitals or scanners, unless the held-out exams come from there: "
            "this page does not know where exams come from."
        )
    return (
        "Nothing about other hospitals, scanners or years: fitted and scored exams come from the "
        "same set."
    )


def _limit_comparison(inputs: Inputs, parts: Mapping[str, Part]) -> Iterator[str]:
    """Where no difference was shown, and where a file does not tell how its model was trained."""
    table = parts["comparison"].tables.get("differences") if "comparison" in parts else None
    if table is None or not len(table):
        return
    words = []
    if (~(table["p_holm"] < LEVEL)).any():
        words.append("that models are equal where no difference was shown")
    files = [name for name in inputs.others if name in set(table["second"])]
    if files:
        words.append(
            f"that the comparison is fair if {' or '.join(files[:MOST_FILES])} was trained on "
            "these exams, which a file of predictions does not tell"
        )
    if words:
        yield f"Not {', nor '.join(words)}."


def _limit_probabilities(parts: Mapping[str, Part]) -> Iterator[str]:
    """What is not known of the probabilities."""
    if "calibration" not in parts:
        return
    table = parts["calibration"].tables.get("summary")
    if table is None:
        yield "Not that a score is the risk of a patient: calibration could not be measured."
        return
    off = (
        (table["intercept_low"] > 0)
        | (table["intercept_high"] < 0)
        | (table["slope_low"] > 1)
        | (table["slope_high"] < 1)
    )
    named = ", ".join(map(str, table.index[off]))
    if named:
        yield (
            "Not that a probability is the risk of a patient: the interval of its calibration "
            f"misses the ideal for {named}."
        )
    else:
        yield (
            "Not that a probability is the risk of a patient elsewhere: where fewer exams are "
            "positive, the same probabilities are too high."
        )


def _limit_disagreements(parts: Mapping[str, Part], facts: dict[str, Any]) -> Iterator[str]:
    """Disagreements are no errors of the labels."""
    found = parts["disagreements"].facts if "disagreements" in parts else {}
    n_disagree = int(found.get("n_disagree", 0))
    if n_disagree:
        facts |= {"n_disagree": n_disagree}
        yield (
            f"Not that labels are wrong where the model disagrees ({count(n_disagree, 'exam')}), "
            "nor that they are right elsewhere."
        )


def are_synthetic(dataset: Dataset) -> bool:
    """Whether the exams were written by `mrnet-features knees`.

    Parameters
    ----------
    dataset : Dataset

    Returns
    -------
    bool
    """
    paths = [path for exam in dataset.exams[:1] for path in exam.paths.values()]
    return any(len(p.parents) > 2 and (p.parents[2] / "knees.json").is_file() for p in paths)
