"""Command `families`: the feature families and their statistics."""

from __future__ import annotations

from typing import Annotated

import typer

from mrnet_features.cli.app import app
from mrnet_features.cli.options import Json


@app.command()
def families(
    name: Annotated[
        str | None, typer.Argument(help="List the statistics of this family.", show_default=False)
    ] = None,
    cost: Annotated[
        bool, typer.Option("--cost", help="Also time each family on this machine.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the feature families, or the statistics of one.

    Statistics are listed with formula, unit and range.
    """
    from mrnet_features.cli.format import print_json
    from mrnet_features.diagnostics.family_catalogue import list_families, list_statistics
    from mrnet_features.workflows.plain import to_plain

    try:
        table = list_statistics(name) if name else list_families(cost=cost)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="'NAME'") from error
    if as_json:
        print_json(to_plain(table, "index"))
    else:
        print(table.to_string(justify="left"))
