"""Files of services, from templates beside their layer or from data.

A value never gets into YAML or JSON by pasting text: data is dumped. Templates are for programs with a language of their own.
"""

import json
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, TemplateError
from ruamel.yaml import YAML
from ruamel.yaml.representer import RoundTripRepresenter
from sprocket_constructs import SecretValue

from .errors import SettingsError

_LONG = 2**16
"""Lines are never folded: a folded one reads worse in a diff than a long one."""


def render(template: Path, **values: object) -> str:
    """A Jinja template filled with values.

    A name that the template uses and that has no value is an error, never empty text. Nothing is escaped; ``| tojson`` quotes, for
    JSON and YAML alike.

    Raises:
        SettingsError: the template is missing or broken, or a value is.
    """
    environment = Environment(
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    # Jinja's own filter escapes for HTML.
    environment.filters["tojson"] = _json
    try:
        return environment.from_string(template.read_text()).render(**values)
    except TemplateError as error:
        raise SettingsError.of(
            str(error), fix="fix the template, or pass the value that it uses", file=template.name
        ) from None
    except OSError as error:
        raise SettingsError.of(
            f"cannot be read ({error.strerror})",
            fix=f"it belongs beside its layer, at {template}",
            file=template.name,
        ) from None


def to_yaml(data: Mapping[str, Any], *, comment: str = "", compact: bool = False) -> str:
    """Data as block YAML in the order given; texts that YAML would take for something else are quoted.

    Args:
        comment: put above, a line or several, without ``#``.
        compact: indent as little as YAML allows, where each byte counts.
    """
    yaml = YAML()
    yaml.width = _LONG
    yaml.Representer = _Representer
    if compact:
        yaml.indent(mapping=1, sequence=2, offset=0)
    else:
        yaml.indent(mapping=2, sequence=4, offset=2)
    out = StringIO()
    yaml.dump(_plain(data), out)
    return _commented(comment) + out.getvalue()


def to_json(data: Mapping[str, Any] | Sequence[Any]) -> str:
    """Data as JSON, indented by two, in the order given, with a newline at the end."""
    return json.dumps(_plain(data), indent=2, ensure_ascii=False) + "\n"


class _Representer(RoundTripRepresenter):
    """Writes a list that is used in two places twice: an alias (``*id001``) would be harder to read."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=_known)


def _commented(comment: str) -> str:
    return "".join(f"# {line}\n" for line in comment.splitlines())


def _known(value: object) -> Any:
    if isinstance(value, SecretValue):
        return str(value)
    raise TypeError(
        f"cannot write {type(value).__name__} {value!r}; give it text, numbers, lists or mappings"
    )


def _plain(value: Any) -> Any:
    """The same with plain containers; a secret value becomes its placeholder."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if isinstance(value, Sequence | set | frozenset):
        return [_plain(item) for item in (value if isinstance(value, Sequence) else sorted(value))]
    return _known(value)
