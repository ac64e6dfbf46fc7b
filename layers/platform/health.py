"""How the application's services prove that they are well.

Start-up takes tens of seconds, and an answer may take some under load: a check of 5 s once rebooted core in a loop. A
task counts as deployed only after its first success, so checks come often and patience is in the retries.
"""

from sprocket_constructs import HealthCheck


def answers_healthz(port: int, *, within: int = 10) -> HealthCheck:
    """GET /healthz on loopback by busybox wget, which gives up a second before the engine does."""
    line = f"wget -q -T {within - 1} -O /dev/null http://127.0.0.1:{port}/healthz"
    return _patient(HealthCheck.shell(line), within=within)


def accepts_connections(port: int) -> HealthCheck:
    """A TCP connection: for pages whose ``/`` needs the API, so that one outage does not become two."""
    script = (
        f"require('net').connect({port},'127.0.0.1')"
        ".on('connect',()=>process.exit(0)).on('error',()=>process.exit(1))"
    )
    return _patient(HealthCheck.command("node", "-e", script), within=10)


def stays_connected_to(port: int) -> HealthCheck:
    """An established connection to a server's port: for services that listen nowhere.

    Looking for the process would prove nothing, since the task ends with it.
    """
    line = f"netstat -tn 2>/dev/null | grep ':{port} ' | grep -q ESTABLISHED"
    return _patient(HealthCheck.shell(line), within=10)


def _patient(check: HealthCheck, *, within: int) -> HealthCheck:
    """A minute of misses in a row, after the first 90 s, is a failure."""
    return check.every("10s", timeout=f"{within}s", retries=6, start_period="90s")
