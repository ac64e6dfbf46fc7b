"""Configurations with which the stand-ins' images are tried."""

from __future__ import annotations

LOKI = """
auth_enabled: false
common: {path_prefix: /loki}
schema_config: {configs: [{from: "2024-01-01", store: tsdb, object_store: filesystem, schema: v13}]}
compactor: {working_directory: /loki/compactor, retention_enabled: true, delete_request_store: filesystem}
limits_config: {retention_period: 336h}
"""

ALLOY = r"""
discovery.docker "all" {
  host             = "unix:///var/run/docker.sock"
  refresh_interval = "1s"
}
discovery.relabel "names" {
  targets = discovery.docker.all.targets
  rule {
    source_labels = ["__meta_docker_container_name"]
    regex         = "/(NETWORK-.*)"
    target_label  = "service"
  }
  rule {
    source_labels = ["service"]
    regex         = "NETWORK-.*"
    action        = "keep"
  }
}
loki.source.docker "all" {
  host       = "unix:///var/run/docker.sock"
  targets    = discovery.relabel.names.output
  forward_to = [loki.process.redact.receiver]
}
loki.process "redact" {
  forward_to = [loki.write.loki.receiver]
  stage.replace {
    expression = `://([^/@\s:]+:[^/@\s]+)@`
    replace    = "***"
  }
}
loki.write "loki" {
  endpoint {
    url = "http://loki:3100/loki/api/v1/push"
  }
}
"""

TELEGRAF = """
[agent]
  interval = "1s"
  flush_interval = "1s"
  omit_hostname = true
[[secretstores.docker]]
  id = "s"
[[outputs.influxdb]]
  urls = ["http://influxdb:8086"]
  database = "metrics"
  username = "telegraf"
  password = "@{s:telegraf}"
  skip_database_creation = true
[[outputs.health]]
  service_address = "http://:8080"
[[inputs.mem]]
[[inputs.redis]]
  servers = ["tcp://nowhere:6379"]
"""

GRAFANA = """
datasources:
  - {name: Metrics, uid: metrics, type: influxdb, url: "http://influxdb:8086", user: grafana,
     jsonData: {dbName: metrics}, secureJsonData: {password: "$__file{/run/secrets/grafana}"}}
  - {name: Logs, uid: logs, type: loki, url: "http://loki:3100"}
"""

FORWARD_AUTH = r"""
secret: trial-only-secret-of-32-characters
auth-host: [auth.example.org]
cookie-domains: [example.org]
info-fields: [roles, user.id]
provider: generic-oauth
providers:
  generic-oauth:
    auth-url: http://fake-discord:8080/oauth2/authorize
    token-url: http://fake-discord:8080/api/oauth2/token
    user-url: http://fake-discord:8080/api/v10/users/@me/guilds/1/member
    client-id: "77"
    client-secret: trial-only
    scopes: [identify, guilds.members.read]
rules:
  default: {action: auth, route-rule: "", priority: -10000, auth-rule: 'Regexp(`roles`, `\b(7)\b`)'}
headers:
  default: {name: X-Forwarded-User, source: user.id}
"""

DISCORD = """
clients: [{id: "77", secret: trial-only, redirect_uris: ["https://auth.example.org/_oauth"]}]
guild: "1"
users: [{id: "10", username: admin, roles: ["7"]}, {id: "11", username: stranger, roles: null}]
"""
