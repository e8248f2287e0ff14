"""``senter version``."""

from importlib import metadata

import click


@click.command()
def version() -> None:
    """Show Senter's version."""
    click.echo(f"senter {metadata.version('senter')}")
