"""Keeps one comment with the plan on a pull request: made once, changed by each later run.

It runs with a token that may write to pull requests, on what another run left behind. That run may have executed code of a
fork. So what it left is data and nothing more: read from the zip in memory, one file by its known name, up to a size, and put
into the comment as it is only where the branch is one of this repository's own. All else is quoted in a code block, in which
GitHub renders no link, no picture and no mention.

    GITHUB_TOKEN=... GITHUB_REPOSITORY=owner/name GITHUB_EVENT_PATH=event.json python3 ops/ci/comment.py ENVIRONMENT...

The event is ``workflow_run``. The standard library only: a job with such a token installs nothing.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from typing import Any

MARK = "<!-- plan of this pull request -->"
AUTHOR = "github-actions[bot]"
ARTIFACTS = ("plans", "offline-plans")
"""The plans that were made with credentials before those that were made without; the first that is there counts."""
LARGEST_ZIP = 2_000_000
LARGEST_PLAN = 400_000
LONGEST = 65_000
"""Below GitHub's limit for a comment, 65,536 characters."""
SECONDS = 30
UNTRUSTED_BRANCHES = ("renovate/",)
"""Branches of this repository that bring code nobody has read yet."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Leaves a redirect to the caller: the token must not follow it to another host."""


class GitHub:
    """GitHub's API for one repository."""

    def __init__(self, repository: str, token: str, url: str = "https://api.github.com") -> None:
        self.repository = repository
        self._token = token
        self._url = url
        self._opener = urllib.request.build_opener(_NoRedirect)

    def get(self, path: str, **query: str) -> Any:
        """What a path below the repository has."""
        return json.loads(self._ask("GET", f"{path}?{urllib.parse.urlencode(query)}"))

    def write(self, method: str, path: str, body: dict[str, str]) -> None:
        """POST or PATCH."""
        self._ask(method, path, json.dumps(body).encode())

    def archive(self, artifact: int) -> bytes:
        """An artifact's zip, up to :data:`LARGEST_ZIP` bytes."""
        try:
            return self._ask("GET", f"actions/artifacts/{artifact}/zip")
        except urllib.error.HTTPError as error:
            if error.code not in (301, 302, 303, 307, 308):
                raise
            address = error.headers["Location"]
        with urllib.request.urlopen(address, timeout=SECONDS) as answer:
            content: bytes = answer.read(LARGEST_ZIP + 1)
        return content

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(
            f"{self._url}/repos/{self.repository}/{path}",
            data=body,
            method=method,
            headers={
                "Authorization": f"Bearer {self._token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
                "Content-Type": "application/json",
            },
        )
        with self._opener.open(request, timeout=SECONDS) as answer:
            content: bytes = answer.read(10 * LARGEST_ZIP)
        return content


def pull_request_of(github: GitHub, run: dict[str, Any]) -> int | None:
    """The open pull request whose head the run looked at; none where a newer commit is there, or it is closed.

    ``run["pull_requests"]`` is empty for forks, so the branch is asked for.
    """
    head = f"{run['head_repository']['owner']['login']}:{run['head_branch']}"
    for found in github.get("pulls", state="open", head=head):
        if found["head"]["sha"] == run["head_sha"]:
            return int(found["number"])
    return None


def plans_of(github: GitHub, run: dict[str, Any], environments: list[str]) -> dict[str, str]:
    """The plan of each environment that the run left, as text."""
    found = github.get(f"actions/runs/{int(run['id'])}/artifacts", per_page="100")["artifacts"]
    by_name = {each["name"]: each for each in found if not each["expired"]}
    plans: dict[str, str] = {}
    for artifact in [
        by_name[name] for prefix in ARTIFACTS for name in sorted(by_name) if name.startswith(prefix)
    ]:
        if artifact["size_in_bytes"] > LARGEST_ZIP:
            continue
        content = github.archive(int(artifact["id"]))
        for environment in environments:
            if environment not in plans and (text := _plan_in(content, environment)):
                plans[environment] = text
    return {name: plans[name] for name in environments if name in plans}


