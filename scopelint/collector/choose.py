"""Chooses the way of reading: GraphQL where it shows the scopes, else REST."""

import logging

from scopelint.collector.attempt import needed
from scopelint.collector.by_graphql import GraphQLReader
from scopelint.collector.by_rest import RestReader
from scopelint.collector.connection import Connection
from scopelint.collector.graphql import (
    FineGrainedTokenError,
    InvalidQueryError,
)
from scopelint.collector.order import Order
from scopelint.collector.reader import Reader
from scopelint.errors import GitLabError

log = logging.getLogger(__name__)


def make_reader(connection: Connection, order: Order) -> Reader:
    """Return the reader for this instance, token and `--api`; raise a GitLabError if there is none."""
    return needed(lambda: _make_reader(connection, order), connection.server.url)


def _make_reader(connection: Connection, order: Order) -> Reader:
    if order.api == "rest":
        return RestReader(connection, order.filters)
    try:
        reader = GraphQLReader(connection, order.filters, order.wanted)
    except (InvalidQueryError, FineGrainedTokenError) as error:
        if order.api == "graphql":
            raise
        log.warning("%s; reading by REST", error.message)
        return RestReader(connection, order.filters)
    if reader.caps.readable:
        return reader
    if order.api == "graphql":
        raise GitLabError(
            f"GitLab {reader.caps.version_text or '(version unknown)'} does not show job token"
            " scopes by GraphQL",
            hint="Use --api rest.",
        )
    log.info("GitLab %s: reading by REST", reader.caps.version_text)
    return RestReader(connection, order.filters)
