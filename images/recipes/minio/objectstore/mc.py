"""The part of MinIO's client `mc` that services here use, in its own words; everything else is refused."""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from .client import Alias, Failed, load, save

_KNOWN = """mc here stands in for MinIO's client and knows:
  mc alias set ALIAS URL [ACCESSKEY SECRETKEY]    (missing keys: one line each on standard input)
  mc ready ALIAS
  mc mb [--ignore-existing] ALIAS/BUCKET...
  mc anonymous set none|download ALIAS/BUCKET
  mc admin user add ALIAS [ACCESSKEY [SECRETKEY]] (missing keys: one line each on standard input)
  mc admin user list ALIAS
  mc admin user remove ALIAS ACCESSKEY
  mc admin policy create ALIAS NAME FILE
  mc admin policy attach ALIAS NAME --user ACCESSKEY
  mc ls [--recursive] ALIAS[/BUCKET[/PREFIX]]
  mc stat ALIAS/BUCKET[/KEY]
  mc cp SOURCE TARGET                             (one of them ALIAS/BUCKET/KEY or both)
  mc cat ALIAS/BUCKET/KEY"""


_JSON = "--json" in sys.argv


def _line() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _target(text: str) -> tuple[Alias, str, str]:
    """Alias, bucket and key of ALIAS/BUCKET/KEY; bucket and key may be empty."""
    alias, _, rest = text.partition("/")
    bucket, _, key = rest.partition("/")
    return load(alias), bucket, key


def _admin(alias: Alias, method: str, *words: str, body: object = None) -> bytes:
    path = "/minio/admin/" + "/".join(quote(word, safe="") for word in words)
    return alias.request(method, path, json.dumps(body).encode() if body is not None else b"")


def alias_set(name: str, url: str, *keys: str) -> None:
    if len(keys) not in (0, 2):
        raise Failed("give both keys, or none and each as a line of standard input")
    access_key, secret_key = keys if keys else (_line(), _line())
    alias = Alias(url.rstrip("/"), access_key, secret_key)
    try:
        alias.request("GET", "/sprocket-probe-of-keys", query="location=")
    except Failed as error:
        if "NoSuchBucket" not in str(error) and "AccessDenied" not in str(error):
            raise Failed(f"Unable to initialize new alias from the provided credentials. {error}") from None
    save(name, alias)
    print(f"Added `{name}` successfully.")


def ready(name: str) -> None:
    alias = load(name)
    while True:
        try:
            with urllib.request.urlopen(f"{alias.url}/minio/health/cluster", timeout=5):
                print("The cluster is ready")
                return
        except urllib.error.HTTPError:
            print("The cluster is not ready", flush=True)
        except OSError as error:
            print(f"The cluster is unreachable: {error}", flush=True)
        time.sleep(0.5)


def make_buckets(*words: str) -> None:
    targets = [word for word in words if word not in ("--ignore-existing", "-p")]
    for target in targets or [""]:
        alias, bucket, key = _target(target)
        if not bucket or key:
            raise Failed(f"`{target}`: should be ALIAS/BUCKET")
        try:
            alias.request("PUT", f"/{bucket}")
        except Failed as error:
            exists = "BucketAlreadyOwnedByYou" in str(error) or "BucketAlreadyExists" in str(error)
            if not exists or len(targets) == len(words):
                raise Failed(f"Unable to make bucket `{target}`. {error}") from None
        print(f"Bucket created successfully `{target}`.")


def anonymous_set(access: str, target: str) -> None:
    alias, bucket, _ = _target(target)
    alias.head(f"/{bucket}")
    _admin(alias, "PUT", "anonymous", bucket, body={"access": access})
    print(f"Access permission for `{target}` is set to `{access}`")


def user_add(name: str, *keys: str) -> None:
    access_key = keys[0] if keys else _line()
    secret_key = keys[1] if len(keys) > 1 else _line()
    _admin(load(name), "PUT", "user", access_key, body={"secret": secret_key})
    print(f"Added user `{access_key}` successfully.")


