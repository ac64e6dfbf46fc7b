"""What to do when Terraform refuses a plan because it would lose something."""

import re

from layers.cloud.protected import PROTECTED

_FRAME = re.compile(r"^[│╷╵ ]+", re.M)
_DESTROYED = re.compile(r"Resource\s+(\S+)\s+has\s+lifecycle\.prevent_destroy\s+set")
_SHRUNK = re.compile(r"`size`\s+can\s+only\s+be\s+expanded")
_SHRUNK_WHERE = re.compile(r"with\s+(digitalocean_volume\.\S+?),?\s")


def way_out(said: str) -> list[str]:
    """A sentence for each thing that a refused plan would have lost: what, and what to do.

    Args:
        said: all that Terraform wrote.

    Returns:
        Nothing when it was refused for another reason.
    """
    text = _FRAME.sub("", said)
    found = list(dict.fromkeys(_DESTROYED.findall(text)))
    sentences = [_kept(address) for address in found]
    if _SHRUNK.search(text):
        where = _SHRUNK_WHERE.search(text)
        sentences.append(_shrunk(where[1] if where else "a volume"))
    return sentences


def _kept(address: str) -> str:
    known = PROTECTED.get(address.partition(".")[0])
    lost = known.lost if known else "something that is kept"
    return (
        f"{address} would be destroyed or replaced, and with it {lost}; undo the edit. If the loss is intended, back up what "
        f"is in it, remove it from the state (terraform state rm '{address}' in the stack's folder), deploy, and delete it "
        "in DigitalOcean's control panel once it is no longer needed"
    )


def _shrunk(address: str) -> str:
    return (
        f"{address} would shrink, which is not possible; restore the larger number. For a smaller one, back the store up, "
        f"remove the volume from the state (terraform state rm '{address}' in the stack's folder), rename or delete it in "
        "DigitalOcean's control panel, deploy, and restore into the new one"
    )
