"""What the policy tests read from an environment: the same as the check does."""

from __future__ import annotations

from layers.services import ServicesStack
from ops.check.platform import Platform
from ops.model.service import Service
from tests.stacks.synthesis import Synthesized, synthesized


def platform(environment: str) -> Platform:
    """An environment as the check looks at it."""
    found = synthesized(environment)
    return Platform.of(found.stack, found.document)


def services(environment: str) -> list[Service]:
    """All services of an environment."""
    return platform(environment).services


def short_name(name: str, found: Synthesized[ServicesStack]) -> str:
    """A service's name without its instance."""
    for instance in found.stack.platform.instances.values():
        prefix = instance.identity.service_prefix
        if prefix and name.startswith(prefix):
            return name.removeprefix(prefix)
    return name
