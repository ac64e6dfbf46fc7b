"""What synthesized JSON, plans and states say, read once for all other rooms."""
