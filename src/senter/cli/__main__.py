"""``senter``: the command line. Every command is a few calls; nothing is done in this process."""

import click

from senter.cli.commands.ask import ask_model
from senter.cli.commands.control import restart, start, stop
from senter.cli.commands.digest import digest
from senter.cli.commands.feedback import feedback
from senter.cli.commands.goals import goals
from senter.cli.commands.logs import logs
from senter.cli.commands.models import models
from senter.cli.commands.profile import profile
from senter.cli.commands.progress import progress
from senter.cli.commands.setup import setup
from senter.cli.commands.status import status
from senter.cli.commands.version import version
from senter.cli.outcome import write_in_any_encoding


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def main(context: click.Context) -> None:
    """Senter, a personal assistant that works while you are away."""
    write_in_any_encoding()
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for command in (
    *(ask_model, feedback, goals, profile, models, setup),
    *(status, start, stop, restart, logs, progress, digest, version),
):
    main.add_command(command)


if __name__ == "__main__":
    main(prog_name="senter")
