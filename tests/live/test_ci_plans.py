"""A plan on its way from the job that makes it to the job that applies it: the real cdktf, the real Terraform, no swarm."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ops.paths import ROOT

pytestmark = pytest.mark.live(needs=["terraform", "random provider"])

STACK = "local-services"
PASSPHRASE = "a passphrase of more than thirty-two characters"
TOKEN = "token-of-the-plan"
RUN = """import os, sys
assert sys.argv[1:3] == ["run", "--env"] and "--applies" in sys.argv, sys.argv
words = sys.argv[sys.argv.index("--") + 1 :]
os.execvp(words[0], words)
"""


class Job:
    """What a runner has: the scripts, cdktf, and a folder of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.stack = root / "cdktf.out" / "stacks" / STACK

    def run(self, *words: str, expect: int = 0, **environment: str) -> str:
        done = subprocess.run(
            words,
            cwd=self.root,
            env={
                **os.environ,
                "CI": "true",
                "CHECKPOINT_DISABLE": "1",
                "CDKTF_DISABLE_LOGGING": "true",
                "CDKTF_SKIP_PROVIDER_LOCK": "true",
                "PLAN_PASSPHRASE": PASSPHRASE,
                "TF_VAR_token": TOKEN,
                **environment,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        output = done.stdout + done.stderr
        assert done.returncode == expect, output
        assert TOKEN not in output, output
        assert PASSPHRASE not in output, output
        return output

    def plan(self, input_: str) -> None:
        """As `cdktf plan` leaves it."""
        self.run(sys.executable, "main.py", TRY_INPUT=input_)
        terraform = os.environ.get("TERRAFORM_BINARY_NAME", "terraform")
        for words in (("init", "-input=false"), ("plan", "-input=false", "-out=plan")):
            self.run(terraform, f"-chdir={self.stack}", *words)

    def seal(self) -> tuple[Path, str]:
        file = self.root / "sealed.plan"
        checksum = self.run("ops/ci/sealed_plan.sh", "seal", str(file)).strip()
        return file, checksum

    def applied(self) -> str:
        """What the state says was applied."""
        state = json.loads((self.root / "state.tfstate").read_text())
        (data,) = (each for each in state["resources"] if each["type"] == "terraform_data")
        return str(data["instances"][0]["attributes"]["input"]["value"]).partition(" ")[0]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    for program in ("npx", "gpg"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    if not (ROOT / "node_modules" / "cdktf-cli").is_dir():
        pytest.skip("cdktf-cli is not installed (make setup)")
    shutil.copytree(ROOT / "ops" / "ci", tmp_path / "ops" / "ci")
    # `ops run --applies` needs a swarm, and is tried with one in test_ci_deploy.py. Here it is the command that it runs.
    (tmp_path / "ops" / "__main__.py").write_text(RUN)
    shutil.copy(ROOT / "tests" / "live" / "ci_platform" / "main.py", tmp_path)
    shutil.copy(ROOT / "cdktf.json", tmp_path)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    return Job(tmp_path)


def test_the_plan_that_was_sealed_is_applied_and_a_stale_one_is_refused(job: Job) -> None:
    job.plan("approved")
    sealed, checksum = job.seal()
    assert TOKEN.encode() not in sealed.read_bytes()
    # Somebody plans something else meanwhile, as another push to main does; and a secret gets another value.
    job.plan("other")
    job.run("ops/ci/sealed_plan.sh", "open", str(sealed), checksum)
    done = job.run("ops/ci/apply.sh", "local", CONFIRM="local", TF_VAR_token="value-of-today")
    assert job.applied() == "approved"
    assert "value-of-today" not in done
    assert not (job.stack / "plan").exists(), "it holds secrets, and is used up"

    # The state has changed since the plan was made.
    job.run("ops/ci/sealed_plan.sh", "open", str(sealed), checksum)
    before = (job.root / "state.tfstate").read_bytes()
    assert "Saved plan is stale" in job.run("ops/ci/apply.sh", "local", expect=1, CONFIRM="local")
    assert (job.root / "state.tfstate").read_bytes() == before


def test_another_plan_than_the_approved_one_is_not_opened(job: Job) -> None:
    job.plan("approved")
    _, approved = job.seal()
    job.plan("swapped")
    sealed, swapped = job.seal()
    shutil.rmtree(job.root / "cdktf.out")
    words = ("ops/ci/sealed_plan.sh", "open", str(sealed))
    assert "not the plan that was approved" in job.run(*words, approved, expect=1)
    wrong = {"PLAN_PASSPHRASE": PASSPHRASE[::-1]}
    assert "cannot be decrypted" in job.run(*words, swapped, expect=1, **wrong)
    for short in ("", "short"):
        assert "fewer than 32" in job.run(*words, swapped, expect=1, PLAN_PASSPHRASE=short)
    assert not (job.root / "cdktf.out").exists()


def test_nothing_is_applied_without_the_environments_name_or_a_plan_of_it(job: Job) -> None:
    job.plan("approved")
    for environment, confirm, reason in (
        ("local", "", "confirm with CONFIRM=local"),
        ("local", "prod", "confirm with CONFIRM=local"),
        ("prod", "prod", "the saved plans are of local-services, not of prod"),
    ):
        assert reason in job.run("ops/ci/apply.sh", environment, expect=1, CONFIRM=confirm)
    (job.stack / "plan").unlink()
    assert "no saved plan of local-services" in job.run("ops/ci/apply.sh", "local", expect=1, CONFIRM="local")
    assert not (job.root / "state.tfstate").exists()


@pytest.mark.parametrize("words", [("-destroy",), ("-var=token=x",), ("-replace=terraform_data.data",)])
def test_terraform_is_given_nothing_that_the_plan_does_not_have(job: Job, words: tuple[str, ...]) -> None:
    job.plan("approved")
    shim = str(job.root / "ops" / "ci" / "approved_terraform.sh")
    output = job.run("sh", "-c", f'cd "{job.stack}" && exec "$@"', "sh", shim, "apply", *words, expect=1, APPROVED_TERRAFORM="terraform")  # fmt: skip
    assert "is not part of the approved plan" in output
