"""Stand-in for Telegraf 1.39.

Gathers from services and the host, writes to InfluxDB, answers health checks.
"""
