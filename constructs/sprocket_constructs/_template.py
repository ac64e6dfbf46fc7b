"""Text that Terraform must take as it is, although its JSON reads every string as a template."""

from ._cdktf import Token


def escaped(text: str) -> str:
    """The text with ``${`` and ``%{`` doubled, so that a shell's ``${HOME}`` is not taken for a reference."""
    return text.replace("${", "$${").replace("%{", "%%{")


def literal(text: str) -> str:
    """The same for text that may hold a reference of cdktf's own, which stays one."""
    return text if "{" not in text or Token.is_unresolved(text) else escaped(text)
