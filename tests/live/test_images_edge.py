"""The socket proxy's image on this machine's engine, and certificates from the local ACME authority."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from images import ACME_CA_FILE, acme_ca
from images.builder.trial import Running, Trial
from images.builder.version import what_ran

pytestmark = pytest.mark.live(needs=["engine"])
TERM_SECONDS = 5.0


class TestSocketProxy:
    RULES = (
        "-loglevel=info", "-listenip=0.0.0.0", "-proxyport=2375", "-allowfrom=0.0.0.0/0",
        r"-allowGET=(/v1\.[0-9]{1,2})?/(_ping|version|services.*|containers/[^/]*/logs)",
        r"-allowHEAD=(/v1\.[0-9]{1,2})?/_ping", "-allowhealthcheck", "-watchdoginterval=60", "-stoponwatchdog",
    )  # fmt: skip
    SOCKET = Path("/var/run/docker.sock")

    @pytest.fixture(autouse=True)
    def _real(self, trial: Trial) -> None:
        if (ran := what_ran(trial.images["socket-proxy"])) == "stand-in":
            pytest.skip(f"rules are the real program's own, and here runs a {ran}")

    def start(self, trial: Trial, *rules: str) -> Running:
        mounted = (
            "--volume",
            f"{self.SOCKET}:{self.SOCKET}:ro",
            "--group-add",
            str(self.SOCKET.stat().st_gid),
        )
        return trial.run("socket-proxy", *rules, options=mounted)

    def client(self, trial: Trial) -> Running:
        counting = (
            "import time, itertools\nfor n in itertools.count():\n print(n, flush=True)\n time.sleep(0.2)"
        )
        return trial.run("redis", "-c", counting, alias="client", options=("--entrypoint", "python3"))

    def status(self, client: Running, path: str, *options: str) -> str:
        words = ("curl", "-sS", "-m", "5", *options, "-o", "/dev/null", "-w", "%{http_code}")
        return client.exec(*words, f"http://socket-proxy:2375{path}").output

    def test_lets_listed_requests_through_and_no_others(self, trial: Trial) -> None:
        proxy = self.start(trial, *self.RULES)
        proxy.wait("/healthcheck", seconds=10)
        client = self.client(trial)
        assert self.status(client, "/_ping", "--head") == "200"
        assert self.status(client, "/v1.41/version") == "200"
        assert self.status(client, "/v1.41/info") == "403"
        assert self.status(client, "/services/../info", "--path-as-is") != "200"
        assert self.status(client, "/x/version") == "403", "rules are anchored"
        assert self.status(client, f"/containers/{client.name}/kill", "-X", "POST") == "405"
        assert client.alive()
        proxy.leave(within=TERM_SECONDS)

    def test_follows_a_log_and_lets_go_when_the_client_does(self, trial: Trial) -> None:
        self.start(trial, *self.RULES).wait("/healthcheck", seconds=10)
        client = self.client(trial)
        url = f"http://socket-proxy:2375/containers/{client.name}/logs?follow=1&stdout=1"
        streamed = client.exec("curl", "-sSN", "-m", "2", "--output", "-", url)
        assert streamed.code == 28, "curl should be the one that ends the stream"
        assert streamed.output.count("\n") >= 5

    def test_only_allowed_clients_are_served(self, trial: Trial) -> None:
        rules = [rule for rule in self.RULES if not rule.startswith("-allowfrom")]
        self.start(trial, *rules, "-allowfrom=client").wait("/healthcheck", seconds=10)
        client = self.client(trial)
        other = trial.run("redis", "1000", alias="other", options=("--entrypoint", "sleep"))
        assert self.status(client, "/_ping", "--head") == "200"
        assert self.status(other, "/_ping", "--head") == "403"

    def test_ends_at_once_without_the_socket(self, trial: Trial) -> None:
        proxy = trial.run("socket-proxy", *self.RULES, "-socketpath=/nowhere.sock")
        assert "socket not available" in proxy.final_log()


class TestAcme:
    STATIC = """
entryPoints: {web: {address: ":80"}, websecure: {address: ":443"}}
ping: {}
providers: {file: {filename: /etc/traefik/routes.yml}}
certificatesResolvers:
  tls: {acme: {email: a@example.org, storage: /tmp/t.json, caServer: "https://pebble:14000/dir", tlsChallenge: {}}}
  http: {acme: {email: a@example.org, storage: /tmp/h.json, caServer: "https://pebble:14000/dir", httpChallenge: {entryPoint: web}}}
"""
    ROUTES = """
http:
  routers:
    t: {rule: "Host(`core.sprocket.localhost`)", entryPoints: [websecure], service: "ping@internal", tls: {certResolver: tls}}
    h: {rule: "Host(`web.sprocket.localhost`)", entryPoints: [websecure], service: "ping@internal", tls: {certResolver: http}}
"""
    ISSUER = "echo | openssl s_client -connect 127.0.0.1:443 -servername {} 2>/dev/null | openssl x509 -noout -issuer -ext subjectAltName"

    def test_traefik_gets_certificates_that_prove_the_names(self, trial: Trial) -> None:
        pebble = trial.run("pebble")
        pebble.wait("healthcheck", seconds=20)
        traefik = trial.run(
            "traefik", env={"LEGO_CA_CERTIFICATES": "/etc/acme-ca.pem"},
            files={
                "/etc/traefik/traefik.yml": trial.file("static.yml", self.STATIC),
                "/etc/traefik/routes.yml": trial.file("routes.yml", self.ROUTES),
                "/etc/acme-ca.pem": trial.file("ca.pem", acme_ca()),
            },
        )  # fmt: skip
        for host in ("core.sprocket.localhost", "web.sprocket.localhost"):
            check = self.ISSUER.format(host)
            traefik.wait("sh", "-c", f"{check} | grep -q Pebble", seconds=60)
            assert f"DNS:{host}" in traefik.expect("sh", "-c", check)
        pebble.leave(within=TERM_SECONDS)

    def test_a_name_that_leads_elsewhere_gets_no_certificate(self, trial: Trial) -> None:
        pebble = trial.run("pebble", env={"ACME_TARGET": "elsewhere"})
        pebble.wait("healthcheck", seconds=20)
        trial.run("redis", "-m", "http.server", "80", alias="elsewhere", options=("--entrypoint", "python3"))
        traefik = trial.run(
            "traefik", env={"LEGO_CA_CERTIFICATES": "/etc/acme-ca.pem"},
            files={
                "/etc/traefik/traefik.yml": trial.file("static.yml", self.STATIC),
                "/etc/traefik/routes.yml": trial.file("routes.yml", self.ROUTES),
                "/etc/acme-ca.pem": trial.file("ca.pem", acme_ca()),
            },
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while "unable to obtain" not in (log := traefik.log().lower()) and time.monotonic() < deadline:
            time.sleep(0.5)
        assert "unable to obtain" in log
        assert "TRAEFIK DEFAULT CERT" in traefik.expect(
            "sh", "-c", self.ISSUER.format("core.sprocket.localhost")
        )

    def test_the_file_for_environments_is_the_authority_of_the_locked_image(self, trial: Trial) -> None:
        assert ACME_CA_FILE.read_text().endswith(acme_ca())
        assert "PRIVATE KEY" not in ACME_CA_FILE.read_text()
