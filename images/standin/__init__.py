"""One program for every image that neither a program found on the machine nor a package registry gives.

It is told by a description (descriptions/<image>.yaml) which files must be there, where it listens, and what it depends on,
and proves exactly that: files, users, ports, networks, credentials and health checks meet. It does not read a program's
configuration as the program would, and says nothing about what the program does with it. Its first log line says so.
"""
