"""All rules. A rule looks at one platform and says what is wrong in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ops.check.finding import Finding
from ops.check.platform import Platform
from ops.check.rules import (
    access,
    accounts,
    addresses,
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
    addresses.addresses_lead_somewhere,
    addresses.labels_lead_to_ports,
    secrets.secrets_have_an_owner,
    secrets.secrets_are_read,
    secrets.files_are_read,
    secrets.secrets_are_in_secrets,
    secrets.supplied_secrets_can_be_used,
    settings.settings_are_complete,
    settings.secret_files_are_there,
    settings.programs_know_where_they_are,
    settings.broker_urls_fit_their_library,
    settings.web_calls_its_own_api,
    access.ssh_is_open_to_somebody_we_know,
    accounts.logins_are_known,
    accounts.redis_passwords_are_known,
    accounts.databases_open,
    accounts.buckets_open,
    accounts.metrics_arrive,
    accounts.collectors_are_known,
    queues.every_queue_has_one_consumer,
    queues.events_keys_are_apart,
    queues.instances_are_apart,
    names.names_are_apart,
    names.networks_exist,
    names.names_resolve_to_one,
    routes.routes_are_decided,
    routes.roles_have_members,
    routes.sign_in_stands_in_front,
    routes.sign_in_is_set_up,
    routes.traefik_finds_the_service,
    routes.routes_are_apart,
    stores.stores_stay_with_their_data,
    stores.stores_have_a_backup,
    stores.the_engines_socket_is_guarded,
    budget.limits_and_reservations_are_set,
    budget.services_find_a_node,
    budget.reservations_fit,
    images.images_are_pinned,
    images.images_are_in_the_lock,
    images.images_are_resolved,
    upkeep.health_is_checked,
    upkeep.failures_are_bounded,
    upkeep.ports_are_published_by_the_way_in_only,
    upkeep.networks_work_without_ipvs,
)
