"""Formats in environment files: what is refused, and in which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from layers.errors import SettingsError
from layers.loading import ENVIRONMENTS, environment_names, load_environment
from layers.settings.digitalocean import droplet_sizes, regions
from layers.settings.nodes import Engine

HOST = "a host is a name such as sprocket.example.com: labels of a-z, 0-9 and -, with dots between them"
WHOLE = "write the full host name and nothing else"
PAST_EXACT = "a number above 2^53 loses its last digits wherever JSON is read into floating point"
KEY = (
    "a public key is one line that begins with ssh-ed25519, sk-ssh-ed25519@openssh.com, ssh-rsa or ecdsa-sha2-nistp256; "
    "paste the one line of ~/.ssh/id_ed25519.pub, or write supplied and give it as TF_VAR_ssh_key_<name>"
)
GOOD_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGcTsYKfHoT1Y4PYQ5fM2qCKDOOcGRzNFZ4tnuZWpJiK"
STORES = ", ".join(load_environment("prod").store_names)
BUCKET = "bucket: sprocket-prod-state, endpoint: nyc3.digitaloceanspaces.com"
LABEL = "use at most 40 of a-z, 0-9 and -, no dash first or last"


def problems(folder: Path, old: str, new: str) -> list[str]:
    """All problems of prod.yaml after one text in it was replaced."""
    text = (ENVIRONMENTS / "prod.yaml").read_text()
    assert old in text, f"the test no longer fits prod.yaml: {old!r} is not in it"
    (folder / "prod.yaml").write_text(text.replace(old, new, 1))
    try:
        load_environment("prod", folder)
    except SettingsError as error:
        return [str(problem) for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("Sprocket.mlesports.gg", f"has upper-case letters; {HOST}; write sprocket.mlesports.gg"),
        ("sprocket.mlesports.gg.", f"ends in a dot; {HOST}; write sprocket.mlesports.gg"),
        (
            "https://sprocket.mlesports.gg",
            f"is a URL with its scheme; {HOST}; write sprocket.mlesports.gg",
        ),
        ("sprocket.mlesports.gg:443", f"has a port; {HOST}; write sprocket.mlesports.gg"),
        ("sprocket.mlesports.gg/admin", f"has a path; {HOST}; write sprocket.mlesports.gg"),
        (
            "HTTPS://Sprocket.gg:443/a?b",
            "is a URL with its scheme, has a path, has a port and has upper-case letters; "
            f"{HOST}; write sprocket.gg",
        ),
        ('"*.mlesports.gg"', f"is a wildcard; {HOST}; write mlesports.gg"),
        ("admin@mlesports.gg", f"has a user before an @; {HOST}; write mlesports.gg"),
        ("a_b.gg", f"has an underscore; {HOST}; write a-b.gg"),
        ("localhost", f"has one label only; browsers refuse a cookie for one; {HOST}; {WHOLE}"),
        ("10.0.0.1", f"is an IP address; cookies and certificates are for names; {HOST}; {WHOLE}"),
        (
            "spröcket.gg",
            f"has letters other than a-z; DNS has their xn-- spelling (punycode); {HOST}; write xn--sprcket-c1a.gg",
        ),
        (
            "straße.gg",
            f"has letters other than a-z; DNS has their xn-- spelling (punycode); {HOST}; {WHOLE}",
        ),
        ("a..gg", f"has an empty label (two dots together, or one in front); {HOST}; {WHOLE}"),
        ("-a.gg", f"has a label that begins or ends with a dash; {HOST}; {WHOLE}"),
        ('"a b.gg"', f"has characters that no host name has; {HOST}; {WHOLE}"),
        (f"{'a' * 64}.gg", f"has a label of more than 63 characters; {HOST}; {WHOLE}"),
        ('""', f"is empty; {HOST}; {WHOLE}"),
    ],
)
def test_each_thing_that_is_no_host_has_its_own_sentence(tmp_path: Path, written: str, words: str) -> None:
    (found,) = problems(tmp_path, "domain: sprocket.mlesports.gg", f"domain: {written}")
    shown = written.strip('"') if len(written) < 60 else f"{written[:60]}..."
    assert found == f"prod.yaml: domain: {shown!r} {words}"


@pytest.mark.parametrize("written", ["NYC3", "nyc4"])
def test_an_unknown_region_names_all_and_the_nearest(tmp_path: Path, written: str) -> None:
    (found,) = problems(tmp_path, "region: nyc3", f"region: {written}")
    assert found == (
        f"prod.yaml: cloud/region: {written!r} is not a region of DigitalOcean; "
        f"regions are {', '.join(regions())}; write nyc3"
    )


@pytest.mark.parametrize("written", ["S-8VCPU-16GB", "s-8vcpu-15gb"])
def test_an_unknown_size_names_the_nearest(tmp_path: Path, written: str) -> None:
    (found,) = problems(tmp_path, "size: s-8vcpu-16gb", f"size: {written}")
    assert found.startswith(
        f"prod.yaml: nodes/app/size: {written!r} is not a droplet size of DigitalOcean; "
        "a size is a slug such as s-4vcpu-8gb (`doctl compute size list`); use s-8vcpu-16gb"
    )
    assert found.endswith(", or add a newer one to layers/settings/droplet_sizes.txt")


def test_the_tables_have_what_the_environments_order() -> None:
    clouds = [each for name in environment_names() if (each := load_environment(name)).cloud]
    assert {str(each.cloud.region) for each in clouds if each.cloud} <= set(regions())
    assert {str(pool.size) for each in clouds for pool in each.nodes.values()} <= set(droplet_sizes())
    assert len(regions()) == 18 and len(droplet_sizes()) == 182


GUILD = 'guild: "000000000000000000"'
ROLES = 'roles: {admin: ["000000000000000000"]}'
NO_ID = "is not an id of Discord; use 15 to 20 digits in quotes (in Discord: developer mode, then copy id)"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            GUILD,
            "guild: 123456789012345678",
            "guild: is the number 123456789012345678, and text is needed; "
            f'{PAST_EXACT}; put it in quotes: "123456789012345678" (id of the Discord server)',
        ),
        (
            GUILD,
            "guild: 000000000000000000",
            "guild: is the number 0, and text is needed; as a number it has already lost digits; "
            "write all digits, in quotes (id of the Discord server)",
        ),
        (GUILD, "guild: '123'", f"guild: '123' {NO_ID}; write one such as \"100000000000000001\""),
        (
            ROLES,
            "roles: {admin: [123456789012345678]}",
            "roles/admin/0: is the number 123456789012345678, and text is needed; "
            f'{PAST_EXACT}; put it in quotes: "123456789012345678"',
        ),
        (
            ROLES,
            'roles: {admin: "123456789012345678"}',
            "roles/admin: is '123456789012345678', and a list is needed; write it as [\"123456789012345678\"]",
        ),
        (
            'client_id: "000000000000000000"',
            "client_id: sprocket",
            "client_id: 'sprocket' is not the id of a Discord application; it is 15 to 20 digits, in quotes; "
            "copy the application id from discord.com/developers, or use provider fake",
        ),
    ],
)
def test_an_id_that_is_none_says_so_once(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert problems(tmp_path, old, new) == [f"prod.yaml: ingress/sign_in/{words}"]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGcTsYKf ann",
            "is cut off: a key of kind ssh-ed25519 has 68 characters after its kind, this one 32",
        ),
        (GOOD_KEY.replace("ssh-ed25519", "ssh-rsa"), "is cut off, or not of kind ssh-rsa: "),
        ("ssh-ed25519 %%%", "has something other than base64 after its kind"),
        ("~/.ssh/id_ed25519.pub", "'~/.ssh/id_ed25519.pub' is the path of a file, not what is in it"),
        ("SHA256:abc", "is the fingerprint of a key, not the key"),
        ("https://github.com/ann.keys", "is a URL, not a key"),
        ("ssh-dss AAAA ann", "begins with 'ssh-dss', which is no kind of key that is taken here"),
        (f'"{GOOD_KEY}\\n{GOOD_KEY}"', "has several lines; a key is one line, and each person's key"),
        ("---- BEGIN SSH2 PUBLIC KEY ----", "is in the format of PuTTY, not in OpenSSH's"),
    ],
)
def test_what_is_no_public_key_says_what_it_is(tmp_path: Path, written: str, words: str) -> None:
    (found,) = problems(tmp_path, "{ci: supplied}", f"\n    ci: {written}")
    assert found.startswith(f"prod.yaml: cloud/ssh_keys/ci: {words}") and found.endswith(KEY)


def test_a_public_key_with_a_comment_is_taken(tmp_path: Path) -> None:
    assert problems(tmp_path, "{ci: supplied}", f"{{ci: {GOOD_KEY} ann@example.org}}") == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("count: 1", "count: 0", "nodes/app/count: is the number 0, which is out of range"),
        (
            "count: 1",
            "count: .inf",
            "nodes/app/count: is infinite, or too large a number, not a whole number",
        ),
        (
            "count: 1",
            "count: 1.0e+400",
            "nodes/app/count: is infinite, or too large a number, not a whole number",
        ),
        ("count: 1", "count: null", "nodes/app/count: is empty (null), not a whole number"),
        ("count: 1", "count: .nan", "nodes/app/count: is the number nan, not a whole number"),
        ("count: 1", "count: 1.5", "nodes/app/count: is the number 1.5, not a whole number"),
        ("count: 1", "count: true", "nodes/app/count: is true, not a whole number"),
        (
            "count: 1",
            f"count: 0x{'f' * 5000}",
            "nodes/app/count: is a number of 20000 bits, which is out of range",
        ),
        ("count: 1", f"count: {10**40}", f"nodes/app/count: is the number {10**40}, which is out of range"),
    ],
)
def test_a_number_that_cannot_be_says_the_range(tmp_path: Path, old: str, new: str, words: str) -> None:
    (found,) = problems(tmp_path, old, new)
    assert found == f"prod.yaml: {words}; write a whole number from 1 to 20 (how many nodes)"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("redis: 5", "redis: 0", "cloud/volumes/redis: is the number 0, which is out of range; write a whole number from 1 to 16384 (GiB)"),
        ("redis: 5", "redis: 5GiB", "cloud/volumes/redis: is '5GiB', not a whole number; write a whole number from 1 to 16384 (GiB), without quotes"),
        ("memory: 16GiB", "memory: 16", "nodes/app/memory: is the number 16, and text is needed; write it with KiB, MiB or GiB, such as 512MiB (memory of one node)"),
        ("memory: 16GiB", f"memory: {'9' * 400}GiB", f"nodes/app/memory: size '{'9' * 60}...' is not understood; write it with KiB, MiB or GiB, such as 512MiB"),
        ('version: "17"', "version: 17", 'cloud/database/version: is the number 17, and text is needed; put it in quotes: "17" (major version of Postgres, in quotes)'),
        ("source: lock", "source: locks", "images/source: is 'locks'; use one of lock, packages; did you mean lock? (lock: images.lock.yaml; packages: built on this machine by `python -m images`, digests in images.packages.lock.yaml)"),
        ("spaces: {backups: sprocket-prod-backups", "spaces: {backups: Sprocket_prod", "cloud/spaces/backups: 'Sprocket_prod' is not a bucket name; use 3 to 63 of a-z, 0-9 and -, no dash first or last (minio-go v7 pkg/s3utils/utils.go, CheckValidBucketNameStrict); write sprocket-prod"),
        ("10.124.0.0/20", "10.124.0.5/20", "cloud/vpc_range: 10.124.0.5/20 has host bits set; write the first address and the length, such as 203.0.113.0/24; use 10.124.0.0/20"),
        ("10.124.0.0/20", "100.64.0.0/20", "cloud/vpc_range: 100.64.0.0/20 is not a private IPv4 network of /16 to /28; it must be inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16; use one such as 10.124.0.0/20"),
        ("{ci: supplied}", "{Ci_1: supplied}", f"cloud/ssh_keys: 'Ci_1' is not a name that DNS and Docker take; {LABEL}; write ci-1"),
        ("main: {host", "Main_1: {host", f"platform/instances: 'Main_1' is not a name that DNS and Docker take; {LABEL}; write main-1"),
        ("cpus: 8", "cpus: 4", "nodes/app: size s-8vcpu-16gb has 8 cores and 16GiB, but cpus and memory say 4 and 16GiB; write cpus: 8 and memory: 16GiB, or order another size"),
        ("source: lock", f"source: lock, overrides: {{web: {{name: a/web, tag: a, digest: 'sha256:{'e' * 63}'}}}}", f"images/overrides/web/digest: 'sha256:{'e' * 53}...' is not a digest; use sha256: and 64 hex digits in lower case, or unresolved for one that nobody looked up yet; copy it again, or let python -m ops images resolve look it up"),
        (f"backend: spaces, {BUCKET}", "backend: local", "state/backend: is local, and what cloud orders is real: the state, which has secrets in it, would be in a file of one machine, without a lock and without a backup; use spaces, with bucket and endpoint"),
        ("provider: discord", "provider: fake", "ingress/sign_in/provider: is fake, which lets everybody in as admin, and sprocket.mlesports.gg is public; use discord; fake is for domains that end in .example, .invalid, .localhost, .test"),
        ("{kind: directory}", "{kind: directory, labels: {redi: main}}", f"stores/labels/redi: no service of the environment stores anything under that name; stores here are {STORES}; did you mean redis?"),
        ("image_generation_frontend: false", "image_generation_frontend: 'no'", "platform/instances/main/image_generation_frontend: is 'no', not true or false; write true or false, without quotes (the editor for report cards; it cannot reach a database that demands TLS)"),
        ("[192.0.2.0/24]", "192.0.2.0/24", "cloud/access/ssh_from: is '192.0.2.0/24', and a list is needed; write it as [\"192.0.2.0/24\"] (addresses that may reach port 22)"),
    ],
)  # fmt: skip
def test_other_values_say_what_they_are_and_what_to_write(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    assert problems(tmp_path, old, new) == [f"prod.yaml: {words}"]


WAY = "use unix:// with the path of a socket, or ssh://user@host, with :port where it is not 22"
NO_WAY = f"is not a way to the engine; {WAY}; write one such as unix:///var/run/docker.sock or ssh://deploy@swarm.example.com"
NO_ADDRESS = (
    f"is not an IP address; {WAY}; write a host name, an IPv4 address, or an IPv6 address in brackets"
)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("tcp://a:2375", f"'tcp://a:2375' {NO_WAY}"),
        ("ssh://swarm.example.com", f"'ssh://swarm.example.com' {NO_WAY}"),
        ("ssh://deploy@a:b", f"'ssh://deploy@a:b' {NO_WAY}"),
        ("ssh://deploy@1.2.3.999", f"1.2.3.999 {NO_ADDRESS}"),
        ("ssh://deploy@[1::2::3]", f"1::2::3 {NO_ADDRESS}"),
        ("ssh://deploy@a.example.com:0", "port 0 is out of range; use 1 to 65535, or leave it out for 22"),
        (
            "ssh://deploy@192.0.2.1:99999",
            "port 99999 is out of range; use 1 to 65535, or leave it out for 22",
        ),
    ],
)
def test_what_is_no_way_to_an_engine_says_why(tmp_path: Path, written: str, words: str) -> None:
    found = problems(tmp_path, "ssh://deploy@swarm.sprocket.mlesports.gg", written)
    assert found == [f"prod.yaml: engine/host: {words}"]


@pytest.mark.parametrize("scheme", ["ssh://", "ssh:/", ""])
@pytest.mark.parametrize("rest", ["a.example.com", "a.example.com:22", "a.example.com:x", "se@cret"])
def test_a_password_in_the_way_to_an_engine_is_refused_and_never_shown(
    tmp_path: Path, scheme: str, rest: str
) -> None:
    (found,) = problems(tmp_path, "ssh://deploy@swarm.sprocket.mlesports.gg", f"{scheme}deploy:s3cret@{rest}")
    assert found.startswith("prod.yaml: engine/host: has a password (not shown), which belongs in no file")
    assert "s3cret" not in found and "se@" not in found


@pytest.mark.parametrize(
    "written",
    [
        "unix:///var/run/docker.sock",
        "ssh://deploy@a",
        "ssh://d_1@192.0.2.1:2222",
        "ssh://deploy@[2001:db8::1]:22",
    ],
)
def test_a_way_to_an_engine_is_taken(written: str) -> None:
    assert Engine(host=written).host == written


def test_a_range_that_overlaps_is_told_as_parts(tmp_path: Path) -> None:
    """What a command line prints apart, it gets apart."""
    text = (ENVIRONMENTS / "prod.yaml").read_text()
    (tmp_path / "prod.yaml").write_text(text.replace("region: nyc3", "region: NYC3"))
    with pytest.raises(SettingsError) as caught:
        load_environment("prod", tmp_path)
    (problem,) = caught.value.problems
    assert problem.path == "prod.yaml: cloud/region"
    assert problem.problem == "'NYC3' is not a region of DigitalOcean"
    assert problem.allowed.startswith("regions are ams2, ") and problem.fix == "write nyc3"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Prod", "environments: 'Prod' is not the name of an environment; use at most 30 of a-z"),
        ("qa_1", "environments: 'qa_1' is not the name of an environment; use at most 30 of a-z"),
        ("a b", "environments: 'a b' is not the name of an environment; use at most 30 of a-z"),
        ("../prod", "environments: '../prod' is not the name of an environment; use at most 30 of a-z"),
        ("all", "environments: 'all' is not the name of an environment; use at most 30 of a-z"),
        ("", "environments: '' is not the name of an environment; use at most 30 of a-z"),
        ("prdo", "prdo.yaml: there is no environment 'prdo'; did you mean prod? use one of local, prod"),
    ],
)
def test_a_name_that_no_environment_has(name: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_environment(name)
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize(
    ("file", "asked", "fix"),
    [
        ("Prod2.yaml", "Prod2", "rename {folder}/Prod2.yaml to prod2.yaml"),
        ("qa_1.yaml", "qa_1", "rename {folder}/qa_1.yaml to qa-1.yaml"),
        ("1qa.yaml", "1qa", "rename {folder}/1qa.yaml to such a name"),
        (f"{'q' * 34}.yaml", "q" * 34, f"rename {{folder}}/{'q' * 34}.yaml to such a name"),
        ("ä.yaml", "ä", "rename {folder}/ä.yaml to such a name"),
        ("all.yaml", "all", "rename {folder}/all.yaml to such a name"),
        ("qa.yml", "qa", "rename {folder}/qa.yml to qa.yaml"),
    ],
)
def test_a_file_whose_name_no_environment_can_have(tmp_path: Path, file: str, asked: str, fix: str) -> None:
    (tmp_path / file).write_text((ENVIRONMENTS / "prod.yaml").read_text())
    with pytest.raises(SettingsError) as caught:
        load_environment(asked, tmp_path)
    (problem,) = caught.value.problems
    assert problem.file == file and problem.fix == fix.format(folder=tmp_path)


def test_no_file_is_renamed_over_another(tmp_path: Path) -> None:
    for file in ("Qa.yaml", "qa.yaml"):
        (tmp_path / file).write_text("domain: qa.example.org\n")
    with pytest.raises(SettingsError, match=r"; rename .*/Qa\.yaml to such a name$"):
        load_environment("Qa", tmp_path)
