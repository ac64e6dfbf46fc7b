"""What each service may use: one table per size of machine."""

from pydantic import Field, model_validator
from sprocket_constructs import Resources

from .model import Settings, Size


class Share(Settings):
    """Limits and reservations of one task of one service."""

    cpu: float = Field(gt=0, strict=False, description="limit in cores")
    memory: Size = Field(description="limit")
    reserve_cpu: float = Field(gt=0, strict=False)
    reserve_memory: Size

    @model_validator(mode="after")
    def _limits_cover_reservations(self) -> "Share":
        self.resources()
        return self

    def resources(self) -> Resources:
        """As the constructs take it."""
        return Resources(
            cpu_limit=self.cpu,
            memory_limit=self.memory,
            cpu_reservation=self.reserve_cpu,
            memory_reservation=self.reserve_memory,
        )
