"""First section: what was found in three sentences, and what not to conclude."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mrnet_features.report.page import Text
from mrnet_features.report.review.inputs import Inputs
from mrnet_features.report.review.part import Part, PartBlock

__all__ = ["describe_verdict"]


def describe_verdict(inputs: Inputs, parts: Mapping[str, Part]) -> Part:
    """What was found, in three sentences, and what not to conclude.

    Parameters
    ----------
    inputs : Inputs
    parts : mapping of str to Part
        The other sections, by name.

    Returns
    -------
    Part
    """
    summary = parts["scores"].tables["summary"]
    row = summary.astype(object).loc[inputs.model.headline].to_dict()
    facts: dict[str, Any] = {
        "headline": inputs.model.headline,
        "auc": row["auc"],
        "ci_low": row["ci_low"],
        "ci_high": row["ci_high"],
        "confidence": 95,
    }
    sentence = (
        f"{inputs.name} reaches a {facts['headline']} AUC of {row['auc']:.3f} (95 % CI "
        f"{row['ci_low']:.3f} to {row['ci_high']:.3f})."
    )
    blocks: list[PartBlock] = [Text(sentence)]
    return Part("verdict", "What was found", blocks, facts, {})
