"""What runs in the box's "internet" container. Standard library and dnslib only: the image has nothing else.

Its state is a folder of JSON files that the box writes; each is read again when it changes.
"""
