"""Who opens pages: an anonymous visitor, and the people of the fake Discord."""

from __future__ import annotations

from layers.ingress.fake_discord import Person, people
from layers.settings.environment import Environment

ANONYMOUS = Person(name="anonymous", roles=None)


def people_of(settings: Environment) -> list[Person]:
    """Everyone who can sign in without an account; no one where Discord is the real one."""
    sign_in = settings.ingress.sign_in
    if sign_in.provider != "fake" or sign_in.proxy != "traefik-forward-auth":
        return []
    return people(sign_in.roles)


def holds(person: Person, role: str, settings: Environment) -> bool:
    """Whether the person has one of the Discord roles behind a role of routes."""
    return bool(set(person.roles or ()) & set(settings.ingress.sign_in.roles[role]))
