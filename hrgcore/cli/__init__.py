"""The command lines: `hrgcore` with its subcommands, and `hrggrouper`, which stands in for the official command."""
