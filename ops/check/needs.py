"""What a deploy still needs beside a platform that fits together: values in the shell, and recipes for images."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sprocket_constructs.secret_value import SUPPLIED_CHARSET

from images import ImagesError
from images.builder.paths import RECIPES, programs_dir
from images.builder.recipe import read_all
from layers.images import missing_recipes
from layers.services import ServicesStack
from ops.check.finding import Finding, Stack, of_problem
from ops.terraform.missing_values import MissingValue, missing_values

Documents = Mapping[Stack, Mapping[str, Any]]
"""Terraform's JSON of an environment's stacks; one on this machine has services only."""


def values_needed(
    environment: str, documents: Documents, variables: Mapping[str, str] = os.environ
) -> Iterator[Finding]:
    """Credentials and supplied secrets that a deploy needs and the shell does not have, each once.

    Terraform variables that the cloud stack has an output for come from there.
    """
    known = set(documents.get("cloud", {}).get("output", {}))
    by_stack = {
        stack: missing_values([document], deploys=environment, known=known, environment=variables)
        for stack, document in documents.items()
    }
    stacks: dict[MissingValue, list[Stack]] = {}
    for stack, values in by_stack.items():
        for value in values:
            stacks.setdefault(value, []).append(stack)
    for value, needing in stacks.items():
        yield Finding(
            path=value.variable,
            what="is not set",
            cause=value.meaning,
            fix=value.fix,
            severity="deploy",
            rule="values_are_there",
            stack=needing[0] if len(needing) == 1 else "",
        )


def values_refused(documents: Documents, variables: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Supplied secrets of the services with characters that Terraform refuses. Their values are not shown."""
    for name in sorted(documents.get("services", {}).get("variable", {})):
        value = variables.get(f"TF_VAR_{name}", "")
        if value and not re.match(SUPPLIED_CHARSET, value):
            yield Finding(
                path=f"TF_VAR_{name}",
                what="has a value with characters that are not allowed",
                cause="it is put into files and URLs unescaped; allowed are letters, digits and . _ ~ + / = : @ -",
                fix="remove any line break or quotes around it, or create a new value",
                severity="deploy",
                rule="values_can_be_used",
            )


def images_without_recipe(stack: ServicesStack) -> Iterator[Finding]:
    """Images that an environment builds from packages, and nothing says how.

    Synthesis refuses them once there is a lock of built images; until then a plan is possible without one.
    """
    settings = stack.site.settings
    if settings.images.source != "packages":
        return
    try:
        recipes = read_all(RECIPES, programs_dir())
    except ImagesError as error:
        yield Finding(
            path=f"{settings.name}.yaml: images/source",
            what="images cannot be built from packages",
            cause=str(error),
            fix="fix the recipe or file that the error names",
            rule="images_have_a_recipe",
        )
        return
    for problem in missing_recipes(settings, stack.site.asked_images, recipes):
        yield of_problem(problem, rule="images_have_a_recipe", stack="services")
