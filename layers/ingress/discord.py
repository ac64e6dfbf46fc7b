"""Discord's part in signing in."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Discord:
    """Where Discord, or what stands in for it, answers.

    Args:
        authorize: page that browsers are sent to.
        token: exchanges a code for a token.
        api: root of the API.
    """

    authorize: str
    token: str
    api: str

    @property
    def user(self) -> str:
        """Who somebody is; scopes ``identify`` and, for the address, ``email``."""
        return f"{self.api}/users/@me"

    def member(self, guild: str) -> str:
        """The same with the roles in one guild; scope ``guilds.members.read``, 404 for people outside."""
        return f"{self.api}/users/@me/guilds/{guild}/member"


DISCORD = Discord(
    authorize="https://discord.com/oauth2/authorize",
    token="https://discord.com/api/oauth2/token",
    api="https://discord.com/api/v10",
)
"""The real one (docs.discord.com, OAuth2)."""
