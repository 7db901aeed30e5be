"""Client of a Dask cluster: its connection, and calls that reach the workers as bytes."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import logging
import pickle
import uuid
import zlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from mrnet_features.messages import describe_cause, name_some, quote

if TYPE_CHECKING:
    from distributed import Client, Future

CONNECT_SECONDS = 30.0
CLOSE_SECONDS = 2.0


@contextlib.contextmanager
def connect(dask: str | Client) -> Iterator[Client]:
    """Client of a Dask scheduler; closed at the end of the block if it was made here.

    Parameters
    ----------
    dask : str or distributed.Client

    Yields
    ------
    distributed.Client

    Raises
    ------
    ModuleNotFoundError, TypeError, ValueError, ConnectionError
        As `describe_on_dask`.
    """
    try:
        distributed = importlib.import_module("distributed")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "Dask clusters need distributed: pip install 'mrnet-features[remote]'."
        ) from error
    if isinstance(dask, distributed.Client):
        if dask.asynchronous:
            raise TypeError("`dask` must be a client that is not asynchronous.")
        yield dask
        return
    address = "the address of a scheduler, such as 'tcp://10.0.0.1:8786'"
    if not isinstance(dask, str):
        raise TypeError(
            f"`dask` must be {address}, or a distributed.Client, got {type(dask).__name__}."
        )
    try:
        client = distributed.Client(dask, timeout=CONNECT_SECONDS, set_as_default=False)
    except ValueError as error:
        raise ValueError(f"`dask` must be {address}, got {quote(dask)} ({error}).") from error
    except (OSError, TimeoutError) as error:
        raise ConnectionError(
            f"There must be a Dask scheduler at {quote(dask)}, but it does not answer "
            f"({describe_cause(error)}). Start one with `dask scheduler`, and workers with "
            f"`dask worker {dask}`."
        ) from error
    try:
        yield client
    finally:
        _close(client)


def _close(client: Client) -> None:
    """Close a client; if it has lost its scheduler, without Dask's traceback about that."""
    log = logging.getLogger("distributed.client")
    before, log.disabled = log.disabled, log.disabled or client.status != "running"
    try:
        client.close(timeout=CLOSE_SECONDS)
    finally:
        log.disabled = before


class Call:
    """A call that is made when it is unpickled.

    Parameters
    ----------
    function : callable
    *arguments : object

    Examples
    --------
    >>> pickle.loads(pickle.dumps(Call(pow, 2, 5)))
    32
    """

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._function, self._arguments = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self._function, self._arguments


def submit(client: Client, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
    """Future of a call in a worker.

    To Dask the call is only bytes. So the scheduler needs none of our packages, a worker that lacks
    one raises an error instead of ending, and no log of Dask shows credentials of a store.

    Parameters
    ----------
    client : distributed.Client
    function : callable
    *arguments : object

    Returns
    -------
    distributed.Future
    """
    import cloudpickle  # which also takes families that are defined in a script or a notebook

    call = zlib.compress(cloudpickle.dumps(Call(function, *arguments)))
    # older Dask logs the arguments of a task that fails, where bytes of a pickle are plain text
    unreadable = pickle.dumps(Call(pickle.loads, Call(zlib.decompress, call)))
    return client.submit(pickle.loads, unreadable, key=f"mrnet-features-{uuid.uuid4().hex}")


def explain_missing(client: Client, error: ModuleNotFoundError) -> NoReturn:
    """Raise an error for a module that a worker could not import; names workers without ours.

    Parameters
    ----------
    client : distributed.Client
    error : ModuleNotFoundError
        Of a worker.

    Raises
    ------
    ModuleNotFoundError
    """
    found = client.run(importlib.metadata.version, "mrnet-features", on_error="return")
    lacking = [worker for worker, version in found.items() if isinstance(version, Exception)]
    raise ModuleNotFoundError(
        f"A Dask worker can't import what it needs ({describe_cause(error)}). Install "
        "mrnet-features, its extras and the modules of your own families for all workers"
        f"{f'; {name_some(lacking)} lack mrnet-features' if lacking else ''}."
    ) from error
