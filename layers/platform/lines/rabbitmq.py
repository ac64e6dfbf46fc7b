"""The services of the last images that speak RabbitMQ (commit f0abc12b of 2026-05-11)."""

from ..core import Core
from ..discord_bot import DiscordBot
from ..elo_service import EloService
from ..image_generation_frontend import ImageGenerationFrontend
from ..image_generation_service import ImageGenerationService
from ..instance import Instance
from ..matchmaking_service import MatchmakingService
from ..migration import Migration
from ..notification_service import NotificationService
from ..replay_parse_service import ReplayParseService
from ..server_analytics_service import ServerAnalyticsService
from ..submission_service import SubmissionService
from ..web import Web


def build(instance: Instance) -> None:
    """Declares them for one instance."""
    core = Core(instance, migration=Migration(instance))
    Web(instance, core=core)
    DiscordBot(instance)
    MatchmakingService(instance)
    SubmissionService(instance)
    ReplayParseService(instance)
    NotificationService(instance)
    ServerAnalyticsService(instance)
    ImageGenerationService(instance)
    if instance.settings.image_generation_frontend:
        ImageGenerationFrontend(instance)
    if instance.settings.elo:
        EloService(instance)


OPTIONAL_SHARES = ("elo-service", "dgraph-zero", "dgraph-alpha")
