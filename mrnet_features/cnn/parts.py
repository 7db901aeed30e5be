"""Finished networks on disk, so that a stopped run continues."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mrnet_features.arrays import Float64Array
from mrnet_features.cnn.training import Trained
from mrnet_features.files.reading import explain_errors, open_file, read_json
from mrnet_features.files.writing import (
    explain_write_errors,
    remove_partials,
    replace_file,
    write_text,
)
from mrnet_features.messages import quote

__all__ = ["PartFolder", "hash_request", "holds_networks", "read_curve"]

NETWORKS, REQUEST = "networks", "request.json"
ADVICE = "Delete the file; its network is trained again."


class PartFolder:
    """Folder with one file of weights and one of scores per series, repeat and fold.

    Parameters
    ----------
    folder : path or None
        Made if it does not exist. None keeps nothing.
    settings : mapping
        What the run was asked for, in plain types. Networks of another request are refused.
    overwrite : bool
        Replace those of another request instead.

    Raises
    ------
    FileExistsError
        If the folder holds networks of another request.
    """

    def __init__(
        self, folder: str | Path | None, settings: Mapping[str, Any], *, overwrite: bool = False
    ) -> None:
        self._folder = None if folder is None else Path(folder) / NETWORKS
        if self._folder is None:
            return
        request = self._folder / REQUEST
        with explain_write_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            remove_partials(self._folder)
            if request.exists():
                self._leave_other(request, settings, overwrite=overwrite)
            write_text(request, json.dumps(settings, indent=1) + "\n")

    def _leave_other(self, request: Path, settings: Mapping[str, Any], *, overwrite: bool) -> None:
        """Refuse or remove networks of other settings."""
        assert self._folder is not None  # for the type checker
        held = read_json(request, "Choose another folder, or pass overwrite=True.")
        known = held if isinstance(held, dict) else {}
        differing = [name for name in settings if known.get(name) != settings[name]]
        if not differing:
            return
        if overwrite:
            for file in (*self._folder.glob("*.npz"), *self._folder.glob("*.pt")):
                file.unlink()
            return
        name = differing[0]
        more = f" and {len(differing) - 1} more" if len(differing) > 1 else ""
        raise FileExistsError(
            f"'{self._folder}' holds networks of a run with other settings: {name} was "
            f"{quote(str(known.get(name)))}, now {quote(str(settings[name]))}{more}. Choose "
            "another folder with `out`, or pass overwrite=True to replace them."
        )

    def read(self, name: str, request: str) -> Trained | None:
        """Finished network, or None if there is none of this request.

        Parameters
        ----------
        name : str
            Such as "axial-repeat0-fold3".
        request : str
            Hash of everything that the network depends on.

        Returns
        -------
        Trained or None

        Raises
        ------
        ValueError
            If a file of it is damaged.
        """
        if self._folder is None:
            return None
        scores, weights = self._name_files(name)
        if not scores.exists() or not weights.exists():
            return None
        with open_file(scores) as file:
            data = file.read()
        with explain_errors(scores, "scores of a network", ADVICE):
            with np.load(io.BytesIO(data), allow_pickle=False) as held:
                values = {key: held[key] for key in held.files}
            if str(values["request"]) != request:
                return None
            with open_file(weights) as file:
                state = file.read()
            if hashlib.sha256(state).hexdigest() != str(values["state"]):
                raise ValueError("its weights are of another network")
            train, score, used, peak = (float(number) for number in values["cost"])
            return Trained(
                state,
                values["tuning"],
                values["scored"],
                values["losses"],
                (train, score, used),
                peak,
            )

    def write(self, name: str, request: str, trained: Trained) -> None:
        """Keep a finished network: its weights first, so that scores never lack them."""
        if self._folder is None:
            return
        scores, weights = self._name_files(name)
        arrays: dict[str, Any] = {
            "request": np.array(request),
            "state": np.array(hashlib.sha256(trained.state).hexdigest()),
            "tuning": trained.tuning,
            "scored": trained.scored,
            "losses": trained.losses,
            "cost": np.array([*trained.seconds, trained.peak_mib]),
        }
        with explain_write_errors(self._folder):
            with replace_file(weights) as partial:
                partial.write_bytes(trained.state)
            with replace_file(scores) as partial, partial.open("wb") as file:
                np.savez(file, **arrays)

    def _name_files(self, name: str) -> tuple[Path, Path]:
        assert self._folder is not None  # for the type checker
        return self._folder / f"{name}.npz", self._folder / f"{name}.pt"


def holds_networks(folder: str | Path) -> bool:
    """Whether a folder has networks, finished or begun.

    Parameters
    ----------
    folder : path

    Returns
    -------
    bool
    """
    return (Path(folder) / NETWORKS / REQUEST).exists()


def hash_request(*parts: Any) -> str:
    """BLAKE2 hash of values: arrays by their bytes, all else as JSON.

    Parameters
    ----------
    *parts : ndarray, or value in plain types

    Returns
    -------
    str
        32 hexadecimal digits.

    Examples
    --------
    >>> hash_request("a", np.arange(2)) == hash_request("a", np.arange(3))
    False
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype} {part.shape}".encode())
            digest.update(np.ascontiguousarray(part))
        else:
            digest.update(json.dumps(part, sort_keys=True).encode())
        digest.update(b"\0")
    return digest.hexdigest()


def read_curve(losses: Float64Array) -> list[dict[str, Any]]:
    """Rows of a learning curve."""
    kept = int(np.argmin(losses[:, 1]))
    return [
        {"epoch": k, "train_loss": float(a), "tuning_loss": float(b), "is_kept": k == kept}
        for k, (a, b) in enumerate(losses)
    ]
