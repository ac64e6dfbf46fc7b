"""All rules. A rule looks at one platform and says what is wrong in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ops.check.finding import Finding
from ops.check.platform import Platform
from ops.check.rules import (
    access,
    accounts,
    addresses,
    administrators,
    budget,
    images,
    names,
    queues,
    routes,
    secrets,
    settings,
    stores,
    upkeep,
)

Rule = Callable[[Platform], Iterator[Finding]]

RULES: tuple[Rule, ...] = (
    settings.files_can_be_parsed,
    addresses.addresses_resolve,
    addresses.route_ports_are_open,
    secrets.secrets_have_an_owner,
    secrets.secrets_are_read,
    secrets.files_are_read,
    secrets.secrets_are_in_secrets,
    secrets.supplied_secrets_can_be_used,
    settings.settings_are_complete,
    settings.secret_files_are_there,
    settings.programs_have_their_variables,
    settings.broker_urls_fit_their_library,
    settings.web_calls_its_own_api,
    access.ssh_sources_are_restricted,
    accounts.logins_are_known,
    accounts.redis_passwords_are_known,
    accounts.database_logins_exist,
    accounts.bucket_accounts_exist,
    accounts.metrics_arrive,
    accounts.collectors_have_accounts,
    administrators.administrators_stay_off_workers,
    queues.every_queue_has_one_consumer,
    queues.events_keys_are_unique,
    queues.instances_share_nothing,
    names.names_are_unique,
    names.networks_exist,
    names.names_resolve_to_one,
    routes.routes_declare_access,
    routes.roles_have_members,
    routes.guarded_routes_require_sign_in,
    routes.sign_in_is_set_up,
    routes.traefik_finds_the_service,
    routes.routes_are_unique,
    stores.stores_are_pinned,
    stores.stores_have_a_backup,
    stores.docker_socket_is_proxied,
    budget.limits_and_reservations_are_set,
    budget.placement_matches_a_node,
    budget.reservations_fit,
    images.images_are_pinned,
    images.images_are_in_the_lock,
    images.images_are_resolved,
    upkeep.services_have_health_checks,
    upkeep.restarts_are_limited,
    upkeep.only_traefik_publishes_ports,
    upkeep.networks_work_without_ipvs,
)
