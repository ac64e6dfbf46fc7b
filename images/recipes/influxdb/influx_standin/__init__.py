"""Stand-in for InfluxDB 2.9.

The calls this platform makes, with the same answers, permissions and refusals.
"""
