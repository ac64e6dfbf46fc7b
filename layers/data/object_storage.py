"""The S3 API: one interface for MinIO in the swarm and for DigitalOcean Spaces."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from sprocket_constructs import Construct, ConstructError, SecretValue, SwarmService

from ..names import S3_BUCKET


@dataclass(frozen=True, kw_only=True)
class S3Address:
    """Where the S3 API answers. ``region`` is what signatures carry."""

    host: str
    port: int
    tls: bool
    region: str


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A bucket; ``anonymous_read`` lets anybody fetch an object whose name they know."""

    name: str
    anonymous_read: bool


@dataclass(frozen=True, kw_only=True)
class Account:
    """A pair of keys that may read, write and list in its buckets and do nothing else."""

    access_key: SecretValue
    secret_key: SecretValue
    buckets: tuple[str, ...]

    @property
    def name(self) -> str:
        """For policies and files; the access key's own name is known to Terraform alone."""
        return self.access_key.name


class ObjectStorage(Construct):
    """What services may ask of object storage, wherever it is."""

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        self._buckets: dict[str, Bucket] = {}
        self._accounts: dict[str, Account] = {}

    @property
    def buckets(self) -> list[Bucket]:
        """All buckets, in the order they were declared."""
        return list(self._buckets.values())

    @property
    def accounts(self) -> list[Account]:
        """All accounts, in the order they were declared."""
        return list(self._accounts.values())

    @abstractmethod
    def connect(self, client: SwarmService) -> S3Address:
        """Lets a service reach it, after buckets and accounts are there."""

    def bucket(self, name: str, *, anonymous_read: bool = False) -> None:
        """Declares a bucket, private unless it says otherwise.

        Raises:
            ConstructError: S3 does not accept the name, or the bucket is declared twice.
        """
        S3_BUCKET.check(self, name)
        if name in self._buckets:
            raise ConstructError(self, f"bucket {name} is declared twice", fix="give each its own name")
        self._buckets[name] = Bucket(name=name, anonymous_read=anonymous_read)

    def account(self, *, access_key: SecretValue, secret_key: SecretValue, buckets: Sequence[str]) -> None:
        """Declares a pair of keys for these buckets alone.

        Raises:
            ConstructError: no bucket, an undeclared one, or the access key has an account already.
        """
        unknown = sorted(set(buckets) - set(self._buckets))
        if unknown or not buckets:
            have = ", ".join(self._buckets) or "none yet"
            raise ConstructError(
                self,
                f"account {access_key.name} is for {', '.join(unknown) or 'no bucket'}; declared are {have}",
                fix="declare the bucket first and name it",
            )
        account = Account(access_key=access_key, secret_key=secret_key, buckets=tuple(buckets))
        if account.name in self._accounts:
            raise ConstructError(
                self, f"account {account.name} is declared twice", fix="give all its buckets at once"
            )
        self._accounts[account.name] = account
        self._admit(account)

    def _admit(self, account: Account) -> None:
        """Prepares the storage for a new account."""
