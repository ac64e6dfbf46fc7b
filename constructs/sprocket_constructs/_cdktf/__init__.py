"""The only package that imports cdktf and the generated provider bindings.

cdktf was archived on 2025-12-10; its successor is published as ``cdktn``. Everything else in this
repository imports these names from here, so the move to it changes this package,
``requirements.txt`` and ``cdktf.json`` and nothing else (docs/decisions/0001-cdktf-behind-one-module.md).

What only a cloud stack needs is in :mod:`.cloud`.
"""

from cdktf import (
    App,
    LocalBackend,
    S3Backend,
    S3BackendEndpointConfig,
    TerraformOutput,
    TerraformResource,
    TerraformResourceLifecycle,
    TerraformStack,
    TerraformVariable,
    TerraformVariableValidationConfig,
    Token,
)
from cdktf_cdktf_provider_docker.config import Config
from cdktf_cdktf_provider_docker.network import Network
from cdktf_cdktf_provider_docker.provider import DockerProvider, DockerProviderRegistryAuth
from cdktf_cdktf_provider_docker.secret import Secret
from cdktf_cdktf_provider_docker.service import (
    Service,
    ServiceConvergeConfig,
    ServiceEndpointSpec,
    ServiceEndpointSpecPorts,
    ServiceLabels,
    ServiceMode,
    ServiceModeReplicated,
    ServiceRollbackConfig,
    ServiceTaskSpec,
    ServiceTaskSpecContainerSpec,
    ServiceTaskSpecContainerSpecConfigs,
    ServiceTaskSpecContainerSpecHealthcheck,
    ServiceTaskSpecContainerSpecMounts,
    ServiceTaskSpecContainerSpecSecrets,
    ServiceTaskSpecLogDriver,
    ServiceTaskSpecNetworksAdvanced,
    ServiceTaskSpecPlacement,
    ServiceTaskSpecPlacementPlatforms,
    ServiceTaskSpecResources,
    ServiceTaskSpecResourcesLimits,
    ServiceTaskSpecResourcesReservation,
    ServiceTaskSpecRestartPolicy,
    ServiceUpdateConfig,
)
from cdktf_cdktf_provider_docker.volume import Volume
from cdktf_cdktf_provider_random.password import Password
from cdktf_cdktf_provider_random.provider import RandomProvider
from constructs import Construct

__all__ = [
    "App",
    "Config",
    "Construct",
    "DockerProvider",
    "DockerProviderRegistryAuth",
    "LocalBackend",
    "Network",
    "Password",
    "RandomProvider",
    "S3Backend",
    "S3BackendEndpointConfig",
    "Secret",
    "Service",
    "ServiceConvergeConfig",
    "ServiceEndpointSpec",
    "ServiceEndpointSpecPorts",
    "ServiceLabels",
    "ServiceMode",
    "ServiceModeReplicated",
    "ServiceRollbackConfig",
    "ServiceTaskSpec",
    "ServiceTaskSpecContainerSpec",
    "ServiceTaskSpecContainerSpecConfigs",
    "ServiceTaskSpecContainerSpecHealthcheck",
    "ServiceTaskSpecContainerSpecMounts",
    "ServiceTaskSpecContainerSpecSecrets",
    "ServiceTaskSpecLogDriver",
    "ServiceTaskSpecNetworksAdvanced",
    "ServiceTaskSpecPlacement",
    "ServiceTaskSpecPlacementPlatforms",
    "ServiceTaskSpecResources",
    "ServiceTaskSpecResourcesLimits",
    "ServiceTaskSpecResourcesReservation",
    "ServiceTaskSpecRestartPolicy",
    "ServiceUpdateConfig",
    "TerraformOutput",
    "TerraformResource",
    "TerraformResourceLifecycle",
    "TerraformStack",
    "TerraformVariable",
    "TerraformVariableValidationConfig",
    "Token",
    "Volume",
]
