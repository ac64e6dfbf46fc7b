"""Who may use a route."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import stated


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who may use a route: everybody, by name and reason, or holders of a role.

    The page that people sign in at is neither: it is open, and the guard in front of all other pages sees its
    requests.
    """

    role: str | None
    because: str | None = None
    signs_in: bool = False

    @classmethod
    def public(cls, *, because: str) -> Access:
        """Open to the internet; the reason is shown in the plan."""
        return cls(role=None, because=stated(because))

    @classmethod
    def only(cls, role: str) -> Access:
        """Only people who hold the role, after signing in."""
        return cls(role=role)

    @classmethod
    def sign_in(cls) -> Access:
        """The sign-in page, behind its own guard, which answers the provider's callback and signing out."""
        return cls(role=None, because="people without a session come here to get one", signs_in=True)

    @property
    def is_public(self) -> bool:
        """Whether no sign-in is needed."""
        return self.role is None and not self.signs_in

    def __str__(self) -> str:
        if self.signs_in:
            return "sign-in"
        return "public" if self.is_public else f"role {self.role}"
