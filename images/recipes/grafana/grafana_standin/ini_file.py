"""grafana.ini, as the variables that would say the same."""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping
from pathlib import Path

from standin.log import Refusal
from standin.yaml_file import read_text

from grafana_standin.expansion import expand

DEFAULT = "/etc/grafana/grafana.ini"


def as_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """The settings of the file under the names of their variables: `[auth.proxy] enabled` is GF_AUTH_PROXY_ENABLED.

    The file is the one that GF_PATHS_CONFIG names, which must exist, or /etc/grafana/grafana.ini, which may be absent.
    `$__file{path}` and `$__env{name}` are replaced. A variable of the environment wins over the file.
    """
    named = environment.get("GF_PATHS_CONFIG", "")
    path = Path(named or DEFAULT)
    if not named and not path.exists():
        return {}
    parser = configparser.ConfigParser(
        interpolation=None, delimiters=("=",), comment_prefixes=("#", ";"), strict=False, default_section="-"
    )
    try:
        parser.read_string(f"[DEFAULT]\n{read_text(path, 'the settings')}")
    except configparser.Error as error:
        raise Refusal(f"{path}: {str(error).splitlines()[0]}") from error
    found: dict[str, str] = {}
    for section in parser.sections():
        for key, value in parser.items(section):
            prefix = "" if section == "DEFAULT" else f"{section}_"
            name = "GF_" + re.sub(r"[.\-]", "_", f"{prefix}{key}").upper()
            found[name] = str(expand(value, environment, f"{path}: [{section}] {key}"))
    return found
