"""A proxy that lets listed requests, and no others, through to Docker's socket."""
