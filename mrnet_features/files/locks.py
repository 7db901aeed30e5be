"""Lock of an output: two runs that write the same file or folder must not mix."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

__all__ = ["hold_lock"]


@contextlib.contextmanager
def hold_lock(path: str | Path) -> Iterator[None]:
    """Hold the lock of an output while the block runs.

    The operating system gives the lock back when the process ends, however it ends, so a killed
    run never blocks the next one. The lock file ``.<name>.lock`` beside the output is removed at
    the end of the block; after a kill it stays until the next run of the same output.

    Parameters
    ----------
    path : path
        File or folder that is written. Its parent folder must exist.

    Raises
    ------
    RuntimeError
        If another process holds the lock.

    Warns
    -----
    UserWarning
        If the file system, or the operating system, has no locks.

    Examples
    --------
    >>> import tempfile
    >>> table = Path(tempfile.mkdtemp(), "train.parquet")
    >>> with hold_lock(table):
    ...     [file.name for file in table.parent.iterdir()]
    ['.train.parquet.lock']
    """
    target = Path(path).resolve()
    file = target.with_name(f".{target.name}.lock")
    held = _lock(file, target)
    try:
        yield
    finally:
        if held is not None:
            # removed before it is given back, so that a waiting process can't hold a file that
            # is about to go
            file.unlink(missing_ok=True)
            os.close(held)


def _lock(file: Path, target: Path) -> int | None:
    """Descriptor of the locked file; None where there are no locks."""
    try:
        import fcntl
    except ImportError:  # Windows
        _warn_without_locks("This system has no locks that are used here.")
        return None
    while True:
        held = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            same = os.fstat(held).st_ino == file.stat().st_ino
        except BlockingIOError:
            os.close(held)
            raise RuntimeError(
                f"Another process is writing '{target}'. Wait until it has finished, or choose "
                "another output."
            ) from None
        except FileNotFoundError:  # its last holder removed it in between
            same = False
        except OSError as error:
            os.close(held)
            file.unlink(missing_ok=True)
            _warn_without_locks(f"'{target.parent}' is on a file system without locks ({error}).")
            return None
        if same:
            return held
        os.close(held)


def _warn_without_locks(reason: str) -> None:
    warnings.warn(
        f"{reason} Do not run two commands on the same output at the same time.", stacklevel=5
    )
