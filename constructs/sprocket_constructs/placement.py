"""Where tasks run, and how many."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class NodeSelector:
    """Nodes chosen by one constraint of the swarm scheduler."""

    constraint: str

    @property
    def value(self) -> str:
        """What the constraint asks for: the label's value, or the role."""
        return self.constraint.rpartition("==")[2]

    @property
    def is_label(self) -> bool:
        """Whether it chooses nodes by a label of theirs."""
        return ".labels." in self.constraint

    @classmethod
    def node_label(cls, name: str, value: str) -> "NodeSelector":
        """A label that managers set. Labels of engines choose nothing: a node gives itself those."""
        return cls(constraint=f"node.labels.{name}=={value}")

    @classmethod
    def managers(cls) -> "NodeSelector":
        """Any manager, for what talks to the swarm's API."""
        return cls(constraint="node.role==manager")


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How many tasks, and how many of them on one node (0: no bound)."""

    replicas: int = 1
    max_per_node: int = 0

    def __post_init__(self) -> None:
        if self.replicas < 0 or self.max_per_node < 0:
            raise ValueError(
                f"scale {self.replicas} with {self.max_per_node} per node is not possible; use 0 or more"
            )

    @classmethod
    def one_per_node(cls, *, nodes: int) -> "Scale":
        """One task on each of ``nodes`` nodes.

        Replicated with a bound of one per node, not Docker's global mode: the provider does not wait for a
        global service, and a crash-looping one counts as deployed.
        """
        return cls(replicas=nodes, max_per_node=1)
