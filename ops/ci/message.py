"""Tells the team's Discord channel that a workflow failed: a red run that nobody looks at is none.

    ALERTS_WEBHOOK=https://... python3 ops/ci/message.py "nightly failed" https://...

The standard library only: the job that runs this installs nothing. Without ALERTS_WEBHOOK it fails, and says so.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request

SECONDS = 20
LONGEST = 2000
"""Characters that Discord takes (https://discord.com/developers/docs/resources/webhook#execute-webhook)."""


def send(webhook: str, text: str) -> None:
    """Posts one message that mentions nobody.

    Raises:
        urllib.error.URLError: it did not get there.
    """
    body = {"content": text[:LONGEST], "allowed_mentions": {"parse": []}}
    request = urllib.request.Request(
        webhook,
        data=json.dumps(body).encode(),
        # Discord's edge refuses urllib's own name.
        headers={"Content-Type": "application/json", "User-Agent": "sprocket-infra-ci"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=SECONDS):
        pass


def main(words: list[str]) -> int:
    """Sends the words as one line; 1 where that failed."""
    webhook = os.environ.get("ALERTS_WEBHOOK", "")
    if not webhook.startswith(("https://", "http://127.0.0.1:")):
        print("error: ALERTS_WEBHOOK is not set to an https:// address", file=sys.stderr)
        return 1
    try:
        send(webhook, " ".join(words))
    except (urllib.error.URLError, TimeoutError) as error:
        # Not the address: who has it can write to the channel.
        reason = error.code if isinstance(error, urllib.error.HTTPError) else type(error).__name__
        print(f"error: the message did not get to Discord: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
