"""Stores whose files are copied: to the bucket and back, as the users and from the volumes of the real services."""

from __future__ import annotations

import json

import pytest

from images.builder.trial import Trial
from tests.live.backups import Bench

pytestmark = pytest.mark.live(needs=["engine"])

TRAEFIK = """
entryPoints: {websecure: {address: ":443"}}
ping: {entryPoint: websecure}
providers: {file: {filename: /etc/traefik/routes.yml}}
certificatesResolvers:
  acme: {acme: {email: a@example.org, storage: /letsencrypt/acme.json, caServer: "https://127.0.0.1:1/dir", tlsChallenge: {}}}
"""
ROUTES = """
http:
  routers: {page: {rule: Host(`marker.example`), service: noop@internal, tls: {certResolver: acme}}}
"""
ISSUE = """
cd /tmp
openssl req -new -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 -keyout key.pem -out cert.pem \
    -subj /CN=marker.example -addext subjectAltName=DNS:marker.example 2> /dev/null
base64 -w 0 cert.pem; echo; base64 -w 0 key.pem; echo
openssl x509 -in cert.pem -noout -fingerprint -sha256
"""
SERVED = "echo | openssl s_client -connect 127.0.0.1:443 -servername marker.example 2> /dev/null | openssl x509 -noout -fingerprint -sha256"


def test_traefik_serves_a_certificate_that_came_back(trial: Trial) -> None:
    bench = Bench(trial, "letsencrypt")
    job = bench.start_job()
    toolbox = trial.run("traefik", "600", options=("--entrypoint", "sleep"))
    certificate, key, fingerprint = toolbox.expect("sh", "-c", ISSUE).splitlines()
    entry = {"domain": {"main": "marker.example"}, "certificate": certificate, "key": key, "Store": "default"}
    account = {"Email": "a@example.org", "Registration": None, "PrivateKey": None, "KeyType": ""}
    text = json.dumps({"acme": {"Account": account, "Certificates": [entry]}}, indent=2)
    job.expect("sh", "-c", "umask 077; cat > /letsencrypt/acme.json", stdin=text)
    manifest = bench.copy_and_fetch()
    assert "certificate:marker.example 1 " in manifest
    assert bench.expect("verify") == manifest
    job.expect("sh", "-c", "rm /letsencrypt/*")
    bench.expect("load")
    assert job.expect("stat", "-c", "%a %u", "/letsencrypt/acme.json").strip() == "600 0"

    volumes = {"/letsencrypt": bench.services.volumes("traefik")["/letsencrypt"]}
    files = {
        "/etc/traefik/traefik.yml": trial.file("t.yml", TRAEFIK),
        "/etc/traefik/routes.yml": trial.file("r.yml", ROUTES),
    }
    traefik = trial.run("traefik", "--configFile=/etc/traefik/traefik.yml", files=files, volumes=volumes)
    traefik.wait("sh", "-c", f"{SERVED} | grep -q '{fingerprint}'")
    print(bench.in_words())


WRITE = "import sqlite3; d = sqlite3.connect('/var/lib/grafana/grafana.db'); d.execute('PRAGMA journal_mode = WAL'); "
MARK = "d.execute('CREATE TABLE marker AS SELECT 7 AS v'); d.commit(); import os; os.kill(os.getpid(), 9)"
READ = "print(d.execute('SELECT v FROM marker').fetchone()[0])"


def test_grafanas_database_comes_back(trial: Trial) -> None:
    """SQLite's database with its log, by Python in the image that stands in for Grafana's; a Grafana has not read it."""
    bench = Bench(trial, "grafana")
    job = bench.start_job()
    if job.exec("python3", "-c", "import sqlite3").code != 0:
        pytest.skip("the image of Grafana here has no Python, which writes the database of this test")
    job.exec("python3", "-c", WRITE + MARK)
    assert "grafana.db-wal" in job.expect("ls", "/var/lib/grafana"), "as a running server leaves it"
    manifest = bench.copy_and_fetch()
    assert bench.expect("verify") == manifest
    job.expect("sh", "-c", "rm /var/lib/grafana/grafana.db*")
    bench.expect("load")
    assert job.expect("python3", "-c", WRITE + READ).strip() == "7"
    print(bench.in_words())
