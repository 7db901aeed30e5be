"""One run of an extraction to a file: what is finished, what is left, and the table."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from mrnet_features.arrays import Float32Array
from mrnet_features.data.exam import Exam
from mrnet_features.extraction.compile_ahead import compile_missing
from mrnet_features.extraction.engines.failures import Failure, is_failures_file, write_failures
from mrnet_features.extraction.engines.outcomes import iterate_outcomes
from mrnet_features.extraction.extractor import FeatureExtractor
from mrnet_features.extraction.missing import list_missing, log_missing
from mrnet_features.extraction.provenance import describe_provenance
from mrnet_features.extraction.recipe import Recipe
from mrnet_features.extraction.runs.changes import keep_unchanged
from mrnet_features.extraction.runs.existing import TableHead, find_existing
from mrnet_features.extraction.runs.journal import FinishedExam, FinishedRow, Journal
from mrnet_features.extraction.sides import count_sources, log_sides
from mrnet_features.extraction.table_files.keys import (
    FILE_STATES,
    FINGERPRINTS,
    REQUEST,
    SIDES,
    SKIPPED,
    join_hashes,
    split_hashes,
)
from mrnet_features.extraction.table_files.writer import write_rows
from mrnet_features.files.locks import hold_lock
from mrnet_features.files.writing import explain_write_errors, remove_partials
from mrnet_features.jobs import show_progress
from mrnet_features.messages import name_some, quote

if TYPE_CHECKING:
    from distributed import Client

logger = logging.getLogger("mrnet_features")


@dataclass(frozen=True, kw_only=True)
class TableRun:
    """One call of `extract_features`; see there."""

    exams: Sequence[Exam]
    path: Path
    extractor: FeatureExtractor
    recipe: Recipe
    key: str
    file_states: Mapping[str, str]
    """By exam id, taken before any exam is read: a file that changes later is compared again."""
    verify: bool
    on_error: str
    progress: bool | None
    dask: str | Client | None

    @cached_property
    def target(self) -> Path:
        """File to write; the target of a symbolic link."""
        return self.path.resolve()

    @cached_property
    def journal_path(self) -> Path:
        """File with the rows of this run and of a stopped one."""
        return self.target.with_name(f"{self.target.name}.unfinished")

    @property
    def failures_path(self) -> Path:
        """File that lists skipped exams."""
        return self.path.with_suffix(".errors.csv")

    def find_existing(self) -> TableHead | None:
        """Table of an earlier run; an error if the file is another one."""
        return find_existing(self.path, self.exams, self.recipe, self.file_states)

    def check_again(self, head: TableHead, *, load: bool) -> pd.DataFrame | None:
        """Table if it is asked for; an error if it was changed. The values may not be read."""
        if load:
            return head.load()
        if not head.is_sealed:
            head.verify()
        return None

    def is_current(self, head: TableHead) -> bool:
        """Whether all exams are in a table, and no file has changed since."""
        provenance, states = head.provenance, self.file_states.values()
        return (
            not self.verify
            and all(states)
            and provenance[REQUEST] == self.key
            and provenance.get(FILE_STATES) == join_hashes(states)
            and not provenance.get(SKIPPED)
            and provenance.get(SIDES, {}) == self.count_sources(self.exams)
        )

    def count_sources(self, exams: Sequence[Exam]) -> dict[str, int]:
        """Number of exams by how their side was found; empty if it need not be known."""
        return {} if self.recipe.sides == "fold" else count_sources(exams)

    def list_finished(self, head: TableHead | None) -> dict[str, FinishedExam]:
        """Exams of a table by id; none if it was extracted by other code."""
        if head is None or head.provenance[REQUEST] != self.key:
            return {}
        hashes = (split_hashes(head.provenance[name]) for name in (FINGERPRINTS, FILE_STATES))
        exams = map(FinishedExam, *hashes)
        return dict(zip(head.ids, exams, strict=True))

    def keep_unchanged(self, known: Mapping[str, FinishedExam]) -> dict[str, FinishedExam]:
        """Finished exams that have not changed."""
        return keep_unchanged(
            self.exams,
            list(self.file_states.values()),
            known,
            self.recipe.planes,
            self.recipe.missing,
            self.recipe.sides,
            verify=self.verify,
            n_jobs=self.extractor.n_jobs,
            progress=self.progress,
        )

    def describe_kept(self) -> str:
        """What a next run need not do again, for the end of a message."""
        try:
            is_begun = self.journal_path.stat().st_size > 0
        except OSError:
            is_begun = False
        return "finished exams are kept" if is_begun else ""

    def report(self, n_kept: int) -> None:
        """Log how many exams an earlier run has extracted, if any."""
        n_exams = len(self.exams)
        if n_kept == n_exams:
            logger.info("All %d exams of '%s' are already extracted.", n_exams, self.path)
        elif n_kept:
            said = "%d of %d exams of '%s' are already extracted; extracting the rest."
            logger.info(said, n_kept, n_exams, self.path)

    def complete(self) -> None:
        """Describe the exams that have no row yet, and write the table; needs the lock."""
        remove_partials(self.target.parent, self.target.name)
        head = self.find_existing()  # again: another process may have written it meanwhile
        if head is not None and self.is_current(head):
            self._remove_leftovers()
            self.report(len(self.exams))
            return
        if head is not None:
            head.verify()
        kept = self.list_finished(head)
        columns = self._list_columns(head if kept else None)
        journal = Journal(self.journal_path, self.key, self.recipe.digest, len(columns))
        with explain_write_errors(self.path, self.describe_kept):
            journalled = journal.read()
        finished = self.keep_unchanged({**kept, **journalled})
        self.report(len(finished))
        left = [exam for exam in self.exams if exam.id not in finished]
        failures = self._describe(left, finished, journal) if left else {}
        described = [exam for exam in self.exams if exam.id in finished]
        if not described:
            exam, failure = next(iter(failures.items()))
            raise ValueError(
                f"No exam could be described. The first error is that of exam {quote(exam)}: "
                f"{failure.error}"
            )
        log_missing(list_missing(described, self.recipe), len(described))
        sources = self.count_sources(described)
        log_sides(sources)
        ids = [exam.id for exam in described]
        provenance = {
            **describe_provenance(
                self.recipe,
                [finished[exam].fingerprint for exam in ids],
                self.extractor.device_,
                exams=described,
                sources=sources,
            ),
            FILE_STATES: join_hashes(finished[exam].file_state for exam in ids),
            SKIPPED: list(failures),
            REQUEST: self.key,
        }
        with explain_write_errors(self.path, self.describe_kept):
            if failures:
                write_failures(failures, self.failures_path)
            rows = _iterate_rows([(exam, finished[exam]) for exam in ids], head, journal)
            with contextlib.closing(rows):
                write_rows(rows, ids, columns, self.path, provenance)
        self._remove_leftovers(keep_failures=bool(failures))
        if failures:
            was = "was" if len(failures) == 1 else "were"
            warnings.warn(
                f"{len(failures)} of {len(self.exams)} exams {was} skipped "
                f"({name_some(list(failures))}); '{self.failures_path}' says why.",
                stacklevel=3,
            )

    def tidy(self) -> None:
        """Remove what a run left that was killed just after it had written the table."""
        hidden = f".{self.target.name}."
        if (
            any(file.name.startswith(hidden) for file in self.target.parent.iterdir())
            or self.journal_path.exists()
            or is_failures_file(self.failures_path)
        ):
            # the table is complete, so nothing is lost if another run is at it, or the folder is
            # read-only
            with contextlib.suppress(OSError, RuntimeError), hold_lock(self.target):
                self._remove_leftovers()

    def _list_columns(self, head: TableHead | None) -> list[str]:
        """Names of the columns, from a table of the same code if there is one.

        Else counts are called for them, and compiled.
        """
        if head is not None:
            return head.columns
        self._compile()
        return self.recipe.columns()

    def _compile(self) -> None:
        if self.dask is None and self.extractor.device_ == "cpu":
            compile_missing(self.recipe, self.extractor.n_jobs, self.progress)

    def _describe(
        self, exams: Sequence[Exam], finished: dict[str, FinishedExam], journal: Journal
    ) -> dict[str, Failure]:
        """Describe exams, keep their rows in the journal, and return why the others have none."""
        self._compile()
        failures: dict[str, Failure] = {}
        skips = self.on_error == "skip"
        outcomes = iterate_outcomes(self.extractor, exams, skips=skips, dask=self.dask)
        with (
            show_progress(
                len(self.exams), "extract", "exam", self.progress, done=len(self.exams) - len(exams)
            ) as bar,
            contextlib.closing(outcomes),
            journal,
        ):
            for index, outcome in outcomes:
                exam = exams[index]
                if isinstance(outcome, Failure):
                    failures[exam.id] = outcome
                else:
                    state = self.file_states[exam.id]
                    row = FinishedRow(outcome.values, outcome.fingerprint, state)
                    with explain_write_errors(self.path, self.describe_kept):
                        finished[exam.id] = journal.append(exam.id, row)
                bar.update()
        # in the order of the exams, whatever the order in which they were described
        return {exam.id: failures[exam.id] for exam in exams if exam.id in failures}

    def _remove_leftovers(self, *, keep_failures: bool = False) -> None:
        """Remove the files that stand beside a table until it is complete."""
        remove_partials(self.target.parent, self.target.name)
        if not keep_failures and is_failures_file(self.failures_path):
            self.failures_path.unlink(missing_ok=True)
        self.journal_path.unlink(missing_ok=True)


def _iterate_rows(
    exams: Sequence[tuple[str, FinishedExam]], head: TableHead | None, journal: Journal
) -> Generator[Float32Array, None, None]:
    """Features of each exam in order, from the journal or from the table of an earlier run."""
    offsets = (exam.offset for _, exam in exams if exam.offset is not None)
    with contextlib.ExitStack() as stack:
        new = stack.enter_context(contextlib.closing(journal.iterate_values(offsets)))
        old: Iterator[tuple[str, Float32Array]] = iter(())
        if head is not None:
            old = stack.enter_context(contextlib.closing(head.iterate_rows()))
        for name, exam in exams:
            if exam.offset is None:
                yield next(row for old_name, row in old if old_name == name)
            else:
                yield next(new)
