"""What every stand-in shares: its announcement, its refusals, a small HTTP server and client, YAML reading.

A stand-in takes the place of an image that no package registry offers. It keeps the contract that the rest of
the platform relies on (user, ports, files, variables, health check, refusals) and says in its first log line
that it is a stand-in.
"""
