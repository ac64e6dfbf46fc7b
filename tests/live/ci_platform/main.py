"""A stack that needs no swarm, in place of main.py in a copy of what the jobs of CI run: TRY_INPUT changes it."""

import json
import os
from pathlib import Path

STACK = "local-services"
here = Path(__file__).resolve().parent
document = {
    "//": {"metadata": {"backend": "local", "stackName": STACK, "version": "0.21.0"}},
    "terraform": {
        "backend": {"local": {"path": str(here / "state.tfstate")}},
        "required_providers": {"random": {"source": "hashicorp/random", "version": ">= 3.6.0, < 4.0.0"}},
    },
    "variable": {"token": {"type": "string", "sensitive": True}},
    "resource": {
        "random_password": {"password": {"length": 20}},
        "terraform_data": {
            "data": {"input": f"{os.environ.get('TRY_INPUT', 'first')} ${{nonsensitive(sha256(var.token))}}"}
        },
    },
}
folder = here / "cdktf.out" / "stacks" / STACK
folder.mkdir(parents=True, exist_ok=True)
(folder / "cdk.tf.json").write_text(json.dumps(document))
entry = {
    "annotations": [],
    "constructPath": STACK,
    "dependencies": [],
    "name": STACK,
    "stackMetadataPath": f"stacks/{STACK}/metadata.json",
    "synthesizedStackPath": f"stacks/{STACK}/cdk.tf.json",
    "workingDirectory": f"stacks/{STACK}",
}
(here / "cdktf.out" / "manifest.json").write_text(json.dumps({"stacks": {STACK: entry}, "version": "0.21.0"}))
