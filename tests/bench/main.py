"""Declares a stack of the benchmarks as the environment local. It stands in a copy of the repository, in place of main.py there.

``bench.json`` beside it says which: ``services`` is the number of services of ``many.py``, none of which has a task; without it, it is that of
``tiers.py``. ``image`` and ``engine`` are the machine's.
"""

import json
from pathlib import Path

from sprocket_constructs import Image, LocalBackend, Scale, SwarmApp, SwarmStack

from tests.bench import many, tiers

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Synthesizes local-services."""
    settings = json.loads((HERE / "bench.json").read_text())
    app = SwarmApp()
    stack = SwarmStack(app, "local-services", docker_host=settings["engine"])
    LocalBackend(stack, path=str(HERE / ".sprocket" / "state" / "local-services.tfstate"))
    image = Image(**settings["image"])
    if settings["services"] is None:
        tiers.Tiers(stack, image=image, version=settings["version"])
    else:
        many.build(stack, settings["services"], image=image, scale=Scale(replicas=0))
    app.synth()


main()
