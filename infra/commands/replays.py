"""`hub replay`: kept deliveries, read again."""

from __future__ import annotations

from chalicelib.adapters.world import World
from chalicelib.pipeline.rebuild import replay_unreadable
from infra.commands.worlds import counted
from infra.local.cloudwatch import CloudWatch


def run(world: World, source: str) -> dict[str, str]:
    """What became of each kept delivery, by its digest. Raises KeyError for an unknown source."""
    with counted(CloudWatch(), "replay"):
        return {
            key.interaction.rpartition("#")[2][:16]: became
            for key, became in replay_unreadable(world, source)
        }
