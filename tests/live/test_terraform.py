"""What the real Terraform says to synthesized stacks, without an engine."""

import json
from pathlib import Path

import pytest
from sprocket_constructs import SuppliedSecret, SwarmStack
from sprocket_constructs._template import escaped
from sprocket_constructs.secret_value import as_template

from tests.live.workspace import Workspace
from tests.synthesis import furnished, written

PROVIDERS = ["terraform", "docker provider", "random provider"]

TEXTS = [
    "plain $HOME 100% {x} \\n \\ \"quoted\" 'single' ünïcode\n",
    "${HOME} $${HOME} $$${HOME}",
    "%{if} %%{if} %%%{if}",
    "$%{a} %${a} ${%{a}}",
    "p=PW;PW",
    "${PW} ${ PW } %{PW}",
    "$PW $$PW $$$PW",
    "%PW %%PW $%PW %$PW",
    '${jsonencode(1)} ${"x"}',
]
"""With PW where the value goes: what must come out as it went in."""


@pytest.mark.live(needs=PROVIDERS)
def test_a_stack_with_one_of_everything_is_valid(stack: SwarmStack) -> None:
    workspace = Workspace(written(furnished(stack)))
    workspace.init()
    workspace.validate()


@pytest.mark.live(needs=PROVIDERS)
def test_the_same_switched_off_is_valid(stack: SwarmStack) -> None:
    furnished(stack).switch_off()
    workspace = Workspace(written(stack))
    workspace.init()
    workspace.validate()


@pytest.mark.live(needs=["terraform"])
def test_text_comes_out_as_it_went_in(stack: SwarmStack, tmp_path: Path) -> None:
    value = SuppliedSecret(stack, "pw", name="pw", description="")
    rendered = [as_template(text.replace("PW", str(value)), {"pw": value}) for text in TEXTS]
    literal = [escaped(text) for text in TEXTS]
    document = {
        "variable": {"pw": {"type": "string"}},
        "output": {"rendered": {"value": rendered}, "literal": {"value": literal}},
    }
    (tmp_path / "main.tf.json").write_text(json.dumps(document))
    workspace = Workspace(tmp_path, variables={"pw": "s3cret"})
    workspace.init()
    workspace.apply()
    outputs = workspace.outputs()
    assert outputs["rendered"] == [text.replace("PW", "s3cret") for text in TEXTS]
    assert outputs["literal"] == TEXTS
