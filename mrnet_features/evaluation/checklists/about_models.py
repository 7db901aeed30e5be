"""What a run says about its models: type, parameters, tuning, columns, software.

Each public function takes an `Evidence` and returns an `Answer`.
"""

from __future__ import annotations

import importlib.metadata
import platform
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.pipeline import FeatureUnion, Pipeline

from mrnet_features.evaluation.checklists.answers import (
    NO_RUN,
    Answer,
    describe_estimator,
    describe_fit_labels,
    join,
)
from mrnet_features.evaluation.checklists.model_parts import (
    count_fits,
    list_fitted_parts,
    list_packages,
)
from mrnet_features.messages import name_some, quote
from mrnet_features.names import group_names
from mrnet_features.versions import find_version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mrnet_features.evaluation.checklists.evidence import Evidence

__all__ = [
    "algorithm",
    "choice",
    "classes",
    "columns",
    "ensemble",
    "handling",
    "model",
    "scaling",
    "selected",
    "selection",
    "software",
    "start",
    "training",
]

DISTRIBUTIONS = {"sklearn": "scikit-learn", "mrnet_features": "mrnet-features"}
"""Packages whose distribution has another name."""

INSIDE = "fitted on the training exams of each fit alone"


def model(evidence: Evidence) -> Answer:
    """Class and parameters of the model of each task."""
    if not evidence.models:
        return Answer("", NO_RUN)
    unknown = sorted(
        {type(f).__name__ for fits in evidence.models.values() for f in fits if not _is_open(f)}
    )
    if unknown:
        return Answer(
            "", f"The run can't read the parameters of {join(unknown)} (no `get_params`): state it."
        )
    tasks: dict[str, list[str]] = {}
    for task, fits in evidence.models.items():
        for described in dict.fromkeys(map(describe_estimator, fits)):
            tasks.setdefault(described, []).append(task)
    if len(tasks) == 1:
        return Answer(f"{next(iter(tasks))}, one per task and fit.")
    parts = [f"{join(map(quote, own))}: {described}" for described, own in tasks.items()]
    return Answer(f"{'; '.join(parts)}. One per task and fit.")


def software(evidence: Evidence) -> Answer:
    """Versions of the packages of the models, as installed now."""
    if not evidence.models:
        return Answer("", NO_RUN)
    found = {name for fits in evidence.models.values() for name in list_packages(fits[0])}
    versions, missing = {}, []
    for package in sorted(found | {"mrnet_features", "numpy", "pandas", "scipy"}):
        name = DISTRIBUTIONS.get(package, package)
        try:
            versions[name] = find_version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(package)
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    to_do = f"Give the versions of {name_some(missing)}." if missing else ""
    return Answer(f"Python {platform.python_version()}, {listed} (installed now).", to_do)


def algorithm(evidence: Evidence) -> Answer:
    """Model and software."""
    return _join_answers(model(evidence), software(evidence))


def training(evidence: Evidence) -> Answer:
    """How the models were fitted and tuned."""
    described = model(evidence)
    if not described.text:
        return described
    labels = describe_fit_labels(evidence.run)
    described = Answer(f"{described.text} {labels}".strip(), described.to_do)
    n_fits = count_fits(evidence.models)
    tuned = choice(evidence)
    if tuned.text:
        return Answer(f"{n_fits} fits. {described.text} {tuned.text}", tuned.to_do)
    return Answer(
        f"{n_fits} fits. {described.text} No parameters were tuned in the run.",
        "Say how the parameters were chosen, and on which exams.",
    )


def choice(evidence: Evidence) -> Answer:
    """Choice of the parameters inside the fits."""
    if not evidence.models:
        return Answer("", NO_RUN)
    fits = [fit for own in evidence.models.values() for fit in own]
    searches = [
        part for fit in fits for part in list_fitted_parts(fit) if hasattr(part, "best_params_")
    ]
    if not searches:
        return Answer(
            "", "The run fits models with fixed parameters. State how they were chosen, and where."
        )
    taken: dict[str, Counter[str]] = {}
    for search in searches:
        for name, value in search.best_params_.items():
            taken.setdefault(name, Counter())[_show(value)] += 1
    listed = "; ".join(
        f"{name} {join(f'{value} ({n})' for value, n in counts.most_common())}"
        for name, counts in taken.items()
    )
    kinds = join(dict.fromkeys(type(search).__name__ for search in searches))
    kept = sum(not search.best_params_ for search in searches)
    end = f" {kept} kept the given values." if kept else ""
    said = f" Chosen (fits): {listed}." if listed else ""
    return Answer(
        f"{kinds} chose the parameters in each of {len(searches)} fits, by inner folds of its "
        f"training exams alone.{said}{end}"
    )


