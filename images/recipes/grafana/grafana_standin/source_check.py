"""Asking a data source whether it works, as the button in the real program does."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlencode

from standin.http_client import Answer, Unreachable, fetch

from grafana_standin.provisioning import DataSource


def check(source: DataSource) -> tuple[bool, str]:
    """(works, message). Types: influxdb (Flux or InfluxQL) and loki."""
    checks = {"influxdb": _influx, "loki": _loki, "prometheus": _prometheus}
    if source.type not in checks:
        return False, f"{source.type}: this stand-in can check influxdb, loki and prometheus"
    try:
        return checks[source.type](source)
    except Unreachable as error:
        return False, str(error)


def _influx(source: DataSource) -> tuple[bool, str]:
    if str(source.json.get("version", "InfluxQL")) == "Flux":
        return _flux(source)
    return _influxql(source)


def _flux(source: DataSource) -> tuple[bool, str]:
    organization = str(source.json.get("organization") or "")
    url = f"{source.url.rstrip('/')}/api/v2/query?{urlencode({'org': organization})}"
    headers = {"Authorization": f"Token {source.secure.get('token', '')}", "Content-Type": "application/json"}
    answer = fetch(
        "POST", url, headers=headers, body=json.dumps({"query": "buckets()", "type": "flux"}).encode()
    )
    if answer.status != 200:
        return False, _refused(answer)
    rows = [line for line in answer.body.decode().splitlines() if line.strip(",")][1:]
    if not rows:
        return False, "error reading buckets: the token may read none"
    return True, f"datasource is working. {len(rows)} buckets found"


def _influxql(source: DataSource) -> tuple[bool, str]:
    asked = urlencode({"db": str(source.json.get("dbName") or ""), "q": "SHOW MEASUREMENTS"})
    url = f"{source.url.rstrip('/')}/query"
    pair = base64.b64encode(f"{source.user}:{source.secure.get('password', '')}".encode()).decode()
    headers = {"Authorization": f"Basic {pair}"} if source.user else _header_from_json(source)
    if source.json.get("httpMode") == "POST":
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        answer = fetch("POST", url, headers=headers, body=asked.encode())
    else:
        answer = fetch("GET", f"{url}?{asked}", headers=headers)
    if answer.status != 200:
        return False, _refused(answer)
    result = json.loads(answer.body)["results"][0]
    if "error" in result:
        return False, str(result["error"])
    count = sum(len(series["values"]) for series in result.get("series", []))
    return True, f"datasource is working. {count} measurements found"


def _header_from_json(source: DataSource) -> dict[str, str]:
    """The custom header `httpHeaderName1` with `secureJsonData.httpHeaderValue1`."""
    name = str(source.json.get("httpHeaderName1") or "")
    return {name: source.secure.get("httpHeaderValue1", "")} if name else {}


def _loki(source: DataSource) -> tuple[bool, str]:
    answer = fetch("GET", f"{source.url.rstrip('/')}/ready")
    works = answer.status == 200
    return works, "Data source successfully connected." if works else _refused(answer)


def _prometheus(source: DataSource) -> tuple[bool, str]:
    answer = fetch("GET", f"{source.url.rstrip('/')}/api/v1/query?query=1%2B1")
    works = answer.status == 200
    return works, "Successfully queried the Prometheus API." if works else _refused(answer)


def _refused(answer: Answer) -> str:
    return f"answered {answer.status}: {answer.text()}"
