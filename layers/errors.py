"""Errors in what people write into settings and locks."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One setting that cannot work. It stays an object until it is printed, so that no code parses its text.

    Args:
        problem: what is wrong, and why.
        fix: what to do.
        allowed: what may be written there, with an example; empty where problem or fix says it.
        setting: path of the setting, such as ``nodes/app/size``; empty for the whole file.
        file: the file that the setting is in, such as ``prod.yaml``.
    """

    problem: str
    fix: str
    allowed: str = ""
    setting: str = ""
    file: str = ""

    @property
    def path(self) -> str:
        """Where it is: ``prod.yaml: nodes/app/size``."""
        return ": ".join(part for part in (self.file, self.setting) if part)

    def below(self, parent: str, *, file: str = "") -> Problem:
        """The same problem with its setting below ``parent``, and in ``file`` unless it says another."""
        setting = "/".join(part for part in (parent, self.setting) if part)
        return replace(self, setting=setting, file=self.file or file)

    def __str__(self) -> str:
        sentence = "; ".join(part for part in (self.problem, self.allowed, self.fix) if part)
        return f"{self.path}: {sentence}" if self.path else sentence


class SettingsError(ValueError):
    """Settings that cannot work: all problems that were found together. Its text has a line for each."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))

    @classmethod
    def of(
        cls, problem: str, *, fix: str, allowed: str = "", setting: str = "", file: str = ""
    ) -> SettingsError:
        """An error with one problem; the arguments are those of :class:`Problem`."""
        return cls(Problem(problem=problem, fix=fix, allowed=allowed, setting=setting, file=file))
