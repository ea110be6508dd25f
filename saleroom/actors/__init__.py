"""The actors: mailbox, event, committer, session, audience, registry."""
