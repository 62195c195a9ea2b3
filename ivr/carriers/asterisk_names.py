"""Names of channels where there are several Asterisks: `node:PJSIP/trunk-00000001`.

Two nodes count their channels alike, so whatever leaves a node (the store, the journal, a log) has its name in front.
An Asterisk that stands alone has none, and its channels are called as it calls them.
"""

from __future__ import annotations


def named(node: str, channel: str) -> str:
    """A channel as everybody but its node calls it."""
    return f"{node}:{channel}" if node and channel else channel


def node_of(channel: str) -> str:
    """The node in a name; "" for an Asterisk that stands alone."""
    node, colon, _ = channel.partition(":")
    return node if colon else ""


def bare(channel: str) -> str:
    """A channel as its own node calls it."""
    _, colon, rest = channel.partition(":")
    return rest if colon else channel


def beside(channel: str, other: str) -> str:
    """`other`, which is on the node of `channel`."""
    return named(node_of(channel), other)


def trunk_to(node: str) -> str:
    """The endpoint by which a node calls telephones that are registered at another one."""
    return f"node-{node}"