def user_list(name: str) -> None:
    for key, policies in json.loads(_admin(load(name), "GET", "users")).items():
        said = {
            "status": "success",
            "accessKey": key,
            "policyName": ",".join(policies),
            "userStatus": "enabled",
        }
        print(json.dumps(said) if _JSON else f"enabled    {key}  {said['policyName']}")


def user_remove(name: str, access_key: str) -> None:
    _admin(load(name), "DELETE", "user", access_key)
    print(f"Removed user `{access_key}` successfully.")


def policy_create(name: str, policy: str, file: str) -> None:
    try:
        document = json.loads(Path(file).read_text())
    except (OSError, ValueError) as error:
        raise Failed(f"{file}: {error}") from None
    _admin(load(name), "PUT", "policy", policy, body=document)
    print(f"Created policy `{policy}` successfully.")


def policy_attach(name: str, policy: str, flag: str, user: str) -> None:
    if flag != "--user":
        raise Failed(f"`{flag}`: this stand-in knows --user")
    _admin(load(name), "POST", "attach", policy, user)
    print(f"Attached Policies: [{policy}]\nTo User: {user}")


def list_(*words: str) -> None:
    recursive = bool({"--recursive", "-r"}.intersection(words))
    alias, bucket, prefix = _target(next((word for word in words if not word.startswith("-")), ""))
    if not bucket:
        print("\n".join(f"{name}/" for name in alias.buckets()))
        return
    for key, size, when in alias.objects(bucket, prefix, recursive=recursive):
        print(f"[{when}] {size}B STANDARD {key}" if when else f"[]  0B {key}")


def stat(target: str) -> None:
    alias, bucket, key = _target(target)
    said = alias.head(f"/{bucket}/{key}" if key else f"/{bucket}")
    print(f"Name      : {key or bucket}")
    if key:
        print(f"Date      : {said.get('last-modified', '')}\nSize      : {said.get('content-length', '')} B")
        print(f"ETag      : {said.get('etag', '').strip(chr(34))}\nType      : file")
    else:
        print("Type      : folder")


def copy(source: str, target: str) -> None:
    data = Path(source).read_bytes() if Path(source).is_file() else _read(source)
    alias_name = target.partition("/")[0]
    if target.startswith(("/", ".")) or "/" not in target:
        path = Path(target)
        (path / Path(source).name if path.is_dir() else path).write_bytes(data)
    else:
        _, bucket, key = _target(target)
        key = key + Path(source).name if not key or key.endswith("/") else key
        load(alias_name).request("PUT", f"/{bucket}/{key}", data)
    print(f"`{source}` -> `{target}`")


def _read(target: str) -> bytes:
    alias, bucket, key = _target(target)
    if not key:
        raise Failed(f"`{target}`: should be a file or ALIAS/BUCKET/KEY")
    return alias.request("GET", f"/{bucket}/{key}")


def cat(target: str) -> None:
    sys.stdout.buffer.write(_read(target))


_COMMANDS: dict[tuple[str, ...], tuple[Callable[..., None], range]] = {
    ("alias", "set"): (alias_set, range(2, 5)),
    ("ready",): (ready, range(1, 2)),
    ("mb",): (make_buckets, range(1, 100)),
    ("anonymous", "set"): (anonymous_set, range(2, 3)),
    ("admin", "user", "add"): (user_add, range(1, 4)),
    ("admin", "user", "list"): (user_list, range(1, 2)),
    ("admin", "user", "remove"): (user_remove, range(2, 3)),
    ("admin", "policy", "create"): (policy_create, range(3, 4)),
    ("admin", "policy", "attach"): (policy_attach, range(4, 5)),
    ("ls",): (list_, range(1, 3)),
    ("stat",): (stat, range(1, 2)),
    ("cp",): (copy, range(2, 3)),
    ("cat",): (cat, range(1, 2)),
}


def main() -> None:
    """Entry point."""
    words = [word for word in sys.argv[1:] if word not in ("--quiet", "-q", "--no-color", "--json")]
    for name, (command, arity) in _COMMANDS.items():
        rest = words[len(name) :]
        if tuple(words[: len(name)]) == name and len(rest) in arity:
            try:
                command(*rest)
            except Failed as error:
                sys.exit(f"mc: <ERROR> {error}")
            return
    print(_KNOWN, file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main()
