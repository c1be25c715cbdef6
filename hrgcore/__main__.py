"""`python -m hrgcore`: the same as the command `hrgcore`."""

from hrgcore.cli.main import command

command()
