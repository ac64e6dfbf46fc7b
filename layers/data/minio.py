"""MinIO in the swarm."""

from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

from sprocket_constructs import (
    Construct,
    SwarmConfig,
    SwarmSecret,
    SwarmService,
)

from ..backup.backups import Backups
from ..ingress.layer import IngressLayer
from ..minio_server import keeps_objects, minio_server
from ..names import MINIO_POLICY
from ..rendering import render, to_json
from ..secrets import PlatformSecrets
from ..site import Site
from .bucket_backup import bucket_backup
from .keeper import keeper
from .object_storage import Account, ObjectStorage, S3Address

HERE = Path(__file__).parent
ROOT_USER = "sprocket-root"
ROOT_KEYS = "/run/secrets/minio-root"
REGION = "us-east-1"
"""MinIO's default; it accepts signatures for no other."""

READ = ("s3:GetObject", "s3:GetObjectTagging")
WRITE = (
    "s3:PutObject",
    "s3:PutObjectTagging",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
)
MAKE = ("s3:CreateBucket", "s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy")
LIST = ("s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads")


class Policy(TypedDict):
    """A policy in the form that MinIO shares with AWS."""

    Version: str
    Statement: list[dict[str, object]]


class MinIO(ObjectStorage):
    """One server on one disk, and the keeper that makes buckets, users and policies in it.

    The S3 API answers inside the swarm only; the console is an admin page.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        site: Site,
        secrets: PlatformSecrets,
        ingress: IngressLayer,
        backups: Backups,
    ) -> None:
        super().__init__(scope, id_)
        assert secrets.minio is not None  # they are there wherever there is a MinIO
        self._keys = secrets.minio
        self._password = secrets.minio.root_password
        self.service = self._server(site, ingress)
        self.keeper = keeper(self, "minio-keeper", site=site, image=site.image("minio"), work=self._work)
        root_keys = SwarmSecret(
            self, "root-keys", name="minio-root", content=f"{ROOT_USER}\n{self._password}\n"
        )
        self.keeper.reads(root_keys, at=ROOT_KEYS)
        self.keeper.connect_to(self.service)
        self._knows(self._backup_account, lambda: backup_policy_of(self._backup_account))
        backup = bucket_backup(
            self,
            storage=self,
            accounts=lambda: [self._backup_account],
            url=f"http://{self.service.endpoint('s3')}",
            image=site.image("minio"),
            server=self.service,
            backups=backups,
        )
        backup.starts_after(self.keeper)
        keeps_objects(self.service, self, site=site, backup=backup)

    @property
    def _backup_account(self) -> Account:
        keys = self._keys
        return Account(
            access_key=keys.backup_access_key,
            secret_key=keys.backup_secret_key,
            buckets=tuple(bucket.name for bucket in self.buckets),
        )

    def connect(self, client: SwarmService) -> S3Address:
        endpoint = client.connect_to(self.service)
        client.starts_after(self.keeper)
        return S3Address(host=endpoint.host, port=endpoint.port, tls=False, region=REGION)

    def _admit(self, account: Account) -> None:
        self._knows(account, lambda: policy_of(account))

    def _knows(self, account: Account, policy_of_it: Callable[[], Policy]) -> None:
        MINIO_POLICY.check(self, _policy_name(account))
        keys = SwarmSecret(
            self,
            f"keys-{account.name}",
            name=f"minio-{account.name}",
            content=f"{account.access_key}\n{account.secret_key}\n",
        )
        self.keeper.reads(keys, at=_keys_file(account))
        policy = SwarmConfig(
            self,
            f"policy-{account.name}",
            name=f"minio-policy-{account.name}",
            content=lambda: to_json(policy_of_it()),
        )
        self.keeper.reads(policy, at=_policy_file(account))

    def _server(self, site: Site, ingress: IngressLayer) -> SwarmService:
        console = site.host("minio")
        service = minio_server(
            self,
            "minio",
            site=site,
            listens={"s3": 9000, "console": 9001},
            settings=render(HERE / "minio.env.j2", user=ROOT_USER, password=self._password, console=console),
            options=("--console-address", ":9001"),
        )
        service.expose_via(ingress.gateway, host=console, access=ingress.admin, port="console")
        return service

    def _work(self) -> str:
        return render(
            HERE / "minio-keeper.sh.j2",
            root_keys=ROOT_KEYS,
            buckets=self.buckets,
            accounts=[
                (_policy_name(a), _policy_file(a), _keys_file(a))
                for a in (*self.accounts, self._backup_account)
            ],
        )


def policy_of(account: Account) -> Policy:
    """What the account may do: everything with objects of its buckets, nothing with anything else."""
    arns = [f"arn:aws:s3:::{bucket}" for bucket in account.buckets]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": list(LIST), "Resource": arns},
            {"Effect": "Allow", "Action": [*READ, *WRITE], "Resource": [f"{arn}/*" for arn in arns]},
        ],
    }


def backup_policy_of(account: Account) -> Policy:
    """The same, and making those buckets again as they were declared: who reads a copy back may find them deleted."""
    policy = policy_of(account)
    arns = [f"arn:aws:s3:::{bucket}" for bucket in account.buckets]
    making: dict[str, object] = {"Effect": "Allow", "Action": list(MAKE), "Resource": arns}
    return {"Version": policy["Version"], "Statement": [*policy["Statement"], making]}


def _policy_name(account: Account) -> str:
    return f"sprocket-{account.name}"


def _keys_file(account: Account) -> str:
    return f"/run/secrets/{account.name}"


def _policy_file(account: Account) -> str:
    return f"/etc/sprocket/policies/{account.name}.json"
