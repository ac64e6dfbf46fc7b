"""The secret values of an environment with the way each is rotated, and what is in Terraform's state of them."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from layers.rotation import Rotation
from layers.services import ServicesStack, synthesize
from ops.errors import Obstacle, Refused, WrongUse
from ops.model.file import template_of
from ops.model.inventory import Inventory
from ops.model.state import resources_of
from ops.rotate.credential import obstacle, plain


@dataclass(frozen=True, kw_only=True)
class Secret:
    """One value of the list.

    Args:
        owner: ``generated`` or ``supplied``.
        reference: the Terraform expression for the value.
    """

    name: str
    owner: str
    reference: str
    rotation: Rotation

    @property
    def is_generated(self) -> bool:
        """Whether Terraform makes the value."""
        return self.owner == "generated"

    @property
    def address(self) -> str:
        """Of a generated value's resource."""
        return self.reference.removesuffix(".result")

    @property
    def variable(self) -> str:
        """The shell's variable that supplies it."""
        return f"TF_VAR_{self.reference.removeprefix('var.')}"


def secrets_of(environment: str) -> list[Secret]:
    """All of an environment, sorted by name."""
    with tempfile.TemporaryDirectory(prefix="sprocket-secrets-") as out:
        return declared_by(synthesize(environment, outdir=out))


def declared_by(stack: ServicesStack) -> list[Secret]:
    """All of a finished stack, sorted by name."""
    lists = (stack.secrets, *(instance.secrets for instance in stack.platform.instances.values()))
    rotations = {name: rotation for each in lists for name, rotation in each.rotations.items()}
    return [
        Secret(name=name, owner=value.owner, reference=value.reference, rotation=rotations[name])
        for name, value in sorted(stack.secret_values.items())
    ]


def chosen(
    secrets: Sequence[Secret], names: Sequence[str], environment: str, *, has_nodes: bool = False
) -> list[Secret]:
    """The secrets of these names; without names, all that can be rotated.

    Args:
        names: as the list has them, or those of their variables.
        has_nodes: whether the environment has nodes in the cloud, with keys of their own.

    Raises:
        WrongUse: nothing has such a name.
        Refused: one that was named cannot be rotated, or is a credential that this command does not change; says what does.
    """
    if not names:
        return [secret for secret in secrets if not secret.rotation.impossible]
    known = {secret.name: secret for secret in secrets}
    wanted = list(dict.fromkeys(map(plain, names)))
    others = {name: obstacle(name, environment, has_nodes=has_nodes) for name in wanted if name not in known}
    for name, other in others.items():
        if other is None:
            near = _near(name, known)
            raise WrongUse(
                f"{environment} has no secret {name!r}",
                fix=f"did you mean {' or '.join(near)}?" if near else f"use one of {', '.join(known)}",
            )
    found = [known[name] for name in wanted if name in known]
    _refuse_impossible(found, [each for each in others.values() if each], environment)
    return found


def _near(name: str, known: Iterable[str]) -> list[str]:
    """Names of which this is the end, such as those of several instances; or the one that is spelled most alike."""
    return [each for each in known if each.endswith(f"-{name}")] or get_close_matches(name, known, 1)


def _refuse_impossible(secrets: Iterable[Secret], others: Iterable[Obstacle], environment: str) -> None:
    found = [
        Obstacle(what=f"{each.name} cannot be rotated: {each.rotation.impossible}", fix=each.rotation.instead)
        for each in secrets
        if each.rotation.impossible
    ]
    found += others
    if found:
        raise Refused(f"nothing is rotated in {environment}; nothing was changed", found)


def values_of(
    secrets: Iterable[Secret], state: Mapping[str, Any], wanted: Inventory | None = None
) -> dict[str, str]:
    """Values that a state has, by name: of the generated ones. In memory only: never printed, never an argument.

    Args:
        wanted: the synthesized stack; with it also of those that are all there is in a file. What services read counts more than
            what was generated: an interrupted rotation leaves two.
    """
    known, resources = list(secrets), resources_of(state)
    results = {r["address"]: str(r["values"].get("result") or "") for r in resources}
    found = {each.name: results[each.address] for each in known if results.get(each.address)}
    if wanted is None:
        return found
    names = {f"${{{each.reference}}}": each.name for each in known}
    files = {each.address: names.get(template_of(each, wanted)) for each in wanted.of_type("docker_secret")}
    for resource in resources:
        name, data = files.get(resource["address"]), resource["values"].get("data")
        if name and data and not resource.get("deposed_key"):
            found[name] = base64.b64decode(data).decode()
    return found
