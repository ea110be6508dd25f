"""The server's limits, given to the rooms that keep them.

Owns: which limit of the configuration bounds what. Invariant: every bound of an event or a session
that an operator could ask about comes from `Limits`. Source: ARCHITECTURE 3 (I6).
"""

from __future__ import annotations

from saleroom.actors.audience import AudienceLimits
from saleroom.actors.checkpointer import CheckpointLimits
from saleroom.actors.committer import CommitLimits
from saleroom.actors.doorkeeper import DoorkeeperLimits
from saleroom.actors.event import EventLimits
from saleroom.actors.mailbox import MailboxLimits
from saleroom.actors.registry import RegistryLimits
from saleroom.actors.session import TalkLimits
from saleroom.actors.site import SiteLimits
from saleroom.config import Limits
from saleroom.protocol.feed import TailLimits
from saleroom.protocol.session import SessionLimits


def registry_limits(limits: Limits) -> RegistryLimits:
    """Give the events their bounds."""
    return RegistryLimits(
        site=SiteLimits(
            mailbox=MailboxLimits(
                commands=limits.mailbox_commands_max,
                staff_reserve=limits.mailbox_staff_reserve,
                user_share=limits.mailbox_user_share,
                wait_s=limits.command_wait_s,
            ),
            audience=AudienceLimits(
                slice_sends=limits.broadcast_slice_sends,
                outbox_bytes=limits.outbox_bytes_max,
                outbox_age_s=limits.outbox_age_s_max,
                period_s=limits.leaderboard_period_ms / 1000,
            ),
            tail=TailLimits(
                facts=limits.resume_facts,
                age_ms=limits.resume_age_ms,
                resume_bytes_max=limits.resume_bytes_max,
            ),
        ),
        event=EventLimits(
            commit=CommitLimits(
                facts=limits.uncommitted_facts_max,
                age_s=limits.uncommitted_age_ms_max / 1000,
            ),
            sign_s=limits.sign_of_life_ms / 1000,
        ),
        checkpoint=CheckpointLimits(
            snapshot_facts=limits.snapshot_every_facts,
            chunk_facts=limits.snapshot_chunk_facts,
        ),
    )


def doorkeeper_limits(limits: Limits) -> DoorkeeperLimits:
    """Give the sessions their bounds."""
    return DoorkeeperLimits(
        sockets_per_user=limits.sockets_per_user_max,
        talk=TalkLimits(
            hello_s=limits.hello_timeout_s,
            heartbeat_ms=limits.heartbeat_ms,
            silent_heartbeats=limits.silent_heartbeats,
            machine=SessionLimits(
                malformed_max=limits.malformed_frames_max,
                donor_rate=limits.command_rate_per_s,
                donor_burst=limits.command_burst,
                staff_rate=limits.staff_rate_per_s,
                staff_burst=limits.staff_burst,
            ),
        ),
    )
