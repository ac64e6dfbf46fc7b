"""What keeps data on a node."""

STORES = {
    "redis": "999:999",
    "rabbitmq": "100:101",
    "postgres": "70:70",
    "minio": "0:0",
    "influxdb": "1000:1000",
    "grafana": "472:0",
    "loki": "10001:10001",
}
"""Each store, and who (uid:gid of the image) owns its directory on the node.

The programs of Grafana and Loki run as that user from the start and cannot take a directory over: whoever makes the directory
gives it to them. The others do it by themselves.
"""
