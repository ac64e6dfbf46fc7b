"""Discord bot: commands, reminders and report cards in the league's Discord server."""

from __future__ import annotations

from .health import stays_connected_to
from .instance import Instance
from .node_service import NodeService
from .production_json import Bot, ProductionJson


class DiscordBot(NodeService):
    """Exactly one, and stop-first: two with one token would answer everything twice. It listens nowhere."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(
            instance,
            "discord-bot",
            program="clients/discord-bot/dist/main.js",
            health=stays_connected_to(instance.data.rabbitmq.service.endpoint().port),
        )
        self.reaches_internet(because="is connected to Discord")
        # From this file only: the image ignores the variable.
        self.reads_value(instance.secrets.discord_bot_token, "bot-token.txt", name="discord-bot-token")
        self.reads_settings(
            ProductionJson(
                logger=self.logs_at_levels(),
                transport=self.uses_broker(consumes="bot", sends=("analytics", "core"), events=True),
                minio=self.uses_object_storage(images=True),
                bot=Bot(prefix=instance.settings.bot_prefix),
            )
        )
