"""The object store's image: its health, its users and what they may not do, through `mc` from another container."""

from __future__ import annotations

import re

import pytest

from images.builder.trial import Running, Trial

pytestmark = pytest.mark.live(needs=["engine"])
PASSWORD = "trial-only-4f1c"
TERM_SECONDS = 5.0


class TestObjectStore:
    ROOT = ("rooted", f"{PASSWORD}-root")
    HEALTH = ("curl", "-fsS", "http://127.0.0.1:9000/minio/health/live")
    POLICY = """{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"],
        "Resource": ["arn:aws:s3:::replays", "arn:aws:s3:::replays/*"]}]}"""

    def start(self, trial: Trial) -> Running:
        store = trial.run(
            "minio", "server", "/data", "--console-address", ":9001", volumes={"/data": "minio"},
            env={"MINIO_ROOT_USER_FILE": "/run/secrets/user", "MINIO_ROOT_PASSWORD_FILE": "password"},
            files={
                "/run/secrets/user": trial.file("user", f"{self.ROOT[0]}\n"),
                "/run/secrets/password": trial.file("password", f"{self.ROOT[1]}\n"),
            },
        )  # fmt: skip
        store.wait(*self.HEALTH, seconds=40)
        return store

    def keeper(self, trial: Trial) -> Running:
        """Another container of the same image, with an alias for root and a file with a policy."""
        keeper = trial.run(
            "minio", "1000", alias="keeper", options=("--entrypoint", "sleep"),
            files={"/policy.json": trial.file("policy.json", self.POLICY)},
        )  # fmt: skip
        keeper.wait("curl", "-fsS", "http://minio:9000/minio/health/live")
        self.login(keeper, "s", *self.ROOT)
        return keeper

    def login(self, keeper: Running, alias: str, user: str, password: str) -> None:
        keeper.expect("mc", "alias", "set", alias, "http://minio:9000", stdin=f"{user}\n{password}\n")

    def set_up(self, keeper: Running) -> None:
        keeper.expect("mc", "ready", "s")
        for _ in range(2):  # idempotent, as a keeper that is started again needs it
            keeper.expect("mc", "mb", "--ignore-existing", "s/replays", "s/image-generation")
            keeper.expect("mc", "admin", "user", "add", "s", "app", stdin="app-secret\n")
            keeper.expect("mc", "admin", "policy", "create", "s", "app", "/policy.json")
        keeper.expect("mc", "admin", "policy", "attach", "s", "app", "--user", "app")
        self.login(keeper, "a", "app", "app-secret")

    def test_user_reaches_its_bucket_and_no_other(self, trial: Trial) -> None:
        self.start(trial)
        keeper = self.keeper(trial)
        self.set_up(keeper)
        keeper.expect("mc", "cp", "/policy.json", "a/replays/2026/one.replay")
        assert keeper.expect("mc", "cat", "a/replays/2026/one.replay") == self.POLICY
        assert "one.replay" in keeper.expect("mc", "ls", "--recursive", "a/replays")
        assert f"{len(self.POLICY)} B" in keeper.expect("mc", "stat", "a/replays/2026/one.replay")
        for words in (
            ("cp", "/policy.json", "a/image-generation/x"),
            ("ls", "a/image-generation"),
            ("mb", "a/other-bucket"),
        ):
            refused = keeper.exec("mc", *words)
            assert refused.code == 1 and re.search(
                "Access Denied|Insufficient permissions", refused.output
            ), words
        assert "Access Denied" in keeper.exec("mc", "admin", "user", "add", "a", "more", "more-secret").output
        wrong = keeper.exec("mc", "alias", "set", "w", "http://minio:9000", stdin="app\nnot-the-secret\n")
        assert wrong.code == 1 and "signature" in wrong.output

    def test_attaching_twice_is_no_failure(self, trial: Trial) -> None:
        self.start(trial)
        keeper = self.keeper(trial)
        self.set_up(keeper)
        again = keeper.exec("mc", "admin", "policy", "attach", "s", "app", "--user", "app")
        assert again.code == 0 or "already in effect" in again.output

    def test_anonymous_reads_only_what_was_opened(self, trial: Trial) -> None:
        self.start(trial)
        keeper = self.keeper(trial)
        self.set_up(keeper)
        keeper.expect("mc", "cp", "/policy.json", "s/image-generation/card.png")

        def status(path: str, *options: str) -> str:
            return keeper.exec(
                "curl", "-sS", *options, "-o", "/dev/null", "-w", "%{http_code}", f"http://minio:9000{path}"
            ).output

        assert status("/image-generation/card.png") == "403"
        keeper.expect("mc", "anonymous", "set", "download", "s/image-generation")
        assert status("/image-generation/card.png") == "200"
        assert status("/image-generation/card.png", "-X", "PUT") == "403"
        assert status("/replays/") == "403"
        keeper.expect("mc", "anonymous", "set", "none", "s/image-generation")
        assert status("/image-generation/card.png") == "403"

    def test_keeps_objects_and_users_in_its_volume(self, trial: Trial) -> None:
        first = self.start(trial)
        keeper = self.keeper(trial)
        self.set_up(keeper)
        keeper.expect("mc", "cp", "/usr/local/bin/mc", "a/replays/large")
        keeper.expect("mc", "cp", "/policy.json", "a/replays/small")
        first.leave(within=TERM_SECONDS)
        self.start(trial)
        assert keeper.expect("mc", "cat", "a/replays/small") == self.POLICY
        whole = keeper.expect("sh", "-c", "mc cat a/replays/large | cmp - /usr/local/bin/mc && echo same")
        assert whole.strip() == "same"
