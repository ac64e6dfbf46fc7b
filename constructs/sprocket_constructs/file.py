"""Files that a service reads: configs, which anyone may see, and secrets."""

import base64
import hashlib
from abc import abstractmethod
from collections.abc import Callable
from functools import cached_property

from ._cdktf import Config, Construct, Secret, TerraformResourceLifecycle
from ._checks import file_name
from ._declarations import Declarations, Kind
from .errors import ConstructError
from .secret_value import SECRET_VALUES, as_template, secret_names_in

CONFIG_LIMIT_BYTES = 1_024_000
SECRET_LIMIT_BYTES = 512_000
"""Docker's limits, both exclusive (tried on Engine 20.10)."""

Content = str | Callable[[], str]


class SwarmFile(Construct):
    """A Docker config or secret, immutable under a name that carries a hash of its content.

    A changed content is a new object, created before the services move to it and the old one goes: Docker
    refuses to change one in place or to remove one in use.

    Args:
        name: the readable part of the name, unique among the stack's configs or secrets.
        content: text, or a function for text that depends on what is declared later (a list of all routes);
            it is called once, when the stack is finished.
    """

    limit_bytes: int
    kind: str
    resource: Config | Secret

    def __init__(self, scope: Construct, id_: str, *, name: str, content: Content) -> None:
        super().__init__(scope, id_)
        self.name = file_name(self, self.kind, name)
        self._content = content
        self._text: str | None = None
        self._declarations = Declarations.around(self, scope=scope)
        first = self._declarations.add(self, kind=FILES, name=f"{self.kind} {name}")
        if first is not None:
            raise ConstructError(
                self,
                f"{self.kind} name {name} is taken by {first.node.path}",
                fix="pass the first one around, or give this one another name",
            )

    @property
    def text(self) -> str:
        """The content, with placeholders where secret values go.

        Before the stack is finished, a function's answer is not kept: more may be declared.
        """
        if self._text is not None:
            return self._text
        text = self._content if isinstance(self._content, str) else self._content()
        self._check_size(text)
        if self._declarations.closed:
            self._text = text
        return text

    @property
    def secret_names(self) -> list[str]:
        """The secret values it carries."""
        return secret_names_in(self.text)

    @property
    def object_id(self) -> str:
        """Docker's id of the object, as a Terraform expression."""
        return f"${{{self._address}.id}}"

    @property
    def object_name(self) -> str:
        """Docker's name of the object, as a Terraform expression."""
        return f"${{{self._address}.name}}"

    @cached_property
    def _address(self) -> str:
        return f"docker_{self.kind}.{self.resource.friendly_unique_id}"

    @abstractmethod
    def render(self) -> None:
        """Adds the resources; called once, when the stack is finished."""

    def _check_size(self, text: str) -> None:
        """Checks the size without the values of secrets, which are not known here."""
        size = len(text.encode())
        if size >= self.limit_bytes:
            raise ConstructError(
                self,
                f"{self.kind} {self.name} has {size:,} bytes, Docker accepts less than {self.limit_bytes:,}",
                fix="split it or put it into the image",
            )
        if not size:
            raise ConstructError(
                self, f"{self.kind} {self.name} is empty, which Docker refuses", fix="give it content"
            )


FILES = Kind[SwarmFile]("file")


class SwarmConfig(SwarmFile):
    """A Docker config: text that anyone who may read the plan may read."""

    limit_bytes = CONFIG_LIMIT_BYTES
    kind = "config"

    def render(self) -> None:
        names = self.secret_names
        if names:
            raise ConstructError(
                self,
                f"config {self.name} carries secret value {', '.join(names)}, "
                "which plans and docker config inspect would show",
                fix="make it a SwarmSecret",
            )
        digest = hashlib.sha256(self.text.encode()).hexdigest()[:8]
        self.resource = Config(
            self,
            "Resource",
            name=f"{self.name}-{digest}",
            # The provider expects base64 and checks nothing; the text itself must not be read as a template.
            data=base64.b64encode(self.text.encode()).decode(),
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )


class SwarmSecret(SwarmFile):
    """A Docker secret: a file in the task's memory, rendered by Terraform from secret values.

    Content without any placeholder is allowed (a file that an image wants as a secret). The hash in the name
    is salted with a value from state, because names are public and a person's password may be guessable; it
    is marked nonsensitive, because otherwise Terraform hides the whole service in every diff.
    """

    limit_bytes = SECRET_LIMIT_BYTES
    kind = "secret"

    def render(self) -> None:
        values = self._declarations.of(SECRET_VALUES)
        unknown = [name for name in self.secret_names if name not in values]
        if unknown:
            raise ConstructError(
                self,
                f"secret {self.name} carries secret value {', '.join(unknown)}, "
                "which this stack does not have",
                fix="declare the value in the stack that uses it",
            )
        content = self._declarations.local(f"content-{self.name}", as_template(self.text, values))
        digest = f'substr(nonsensitive(sha256(join("", [{self._declarations.salt}, {content}]))), 0, 8)'
        self.resource = Secret(
            self,
            "Resource",
            name=f"{self.name}-${{{digest}}}",
            data=f"${{base64encode({content})}}",
            lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
        )
