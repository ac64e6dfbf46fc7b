"""Where Terraform keeps a stack's state."""

from pathlib import Path

from sprocket_constructs import LocalBackend, S3Backend, S3BackendEndpointConfig, TerraformStack

from .loading import ROOT
from .settings.environment import Environment

PRIVATE = 0o700


def keep_state(stack: TerraformStack, settings: Environment) -> None:
    """Gives the stack its backend: a file below ``.sprocket/state``, or a private Spaces bucket with a lock."""
    if settings.state.backend == "local":
        LocalBackend(stack, path=str(_private(ROOT) / f"{stack.node.id}.tfstate"))
        return
    S3Backend(
        stack,
        bucket=settings.state.bucket or "",
        key=f"{stack.node.id}.tfstate",
        region="us-east-1",
        endpoints=S3BackendEndpointConfig(s3=f"https://{settings.state.endpoint}"),
        skip_credentials_validation=True,
        skip_requesting_account_id=True,
        skip_metadata_api_check=True,
        skip_region_validation=True,
        skip_s3_checksum=True,
    )
    # cdktf 0.21 has no property for it.
    stack.add_override("terraform.backend.s3.use_lockfile", True)


def _private(root: Path) -> Path:
    """The folder of the state files, for its owner only: Terraform writes them readable, with every password."""
    folder = root / ".sprocket" / "state"
    folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    for each in (folder.parent, folder):
        if each.stat().st_mode & 0o077:
            each.chmod(PRIVATE)
    return folder
