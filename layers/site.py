"""What a layer needs to know of its environment, except its name."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import ValidationError
from sprocket_constructs import (
    Construct,
    Image,
    LocalVolume,
    NodeDirectory,
    NodeSelector,
    Resources,
    Scale,
    Storage,
)

from .errors import Problem, SettingsError
from .images import ImageCatalog
from .loading import load_resources
from .pages import AdminPages
from .settings.environment import Environment
from .settings.form import did_you_mean, nearest
from .settings.resources import Share
from .store_volumes import check_store
from .stores import directory_of
from .validation import problems_in


class Site:
    """The settings of one environment with its images and its budget."""

    def __init__(self, settings: Environment, *, images: ImageCatalog | None = None) -> None:
        self.settings = settings
        self._images = images or ImageCatalog(settings)
        self._pages = AdminPages(settings)
        table = load_resources(settings.resources_table, wanted_by=settings.name)
        self._shares = {**table, **_changed(table, settings)}
        self._asked_images: set[str] = set()
        self._asked_shares: set[str] = set()

    def image(self, name: str, *, instance: str | None = None) -> Image:
        """The pinned image of that name in the lock."""
        self._asked_images.add(name)
        return self._images.image(name, instance=instance)

    def find_image(self, name: str, *, instance: str | None = None) -> Image | None:
        """The same, or nothing where neither the lock nor an override of the environment has it."""
        self._asked_images.add(name)
        return self._images.find(name, instance=instance)

    @property
    def asked_images(self) -> frozenset[str]:
        """Names of all images that the layers asked for so far."""
        return frozenset(self._asked_images)

    @property
    def asked_shares(self) -> frozenset[str]:
        """Names under which the layers asked for limits and reservations so far."""
        return frozenset(self._asked_shares)

    def check_names_are_asked_for(self, roles: Iterable[str]) -> None:
        """Refuses exceptions for services and images that no layer asked for, and roles: they would have no effect.

        To be called when all layers are declared.

        Args:
            roles: those that pages are for.

        Raises:
            SettingsError: names each such exception, and the nearest existing name.
        """
        settings = self.settings
        asked_roles = set(roles)
        problems: list[Problem] = []
        for kind, setting, given, asked in (
            ("service", "resources", settings.resources, self._asked_shares),
            ("image", "images/overrides", settings.images.overrides, self._asked_images),
        ):
            what = f"the environment has no {kind} of that name, so it would have no effect"
            problems += _unasked(given, asked, what, known=f"{kind}s here are", below=setting)
        # A page for a role that nobody holds is the sign-in's to refuse.
        if asked_roles <= set(self.roles):
            what = "no page asks for that role, so it would have no effect"
            problems += _unasked(
                self.roles, asked_roles, what, known="pages ask for", below="ingress/sign_in/roles"
            )
        if problems:
            raise SettingsError(*(problem.below("", file=f"{settings.name}.yaml") for problem in problems))

    def beside_image_lock(self, name: str) -> Path:
        """A file that is written together with the lock of images."""
        return self._images.file.with_name(name)

    def resources(self, service: str) -> Resources:
        """Limits and reservations of that service; the name without the instance."""
        self._asked_shares.add(service)
        share = self._shares.get(service)
        if share is None:
            near = nearest(service, self._shares)
            raise SettingsError.of(
                "is missing; every service needs limits and reservations",
                fix=f"add it{f' (or rename {near[0]}, if that is it)' if near else ''}",
                setting=service,
                file=f"resources/{self.settings.resources_table}.yaml",
            )
        return share.resources()

    def storage(self, scope: Construct, store: str) -> Storage:
        """The place for a store's data: a named volume, or its directory on the node that has its block volume.

        Raises:
            SettingsError: the store is not known, or the environment orders no volume for it.
        """
        check_store(self.settings, store, where=scope.node.path)
        held_by = self.node_of(store)
        if self.settings.stores.kind == "volume":
            return LocalVolume(scope, "data", name=f"sprocket-{store}", held_by=held_by)
        return NodeDirectory(path=directory_of(store), held_by=held_by)

    def node_of(self, store: str) -> NodeSelector:
        """The node that keeps a store's data, or would: a managed one has its backups there."""
        if self.settings.stores.kind == "volume":
            return NodeSelector.managers()
        return NodeSelector.node_label("storage", self.settings.stores.label_of(store))

    def one_per_node(self) -> Scale:
        """A task on every node."""
        return Scale.one_per_node(nodes=self.settings.node_count)

    def host(self, page: str) -> str:
        """The host of an admin page, by the page's name.

        Raises:
            SettingsError: another page or something else of the environment has that host.
        """
        return self._pages.host(page)

    def check_pages(self) -> None:
        """Refuses settings for admin pages that there are not; called when all have been asked for."""
        self._pages.check()

    @property
    def roles(self) -> Mapping[str, tuple[str, ...]]:
        """Discord role ids by the role's name."""
        return self.settings.ingress.sign_in.roles


def unused_shares(table: str, shares: Iterable[str], asked: Iterable[str]) -> list[Problem]:
    """Entries of a table of limits and reservations that no service of any environment has: they have no effect.

    A table may name services that one of its environments lacks, so this is a question about all of them together.

    Args:
        asked: what the layers asked for in any environment, and what a line of images would with all options on.
    """
    found = _unasked(shares, asked, "no environment has a service of that name")
    return [problem.below("", file=f"resources/{table}.yaml") for problem in found]


def _changed(table: Mapping[str, Share], settings: Environment) -> dict[str, Share]:
    """An environment's exceptions, each merged over the entry of its table.

    Raises:
        SettingsError: one changes an entry that there is not, or makes a limit lower than its reservation.
    """
    changed: dict[str, Share] = {}
    problems: list[Problem] = []
    for name, change in settings.resources.items():
        if name not in table and set(change.given) != set(Share.model_fields):
            problems.append(
                Problem(
                    problem=f"resources/{settings.resources_table}.yaml has no such entry to change",
                    fix=did_you_mean(
                        name, table, otherwise=f"remove it, or give all of {', '.join(Share.model_fields)}"
                    ),
                    setting=f"resources/{name}",
                )
            )
            continue
        try:
            changed[name] = (
                table[name].changed(change) if name in table else Share.model_validate(change.given)
            )
        except ValidationError as error:
            problems += [
                problem.below(f"resources/{name}") for problem in problems_in(error, Share, lambda path: "")
            ]
    if problems:
        raise SettingsError(*(problem.below("", file=f"{settings.name}.yaml") for problem in problems))
    return changed


def _unasked(
    given: Iterable[str], asked: Iterable[str], what: str, *, known: str = "", below: str = ""
) -> list[Problem]:
    """A problem for each given name that nothing asks for.

    Args:
        known: words before the names that are asked for; without them, those are not listed.
        below: the setting that the names are keys of.
    """
    asked = sorted(asked)
    return [
        Problem(
            problem=what,
            allowed=f"{known} {', '.join(asked)}" if known else "",
            fix=did_you_mean(name, asked, otherwise="remove it"),
            setting=name,
        ).below(below)
        for name in given
        if name not in asked
    ]
