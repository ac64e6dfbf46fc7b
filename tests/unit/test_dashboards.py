"""Dashboards as Grafana reads them: each panel says what it is and can be answered, and links lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache
from itertools import combinations
from typing import Any

from layers.data.dashboard import Panel as Entry
from tests.stacks.synthesis import declared, json_at, service, text_at
from tests.unit.layer_data_files import yaml_at

FOLDER = "/etc/grafana/dashboards"
PROVISIONING = "/etc/grafana/provisioning"
ASK_NOTHING = {"row", "text", "alertlist"}
WITHOUT_UNIT = {*ASK_NOTHING, "logs", "table"}
EMPTY_IN_PEACE = {"ingress: Answers with 5xx"}
"""Panels of failures, of which there may be none. Those of logs may be empty too."""

Panel = dict[str, Any]


@cache
def boards() -> dict[str, dict[str, Any]]:
    """Every dashboard by its uid, which is its file's name."""
    mounted = [m.at for m in service(declared("local"), "grafana").file_mounts if m.at.startswith(FOLDER)]
    found = [json_at(declared("local"), "grafana", at) for at in mounted]
    assert mounted == [f"{FOLDER}/{board['uid']}.json" for board in found]
    return {board["uid"]: board for board in found}


def panels(*, without: Collection[str] = ()) -> dict[str, Panel]:
    """Panels and rows of all dashboards by where they are, but those of some types."""
    return {
        f"{uid}: {panel['title']}": panel
        for uid, board in boards().items()
        for panel in board["panels"]
        if panel["type"] not in without
    }


def targets() -> Iterator[tuple[str, Panel, dict[str, Any]]]:
    """Each query with its panel."""
    for place, panel in panels(without=ASK_NOTHING).items():
        for target in panel["targets"]:
            yield place, panel, target


def inside(panel: Panel) -> Iterator[tuple[int, int]]:
    """Each cell of the grid that it covers."""
    at = panel["gridPos"]
    for x in range(at["x"], at["x"] + at["w"]):
        for y in range(at["y"], at["y"] + at["h"]):
            yield x, y


def alert_rules() -> list[dict[str, Any]]:
    document = yaml_at(declared("local"), "grafana", f"{PROVISIONING}/alerting/platform.yaml")
    return [rule for group in document["groups"] for rule in group["rules"]]


def test_there_is_a_dashboard_for_each_question() -> None:
    assert set(boards()) == {"overview", "ingress", "stores", "queues", "nodes", "service", "backups"}
    titles = [board["title"] for board in boards().values()]
    assert len(set(titles)) == len(titles), "Grafana warns of two with one title in a folder"
    assert all(board["description"] for board in boards().values())


def test_grafana_opens_with_a_dashboard_that_it_has() -> None:
    (home,) = re.findall(
        r"^default_home_dashboard_path = (.+)$",
        text_at(declared("local"), "grafana", "/etc/grafana/grafana.ini"),
        re.MULTILINE,
    )
    assert home == f"{FOLDER}/overview.json"


def test_a_dashboard_that_has_no_file_any_more_disappears() -> None:
    """With disableDeletion it stays in Grafana's database (pkg/services/provisioning/dashboards/file_reader.go)."""
    (provider,) = yaml_at(declared("local"), "grafana", f"{PROVISIONING}/dashboards/platform.yaml")[
        "providers"
    ]
    assert provider["disableDeletion"] is False and provider["allowUiUpdates"] is False
    assert provider["options"] == {"path": FOLDER}


def test_a_panel_says_what_it_shows_and_when_to_worry() -> None:
    sentence = re.compile(r"[A-Z0-9].{30,}\.")
    found = panels(without={"row"}).items()
    assert [place for place, panel in found if not sentence.fullmatch(panel.get("description", ""))] == []


def test_a_panel_has_a_unit() -> None:
    found = panels(without=WITHOUT_UNIT).items()
    assert [place for place, panel in found if not panel["fieldConfig"]["defaults"].get("unit")] == []


def test_a_panel_says_from_where_on_it_is_red() -> None:
    """Where nothing is said, Grafana colours from 80 on, whatever the unit is."""
    found = panels(without=ASK_NOTHING).items()
    assert [place for place, panel in found if "thresholds" not in panel["fieldConfig"]["defaults"]] == []


def test_a_panel_asks_a_data_source_that_exists() -> None:
    sources = yaml_at(declared("local"), "grafana", f"{PROVISIONING}/datasources/platform.yaml")
    known = [{"type": source["type"], "uid": source["uid"]} for source in sources["datasources"]]
    for place, panel, target in targets():
        assert target["datasource"] == panel["datasource"] and panel["datasource"] in known, place


