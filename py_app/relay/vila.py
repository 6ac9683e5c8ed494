"""Clients of the VILA streaming protocol on WebSockets.

Owns one connection from its first message to its last; the protocol is cloche/relay/vila.py.
"""

from __future__ import annotations

from websockets.exceptions import ConnectionClosed
from websockets.sync.connection import Connection

from cloche.relay.hub import TRY_AGAIN_LATER, Hub, TooManySourcesError
from cloche.relay.vila import VilaClient

from .sockets import Mailbox


def serve_vila(connection: Connection, hub: Hub, key_id: str) -> None:
    """Read until the client goes."""
    name = "{}:{}".format(*connection.remote_address[:2])  # fails for a client that has gone already
    mailbox = Mailbox(connection, newest_only=True)
    client = VilaClient(mailbox, hub, key_id, name)
    try:
        hub.join(client)
    except TooManySourcesError:
        mailbox.close(TRY_AGAIN_LATER, "Too many clients are connected.")
        mailbox.finish()
        return
    try:
        welcome = True
        for message in connection:
            # What a client still sends while it is shown out is read and dropped, so that it hears why.
            welcome = welcome and client.hear(message)
    except ConnectionClosed:
        pass
    finally:
        hub.leave(client)
        mailbox.finish()
