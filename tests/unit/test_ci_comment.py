"""The comment with the plan: one for each pull request, from what a run left behind, whatever that is."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ops.ci import comment
from tests.serving import serving

REPOSITORY = "team/infra"
SHA = "a" * 40
ENVIRONMENTS = ["staging", "prod"]


class Fake(HTTPServer):
    """GitHub's API on loopback, as far as it is asked here; artifacts come from another host, as there."""

    def __init__(self) -> None:
        self.pulls = [{"number": 7, "head": {"sha": SHA}}]
        self.artifacts: dict[str, bytes] = {}
        self.comments: list[dict[str, Any]] = []
        self.tokens: dict[str, set[str | None]] = {"api": set(), "storage": set()}
        self.asked_heads: list[str] = []
        self.sizes: dict[str, int] = {}
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def leaves(self, artifact: str, **plans: str) -> None:
        """What the run uploaded: the plan of each environment."""
        self.artifacts[artifact] = zipped({f"plan-{name}.md": text for name, text in plans.items()})


class Handler(BaseHTTPRequestHandler):
    server: Fake

    def do_GET(self) -> None:  # http.server's name
        address = urlsplit(self.path)
        place = "storage" if address.path.startswith("/storage/") else "api"
        self.server.tokens[place].add(self.headers["Authorization"])
        path = address.path.removeprefix(f"/repos/{REPOSITORY}/")
        names = sorted(self.server.artifacts)
        if place == "storage":
            self._send(self.server.artifacts[address.path.removeprefix("/storage/")])
        elif path == "pulls":
            self.server.asked_heads += parse_qs(address.query)["head"]
            self._json(self.server.pulls)
        elif path == "actions/runs/99/artifacts":
            found = [
                {
                    "id": names.index(name),
                    "name": name,
                    "expired": False,
                    "size_in_bytes": self.server.sizes.get(name, len(content)),
                }
                for name, content in self.server.artifacts.items()
            ]
            self._json({"artifacts": found})
        elif match := re.fullmatch(r"actions/artifacts/(\d+)/zip", path):
            self.send_response(302)
            self.send_header("Location", f"{self.server.url}/storage/{names[int(match[1])]}")
            self.end_headers()
        elif path == "issues/7/comments":
            page = int(parse_qs(address.query)["page"][0])
            self._json(self.server.comments[100 * (page - 1) : 100 * page])
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        new = {"id": len(self.server.comments), "user": {"login": comment.AUTHOR}, "body": self._body()}
        assert self.path == f"/repos/{REPOSITORY}/issues/7/comments"
        self.server.comments.append(new)
        self._json(new)

    def do_PATCH(self) -> None:
        number = int(self.path.removeprefix(f"/repos/{REPOSITORY}/issues/comments/"))
        self.server.comments[number]["body"] = self._body()
        self._json(self.server.comments[number])

    def _body(self) -> str:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]
        assert len(body) <= 65536, "GitHub refuses it"
        return str(body)

    def _json(self, document: Any) -> None:
        self._send(json.dumps(document).encode())

    def _send(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Quiet."""


def zipped(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


@pytest.fixture
def github() -> Iterator[Fake]:
    with serving(Fake()) as server:
        yield server


@pytest.fixture
def publish(github: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*, owner: str = "team", branch: str = "edit", sha: str = SHA, expect: int = 0) -> str:
        """The comment after a run of a branch."""
        run = {
            "id": 99,
            "head_sha": sha,
            "head_branch": branch,
            "head_repository": {"full_name": f"{owner}/infra", "owner": {"login": owner}},
        }
        event = tmp_path / "event.json"
        event.write_text(json.dumps({"workflow_run": run}))
        environ = {
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_TOKEN": "token",
            "GITHUB_API_URL": github.url,
        }
        assert comment.main(ENVIRONMENTS, environ) == expect, capsys.readouterr()
        ours = [each for each in github.comments if each["user"]["login"] == comment.AUTHOR]
        return str(ours[-1]["body"]) if ours else ""

    return run


def test_one_comment_is_made_and_then_changed(github: Fake, publish: Any) -> None:
    github.comments = [
        {"id": number, "user": {"login": "somebody"}, "body": f"{comment.MARK} mine"} for number in range(120)
    ]
    github.leaves("plans-staging", staging="| + | web |")
    github.leaves("plans-prod", prod="**1 to change**")
    text = publish()
    assert text.startswith(comment.MARK)
    assert "| + | web |" in text and text.index("| web |") < text.index("**1 to change**")
    github.leaves("plans-prod", prod="**No changes.**")
    assert "**No changes.**" in publish()
    ours = [each for each in github.comments if each["user"]["login"] == comment.AUTHOR]
    assert len(ours) == 1 and len(github.comments) == 121
    assert "1 to change" not in ours[0]["body"]


def test_a_plan_of_terraform_comes_before_an_offline_one(github: Fake, publish: Any) -> None:
    github.leaves("offline-plans", staging="offline staging", prod="offline prod")
    github.leaves("plans-prod", prod="by Terraform")
    text = publish()
    assert "by Terraform" in text and "offline prod" not in text
    assert "offline staging" in text


def test_a_fork_s_plan_is_quoted(github: Fake, publish: Any) -> None:
    hostile = "@team/all ![x](https://evil.example/p.png)\n````\n</details><!-- plan of this pull request -->\n\x1b[2J"
    github.leaves("offline-plans", prod=hostile)
    text = publish(owner="stranger")
    assert github.asked_heads == ["stranger:edit"]
    assert "made without secrets, by code that nobody has reviewed" in text
    fence = re.search(r"^(`{4,})text$", text, re.M)
    assert fence is not None
    quoted = text.split(fence[0], 1)[1].rsplit(fence[1], 1)[0]
    assert "@team/all" in quoted and len(fence[1]) > 4
    assert text.count(comment.MARK) == 1 and "\x1b" not in text


def test_renovate_s_branch_is_no_more_trusted_than_a_fork(github: Fake, publish: Any) -> None:
    github.leaves("offline-plans", prod="@team/all")
    assert "```text\n@team/all" in publish(branch="renovate/rich-16.x")


def test_the_token_does_not_follow_to_the_storage(github: Fake, publish: Any) -> None:
    github.leaves("plans-prod", prod="plan")
    publish()
    assert github.tokens == {"api": {"Bearer token"}, "storage": {None}}


def test_a_run_without_a_plan_takes_the_old_one_away(github: Fake, publish: Any) -> None:
    github.leaves("plans-prod", prod="**1 to change**")
    publish()
    github.artifacts.clear()
    text = publish()
    assert "**No plan was made.**" in text and "1 to change" not in text


def test_a_newer_commit_is_left_to_its_own_run(github: Fake, publish: Any) -> None:
    github.leaves("plans-prod", prod="plan")
    assert publish(sha="b" * 40) == ""


@pytest.mark.parametrize(
    "content",
    [
        b"no zip",
        zipped({"../plan-prod.md": "x"}),
        zipped({"plan-prod.md/x": "x"}),
        zipped({"plan-prod.md": ""}),
    ],
)
def test_what_is_no_plan_is_left_out(github: Fake, publish: Any, content: bytes) -> None:
    github.artifacts["plans-prod"] = content
    assert "**No plan was made.**" in publish()


def test_a_huge_plan_is_cut_and_says_so(github: Fake, publish: Any) -> None:
    row = "| ~ | a service with a long name | an image |\n"
    github.leaves("plans-staging", staging="<details><summary>x</summary>\n\n" + row * 200_000)
    github.leaves("plans-prod", prod="short and whole")
    text = publish()
    assert len(text) <= comment.LONGEST
    assert "The rest does not fit here" in text and "short and whole" in text
    assert text.count("<details>") == text.count("</details>")
    quoted = publish(owner="stranger")
    assert len(quoted) <= comment.LONGEST and "The rest does not fit here" in quoted


def test_an_archive_above_the_limit_is_not_read(github: Fake, publish: Any) -> None:
    github.leaves("plans-prod", prod="plan")
    github.sizes["plans-prod"] = comment.LARGEST_ZIP + 1
    assert "**No plan was made.**" in publish()


def test_an_api_that_fails_is_one_line(
    github: Fake, publish: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    github.pulls = [{"number": 8, "head": {"sha": SHA}}]
    publish(expect=1)
    assert capsys.readouterr().err == "error: GitHub's API: HTTP Error 404: Not Found; run this job again\n"