def test_a_legend_names_what_its_query_groups_by() -> None:
    for place, _, target in targets():
        if target.get("resultFormat") == "time_series":
            *_, groups = re.split(r"\bGROUP BY\b", target["query"])
            of_subquery = groups.count(")") > groups.count("(")
            tags = set() if of_subquery else set(re.findall(r'"(\w+)"', groups))
            assert target.get("alias"), place
            assert set(re.findall(r"\$tag_(\w+)", target["alias"])) == tags, place


def test_a_panel_that_may_be_empty_says_that_this_is_good() -> None:
    found = [place for place, panel in panels().items() if panel["type"] == "logs" or place in EMPTY_IN_PEACE]
    assert set(found) > EMPTY_IN_PEACE
    assert [place for place in found if not panels()[place]["fieldConfig"]["defaults"].get("noValue")] == []


def test_logs_are_asked_for_by_labels_that_alloy_writes() -> None:
    config = text_at(declared("local"), "alloy", "/etc/alloy/config.alloy")
    written = re.findall(r'target_label\s+= "(\w+)"', config) + re.findall(r"labels\s+= \{(\w+)", config)
    assert sorted(written) == ["node", "service"]
    for place, panel, target in targets():
        if panel["type"] == "logs":
            selector = re.match(r"\{(.+?)\}", target["expr"])
            assert selector and set(re.findall(r"(\w+)=", selector[1])) <= set(written), place


def test_panels_lie_side_by_side() -> None:
    for uid, board in boards().items():
        for one, other in combinations(board["panels"], 2):
            assert not set(inside(one)) & set(inside(other)), (
                f"{uid}: {one['title']} lies over {other['title']}"
            )
        assert all(x < 24 for panel in board["panels"] for x, _ in inside(panel)), uid


def test_panels_of_a_dashboard_have_ids_and_titles_of_their_own() -> None:
    for uid, board in boards().items():
        for key in ("id", "title"):
            assert len({panel[key] for panel in board["panels"]}) == len(board["panels"]), (uid, key)


def test_variables_of_queries_are_declared_and_used() -> None:
    for uid, board in boards().items():
        declared_here = {variable["name"] for variable in board["templating"]["list"]}
        texts = [
            target.get("query", "") + target.get("expr", "")
            for place, _, target in targets()
            if place.startswith(f"{uid}: ")
        ]
        used = {name for text in texts for name in re.findall(r"\$([a-z]\w*)", text)} - {"timeFilter"}
        assert used == declared_here, uid


def test_links_lead_to_a_dashboard_and_a_variable_of_it() -> None:
    found = [
        link["url"]
        for board in boards().values()
        for panel in board["panels"]
        for link in panel.get("fieldConfig", {}).get("defaults", {}).get("links", [])
    ]
    assert found
    for url in found:
        to = re.fullmatch(r"/d/(\w+)\?var-(\w+)=\$\{__data\.fields\.\w+\}", url)
        assert to and to[2] in {each["name"] for each in boards()[to[1]]["templating"]["list"]}, url
    for board in boards().values():
        (link,) = board["links"]
        assert link["type"] == "dashboards" and set(link["tags"]) <= set(board["tags"])


def test_an_alert_links_to_its_panel() -> None:
    """Both annotations or none, and the id as text (pkg/services/ngalert/models/alert_rule.go)."""
    linked = {
        rule["uid"]: (rule["annotations"]["__dashboardUid__"], rule["annotations"]["__panelId__"])
        for rule in alert_rules()
        if {"__dashboardUid__", "__panelId__"} & set(rule["annotations"])
    }
    assert {"service-down", "disk-nearly-full", "queue-backlog", "backup-late"} <= set(linked)
    for rule, (uid, panel) in linked.items():
        assert int(panel) in {each["id"] for each in boards()[uid]["panels"]}, rule


def test_a_limit_is_drawn_where_its_alert_is_raised() -> None:
    (disks,) = (panel for panel in boards()["nodes"]["panels"] if panel["title"] == "How disks fill")
    assert disks["fieldConfig"]["defaults"]["thresholds"]["steps"] == [
        {"color": "green", "value": None},
        {"color": "red", "value": 80},
    ]
    (certificates,) = (panel for panel in boards()["ingress"]["panels"] if panel["title"] == "Certificates")
    assert certificates["fieldConfig"]["defaults"]["thresholds"]["steps"] == [
        {"color": "red", "value": None},
        {"color": "green", "value": 14},
    ]


def test_a_panel_keeps_its_id_when_another_comes() -> None:
    assert Entry(title="CPU").id == Entry(title="CPU", says="Other words.").id != Entry(title="Memory").id