def _plan_in(content: bytes, environment: str) -> str:
    if len(content) > LARGEST_ZIP:
        return ""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(f"plan-{environment}.md") as file:
            text = file.read(LARGEST_PLAN).decode("utf-8", "replace")
    except (KeyError, zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError):
        return ""
    # Neither what a terminal or a reader does not see, nor our own mark.
    text = "".join(letter for letter in text if letter.isprintable() or letter in "\n\t")
    return text.replace("<!--", "&lt;!--")


def is_trusted(run: dict[str, Any], repository: str) -> bool:
    """Whether the code that wrote the plans is this repository's own."""
    return run["head_repository"]["full_name"] == repository and not run["head_branch"].startswith(
        UNTRUSTED_BRANCHES
    )


def comment_of(run: dict[str, Any], plans: dict[str, str], repository: str) -> str:
    """The comment's text, within GitHub's limit."""
    trusted = is_trusted(run, repository)
    address = f"https://github.com/{repository}/actions/runs/{int(run['id'])}"
    head = [MARK, f"Plan of {run['head_sha'][:12]}, made by [this run]({address})."]
    if not trusted:
        head.append(
            "It was made without secrets, by code that nobody has reviewed: read it as the author's own words."
        )
    if not plans:
        head.append("**No plan was made.** The run says why.")
    head.append("")
    left = LONGEST - len("\n".join(head)) - 1
    parts = []
    for number, (environment, text) in enumerate(plans.items()):
        share = left // (len(plans) - number)
        parts.append(_part(environment, text, share, trusted=trusted))
        left -= len(parts[-1]) + 1
    return "\n".join([*head, *parts])


def _part(environment: str, text: str, longest: int, *, trusted: bool) -> str:
    cut = "\n\nThe rest does not fit here; the run's summary has all of it.\n"
    if trusted:
        if len(text) <= longest:
            return text
        # Cut between two lines, and close what may be open there.
        short = text[: longest - len(cut) - 40].rpartition("\n")[0]
        fence = "\n```" if short.count("\n```") % 2 or short.count("\n  ```") % 2 else ""
        folds = short.count("<details>") - short.count("</details>")
        return short + fence + "\n</details>" * max(0, min(folds, 1)) + cut
    fence = "`" * max(4, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    frame = f"<details><summary>{environment}</summary>\n\n{fence}text\n{{}}\n{fence}\n\n</details>\n"
    space = longest - len(frame) - len(cut)
    if space < 0:
        return f"{environment}: {cut.strip()}"
    shown = text if len(text) <= space else text[:space] + cut
    return frame.replace("{}", shown.rstrip(), 1)


def publish(github: GitHub, number: int, text: str) -> str:
    """Writes the comment, over the one that is there already; says which."""
    for page in range(1, 11):
        comments = github.get(f"issues/{number}/comments", per_page="100", page=str(page))
        for comment in comments:
            if comment["user"]["login"] == AUTHOR and comment["body"].startswith(MARK):
                github.write("PATCH", f"issues/comments/{int(comment['id'])}", {"body": text})
                return "changed"
        if len(comments) < 100:
            break
    github.write("POST", f"issues/{number}/comments", {"body": text})
    return "made"


def main(environments: list[str], environ: dict[str, str]) -> int:
    """Writes the comment for the run that the event is about; 1 where that failed."""
    with open(environ["GITHUB_EVENT_PATH"]) as file:
        run = json.load(file)["workflow_run"]
    repository = environ["GITHUB_REPOSITORY"]
    github = GitHub(
        repository, environ["GITHUB_TOKEN"], environ.get("GITHUB_API_URL", "https://api.github.com")
    )
    try:
        if run["head_repository"] is None:
            print("the fork is gone; no comment")
            return 0
        number = pull_request_of(github, run)
        if number is None:
            print("no open pull request has this commit as its head; no comment")
            return 0
        plans = plans_of(github, run, environments)
        done = publish(github, number, comment_of(run, plans, repository))
    except (urllib.error.URLError, TimeoutError) as error:
        print(f"error: GitHub's API: {error}; run this job again", file=sys.stderr)
        return 1
    print(f"comment on #{number} {done}: plans of {', '.join(plans) or 'nothing'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], dict(os.environ)))
