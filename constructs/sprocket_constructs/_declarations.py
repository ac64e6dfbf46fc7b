"""What is declared inside one stack, before anything of it is rendered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from ._cdktf import Construct, Password, TerraformStack
from .errors import ConstructError

Declared = TypeVar("Declared", bound=Construct)


@dataclass(frozen=True)
class Kind(Generic[Declared]):
    """A kind of constructs that a stack keeps a list of; names are unique among those of one kind."""

    noun: str


_BY_CONSTRUCT: WeakKeyDictionary[Construct, Declarations] = WeakKeyDictionary()


class Declarations:
    """Services, files and secret values of one stack, in the order they were declared.

    They register themselves here, so that none of them has to know the stack, which knows them all. Once the stack
    is closed nothing more is accepted: it would never be rendered.
    """

    def __init__(self, stack: TerraformStack) -> None:
        self.closed = False
        self.locals: dict[str, str] = {}
        self._stack = stack
        self._by_kind: dict[Kind[Any], dict[str, Any]] = {}
        _BY_CONSTRUCT[stack] = self

    @staticmethod
    def around(construct: Construct, *, scope: Construct) -> Declarations:
        """Those of the stack that a construct is in, which is the one that its scope is in.

        Remembered with the scope: asking jsii for all ancestors of every construct is a tenth of a synthesis.
        """
        known = _BY_CONSTRUCT.get(scope)
        if known is not None:
            return _BY_CONSTRUCT.setdefault(construct, known)
        for ancestor in reversed(construct.node.scopes):
            if isinstance(ancestor, TerraformStack) and ancestor in _BY_CONSTRUCT:
                found = _BY_CONSTRUCT[scope] = _BY_CONSTRUCT[construct] = _BY_CONSTRUCT[ancestor]
                return found
        raise ConstructError(construct, "is not inside a SwarmStack", fix="give it a scope below one")

    def add(self, construct: Declared, *, kind: Kind[Declared], name: str) -> Declared | None:
        """Registers a construct, or returns the one that has this name already.

        Raises:
            ConstructError: the stack is closed.
        """
        if self.closed:
            raise ConstructError(
                construct,
                "is declared after its stack was finished and would never be rendered",
                fix="declare it before synth() or finish()",
            )
        first: Declared = self._by_kind.setdefault(kind, {}).setdefault(name, construct)
        return None if first is construct else first

    def of(self, kind: Kind[Declared]) -> Mapping[str, Declared]:
        """All of a kind by name, in the order they were declared."""
        return self._by_kind.get(kind, {})

    @cached_property
    def salt(self) -> str:
        """Terraform expression of the value that salts the hashes in the names of secrets."""
        salt = Password(self._stack, "salt", length=32, special=False)
        return f"random_password.{salt.friendly_unique_id}.result"

    def local(self, name: str, text: str) -> str:
        """Keeps a text as a Terraform local value and returns the expression for it."""
        self.locals[name] = text
        return f"local.{name}"