def start(evidence: Evidence) -> Answer:
    """Seeds of the fits."""
    if not evidence.models:
        return Answer("", NO_RUN)
    fits = [fit for own in evidence.models.values() for fit in own]
    seeds = [_list_seeds(fit) for fit in fits]
    if not all(seeds):
        return Answer(
            "", "Not every fit has an integer `random_state`. State how its parameters start."
        )
    n_seeds = len({each for own in seeds for each in own})
    return Answer(
        f"Each of {len(fits)} fits has its own integer `random_state`; {n_seeds} different values."
    )


def ensemble(evidence: Evidence) -> Answer:
    """Models whose outputs are combined."""
    found = [
        text
        for fits in evidence.models.values()
        for part in list_fitted_parts(fits[0])
        for text in _describe_ensemble(part)
    ]
    if not evidence.models:
        return Answer("", NO_RUN)
    if not found:
        return Answer(
            "", "The run finds no ensemble in the model: state it, or that there is none."
        )
    return Answer(f"{'; '.join(dict.fromkeys(found))}.")


def handling(evidence: Evidence) -> Answer:
    """Transformations of the columns inside the fits."""
    if not evidence.models:
        return Answer("", NO_RUN)
    parts = list(dict.fromkeys(map(describe_estimator, _list_transformers(evidence))))
    if parts:
        return Answer(f"{', '.join(parts)}; {INSIDE}.")
    return Answer("", "The run finds no transformation in the model. State how columns were made.")


def scaling(evidence: Evidence) -> Answer:
    """Scaling of the columns inside the fits."""
    if not evidence.models:
        return Answer("", NO_RUN)
    found = [
        describe_estimator(part)
        for part in _list_transformers(evidence)
        if type(part).__module__.startswith("sklearn.preprocessing")
    ]
    if found:
        return Answer(f"{', '.join(dict.fromkeys(found))}; {INSIDE}.")
    return Answer("", "The run finds no scaling in the model. State whether columns were scaled.")


def selection(evidence: Evidence) -> Answer:
    """Selection of columns inside the fits."""
    if not evidence.models:
        return Answer("", NO_RUN)
    parts = []
    for task, fits in evidence.models.items():
        masks: dict[str, list[Any]] = {}
        for fit in fits:
            for part in _list_selectors(fit):
                masks.setdefault(describe_estimator(part), []).append(part.get_support())
        parts += [
            f"{described} kept {_give_range([mask.sum() for mask in own])} of "
            f"{_give_range([len(mask) for mask in own])} columns for {quote(task)}"
            for described, own in masks.items()
        ]
    if parts:
        return Answer(f"{'; '.join(parts)}; {INSIDE}.")
    return Answer(
        "",
        "The run finds no selection of columns in the model. State whether it was done before.",
    )


def selected(evidence: Evidence) -> Answer:
    """Columns that were selected in the fits."""
    if not evidence.models:
        return Answer("", NO_RUN)
    parts = []
    for task, fits in evidence.models.items():
        chosen: Counter[str] = Counter()
        n_fits = 0
        for fit in fits:
            for part in _list_selectors(fit)[-1:]:
                if hasattr(part, "feature_names_in_"):
                    chosen.update(map(str, part.feature_names_in_[part.get_support()]))
                    n_fits += 1
        always = [name for name, count in chosen.items() if count == n_fits]
        if n_fits:
            named = f": {name_some(always)}" if always else ""
            parts.append(
                f"{len(always)} columns in all {n_fits} fits of {quote(task)}{named}; "
                f"{len(chosen)} in at least one"
            )
    if parts:
        return Answer(f"Selected {'. '.join(parts)}.")
    return Answer("", "The run selects no columns with names. State statistics of the features.")


