"""What to do about the reasons that restic and S3 servers give."""

from __future__ import annotations

RUNBOOK = "docs/runbooks/backup-and-restore.md"

_KNOWN = (
    (
        ("wrong password", "no key found"),
        "the secret restic-password is not that of the bucket's repository; supply the one that is",
    ),
    (
        ("Access Key Id", "InvalidAccessKeyId", "SignatureDoesNotMatch", "Access Denied", "AccessDenied"),
        "the secrets backup-access-key and backup-secret-key do not open the bucket; supply a key that may read and write it",
    ),
    (
        ("bucket does not exist", "NoSuchBucket"),
        "backups/bucket in the environment's file does not exist; make it, or name the right one",
    ),
    (
        ("no such host", "connection refused", "i/o timeout", "deadline", "no route", "no answer", "EOF"),
        "the server of backups/endpoint does not answer; copies wait on the node and are sent when it does",
    ),
    (
        ("no space left", "KiB free"),
        "make room on the node: docker system df, python -m ops prune --env NAME",
    ),
    (("is already locked", "unable to create lock"), "another restic uses the bucket; try again when it has ended"),
)  # fmt: skip


def what_to_do(reason: str, service: str) -> str:
    """A sentence about the first reason that is known, else where the rest is written.

    Args:
        service: that gave it.
    """
    for words, advice in _KNOWN:
        if any(word.lower() in reason.lower() for word in words):
            return advice
    return f"docker service logs {service} has the rest; {RUNBOOK}"
