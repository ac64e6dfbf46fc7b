"""The commands: typer declarations only; what they do is in the other rooms."""