def columns(evidence: Evidence) -> Answer:
    """Number of columns that the models were fitted on."""
    if not evidence.models:
        return Answer("", NO_RUN)
    counts = {
        task: int(fits[0].n_features_in_)
        for task, fits in evidence.models.items()
        if hasattr(fits[0], "n_features_in_")
    }
    if len(counts) < len(evidence.models) and evidence.features is not None:
        counts = dict.fromkeys(evidence.models, evidence.features.shape[1])
    if len(counts) < len(evidence.models):
        return Answer("", "Pass features=, the table that the run was made on.")
    sizes = dict.fromkeys(counts.values())
    if len(sizes) == 1:
        return Answer(f"Columns per exam: {next(iter(sizes))}.")
    return Answer(f"Columns per exam: {join(f'{n} for {quote(t)}' for t, n in counts.items())}.")


def classes(evidence: Evidence) -> Answer:
    """Feature families and their numbers of columns, from the column names."""
    if not evidence.models:
        return Answer("", NO_RUN)
    names: list[str] | None = None
    if evidence.features is not None:
        names = list(map(str, evidence.features.columns))
    else:
        known: list[Any] = [
            list(getattr(fits[0], "feature_names_in_", [])) for fits in evidence.models.values()
        ]
        if known and known[0] and all(own == known[0] for own in known):
            names = list(map(str, known[0]))
    if names is None:
        return Answer("", "Pass features=, the table that the run was made on.")
    try:
        families = group_names(names, "family")
    except ValueError:
        return Answer("", "Columns are not series__region__family__statistic__pool: state classes.")
    listed = ", ".join(f"{name} {len(own)}" for name, own in families.items())
    return Answer(f"{len(names)} columns of {len(families)} families: {listed}.")


def _is_open(fit: Any) -> bool:
    return hasattr(fit, "get_params")


def _join_answers(*answers: Answer) -> Answer:
    """All answers as one; open if one of them is."""
    to_do = " ".join(answer.to_do for answer in answers if answer.to_do)
    if not all(answer.text for answer in answers):
        return Answer("", to_do)
    return Answer(" ".join(answer.text for answer in answers), to_do)


def _list_seeds(fit: Any) -> list[int]:
    parameters = fit.get_params(deep=True) if _is_open(fit) else {}
    return [
        int(value)
        for name, value in parameters.items()
        if name.rpartition("__")[2] == "random_state" and isinstance(value, int | np.integer)
    ]


def _describe_ensemble(part: Any) -> Iterator[str]:
    name, members = type(part).__name__, getattr(part, "estimators_", None)
    if hasattr(part, "boosters_"):
        yield f"{name}: mean probability of {len(part.boosters_)} boosters with their own seeds"
    elif hasattr(part, "models_") and hasattr(part, "combine"):
        yield f"{name}: {join(map(quote, part.models_))}, combined by {quote(part.combine)}"
    elif isinstance(members, list) and len(members) > 1:
        yield f"{name} of {len(members)} {join(sorted({type(m).__name__ for m in members}))}"


def _list_transformers(evidence: Evidence) -> list[Any]:
    """Fitted steps that change values of columns, of the first fit of each task."""
    return [
        part
        for fits in evidence.models.values()
        for part in list_fitted_parts(fits[0])
        if hasattr(part, "transform")
        and not hasattr(part, "predict")
        and not hasattr(part, "get_support")
        and not isinstance(part, Pipeline | FeatureUnion)
        and not hasattr(part, "transformers_")
    ]


def _list_selectors(fit: Any) -> list[Any]:
    return [part for part in list_fitted_parts(fit) if hasattr(part, "get_support")]


def _show(value: Any) -> str:
    simple = isinstance(value, str | int | float | np.generic) or value is None
    return quote(value) if simple else describe_estimator(value)


def _give_range(values: Any) -> str:
    low, high = int(np.min(values)), int(np.max(values))
    return str(low) if low == high else f"{low} to {high}"
