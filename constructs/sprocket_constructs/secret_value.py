"""Secret values, each with one owner."""

import re
from abc import abstractmethod
from collections.abc import Mapping
from functools import cached_property

from ._cdktf import Construct, Password, TerraformVariable, TerraformVariableValidationConfig
from ._declarations import Declarations, Kind
from ._template import escaped
from .errors import ConstructError

_PLACEHOLDER = re.compile(r"@@secret:([a-z0-9-]+)@@")
_TEMPLATE_PLACEHOLDER = re.compile(r"(\$*)" + _PLACEHOLDER.pattern)

SUPPLIED_CHARSET = r"^[A-Za-z0-9._~+/=:@-]+$"
"""What a supplied value may consist of: it is put into URLs, JSON and YAML without escaping."""


class SecretValue(Construct):
    """A value known to Terraform alone.

    In Python it is only a placeholder: ``f"requirepass {password}"`` gives text that carries the placeholder,
    and only :class:`SwarmSecret` turns it into a reference. So a value can neither be printed nor put by
    mistake into an environment variable, an argument or a label: the placeholder is found there and refused.
    """

    def __init__(self, scope: Construct, id_: str, *, name: str) -> None:
        super().__init__(scope, id_)
        if not re.fullmatch(r"[a-z0-9-]+", name):
            raise ConstructError(
                self,
                f"secret value name {name!r} is not allowed",
                fix="use lower case letters, digits and dashes",
            )
        self.name = name
        first = Declarations.around(self, scope=scope).add(self, kind=SECRET_VALUES, name=name)
        if first is not None:
            raise ConstructError(
                self,
                f"secret value {name} is declared by {first.node.path} too",
                fix="pass the first one instead of declaring a second",
            )

    @property
    @abstractmethod
    def reference(self) -> str:
        """The Terraform expression for the value, without ``${}``."""

    @property
    @abstractmethod
    def owner(self) -> str:
        """``generated`` or ``supplied``."""

    def __str__(self) -> str:
        return f"@@secret:{self.name}@@"

    def __repr__(self) -> str:
        return f"<{self.owner} secret {self.name}>"


SECRET_VALUES = Kind[SecretValue]("secret value")


class GeneratedSecret(SecretValue):
    """A random value that Terraform makes once and keeps in state.

    Letters and digits only, because it goes into URLs (amqp://user:value@host) that nobody escapes.
    Synthesizing twice never makes a new one; taking a new one is a change of ``revision``, which is one line
    in the plan.

    Args:
        length: characters; 32 of 62 symbols are 190 bits.
        revision: any other text makes a new value.
    """

    def __init__(
        self, scope: Construct, id_: str, *, name: str, length: int = 32, revision: str = "1"
    ) -> None:
        super().__init__(scope, id_, name=name)
        self.resource = Password(
            self, "Resource", length=length, special=False, keepers={"revision": revision}
        )

    @cached_property
    def reference(self) -> str:
        return f"random_password.{self.resource.friendly_unique_id}.result"

    @property
    def owner(self) -> str:
        return "generated"


class SuppliedSecret(SecretValue):
    """A value that a person or another system chose, given as a sensitive Terraform variable.

    ``doppler run --name-transformer tf-var`` or any ``TF_VAR_<variable>`` supplies it. The value's charset is
    checked by Terraform, since it is put into files unescaped.

    Args:
        description: what it is and where one gets it; shown when it is missing.
    """

    def __init__(self, scope: Construct, id_: str, *, name: str, description: str) -> None:
        super().__init__(scope, id_, name=name)
        self.variable = name.replace("-", "_")
        self.description = description
        variable = TerraformVariable(
            self,
            "Resource",
            type="string",
            sensitive=True,
            nullable=False,
            description=description,
            validation=[
                TerraformVariableValidationConfig(
                    condition=f'${{can(regex("{SUPPLIED_CHARSET}", var.{self.variable}))}}',
                    error_message=f"{self.variable} may have letters, digits and . _ ~ + / = : @ - only, "
                    "because it is put into files and URLs unescaped.",
                )
            ],
        )
        variable.override_logical_id(self.variable)

    @property
    def reference(self) -> str:
        return f"var.{self.variable}"

    @property
    def owner(self) -> str:
        return "supplied"


def secret_names_in(text: str) -> list[str]:
    """Names of the secret values whose placeholders are in a text, in order of appearance, each once."""
    return list(dict.fromkeys(_PLACEHOLDER.findall(text)))


def as_template(text: str, values: Mapping[str, SecretValue]) -> str:
    """The text as a Terraform template: placeholders become references, everything else stays literal."""
    return _TEMPLATE_PLACEHOLDER.sub(lambda match: _reference(match, values), escaped(text))


def _reference(match: re.Match[str], values: Mapping[str, SecretValue]) -> str:
    """Dollar signs right before it go into an expression of their own: ``$${`` would be a literal ``${``."""
    dollars = f'${{"{match[1]}"}}' if match[1] else ""
    return dollars + "${" + values[match[2]].reference + "}"
