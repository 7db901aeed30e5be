"""Write docs/licences.md: licences of the dependencies, as their installed metadata say.

Run it from the root of a checkout in an environment with the extras:
``python .ci/list_licences.py > docs/licences.md``.
"""

from __future__ import annotations

import datetime as dt
import platform
import re
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

EXTRAS = ("report", "view", "test")
"""Extras that are listed. CuPy's need a GPU's libraries and are named in the text."""

TEXT = """# Licences of the dependencies

The library is under the MIT licence. It ships no font and no code of others: the JavaScript, CSS
and CUDA sources are its own, and pages load nothing. The packages below are installed beside it and
keep their own licences.

Made on {date} by `.ci/list_licences.py` on Python {python} ({system}), from the metadata of the
installed packages. A wheel can also bundle libraries, such as OpenBLAS in NumPy, or `libgomp` (GPL
with the GCC runtime exception) in scikit-learn; its own licence file lists them. This is no legal
advice.

{remarks}

## To run it

{core}

## With `[report]` and `[view]`

{extras}

## With `[cuda12]` and `[cuda13]`

CuPy is under the MIT licence. The extra `ctk` also installs NVIDIA's CUDA libraries, which are
proprietary and under NVIDIA's own licence.

## To test it

Only what `[test]` names itself, without what those packages need.

{test}
"""

COPYLEFT = re.compile(r"\b(A?GPL|LGPL|MPL|EPL|EUPL|CDDL)", re.IGNORECASE)


def find_licence(name: str) -> str:
    """Licence of an installed package: the SPDX expression, else classifiers, else free text."""
    about = metadata.metadata(name)
    expression = about.get("License-Expression")
    if expression:
        return expression
    classifiers = [
        line.rpartition(" :: ")[2]
        for line in about.get_all("Classifier", [])
        if line.startswith("License :: ")
    ]
    named = [line for line in classifiers if line != "OSI Approved"]
    free = (about.get("License") or "").strip().splitlines()
    return ", ".join(named) or (free[0][:80] if free else "not stated")


def list_needed(requirements: Iterable[str]) -> set[str]:
    """Names of the installed packages that requirements lead to on this machine."""
    found: set[str] = set()
    waiting = [Requirement(line) for line in requirements]
    while waiting:
        requirement = waiting.pop()
        name = normalise(requirement.name)
        if name in found:
            continue
        found.add(name)
        needed = [Requirement(line) for line in metadata.requires(name) or []]
        waiting += [one for one in needed if applies(one, requirement.extras)]
    return found


def applies(requirement: Requirement, extras: Iterable[str]) -> bool:
    """Whether a requirement is one of this machine, with some extras."""
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))


def normalise(name: str) -> str:
    """Name of a package as an index writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def format_table(names: Iterable[str]) -> str:
    """Table in Markdown."""
    rows = [f"| {n} | {metadata.version(n)} | {find_licence(n)} |" for n in sorted(names)]
    return "\n".join(["| package | version | licence |", "|---|---|---|", *rows])


def write_page() -> str:
    """Page in Markdown."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    core = list_needed(project["dependencies"])
    extras = list_needed([*optional["report"], *optional["view"]]) - core
    test = {normalise(Requirement(line).name) for line in optional["test"]}
    test -= core | extras
    copyleft = [name for name in sorted(core | extras) if COPYLEFT.search(find_licence(name))]
    listed = ", ".join(f"{name} ({find_licence(name)})" for name in copyleft) or "none"
    remarks = f"With a copyleft licence, among what is needed to run it: {listed}."
    today = dt.datetime.now(tz=dt.UTC).date()
    return TEXT.format(
        date=today.isoformat(),
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        remarks=remarks,
        core=format_table(core),
        extras=format_table(extras),
        test=format_table(test),
    )


if __name__ == "__main__":
    print(write_page(), end="")
