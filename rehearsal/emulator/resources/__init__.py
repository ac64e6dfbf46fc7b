"""One module per resource of the API: its checks, its routes, its actions."""
