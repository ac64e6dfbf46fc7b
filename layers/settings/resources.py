"""What each service may use: one table per size of machine."""

from pydantic import Field, model_validator
from sprocket_constructs import Resources, size

from ..errors import SettingsError
from .model import Settings, Size


class Share(Settings):
    """Limits and reservations of one task of one service."""

    cpu: float = Field(gt=0, le=512, description="limit in cores")
    memory: Size = Field(description="limit")
    reserve_cpu: float = Field(gt=0, le=512, description="cores that a node must have left for a task")
    reserve_memory: Size = Field(description="memory that a node must have left for a task")

    @model_validator(mode="after")
    def _limits_cover_reservations(self) -> "Share":
        if size(self.memory) < size(self.reserve_memory):
            raise SettingsError.of(
                f"memory limit {self.memory} is below the reservation {self.reserve_memory}",
                fix="raise the limit or reserve less",
            )
        if self.cpu < self.reserve_cpu:
            raise SettingsError.of(
                f"cpu limit {self.cpu:g} is below the reservation {self.reserve_cpu:g}",
                fix="raise the limit or reserve less",
            )
        return self

    def changed(self, change: "ShareChange") -> "Share":
        """With the keys that an environment changes; the others stay.

        Raises:
            ValidationError: a limit would be below its reservation.
        """
        return Share.model_validate({**self.model_dump(), **change.given})

    def resources(self) -> Resources:
        """As the constructs take it."""
        return Resources(
            cpu_limit=self.cpu,
            memory_limit=self.memory,
            cpu_reservation=self.reserve_cpu,
            memory_reservation=self.reserve_memory,
        )


class ShareChange(Settings):
    """An environment's exception from its table, key by key: what is not given stays as it is in the table."""

    cpu: float | None = Field(default=None, gt=0, le=512, description="limit in cores")
    memory: Size | None = Field(default=None, description="limit")
    reserve_cpu: float | None = Field(
        default=None, gt=0, le=512, description="cores that a node must have left for a task"
    )
    reserve_memory: Size | None = Field(
        default=None, description="memory that a node must have left for a task"
    )

    @property
    def given(self) -> dict[str, object]:
        """The keys that it changes."""
        return self.model_dump(exclude_none=True)
