"""Connections to the store. Commands stand only in router/store, in the job modules (rq) and in the session store."""

from __future__ import annotations

from redis import Redis as SyncRedis
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry


def async_redis(url: str, *, timeout: float = 1.0, connections: int = 16) -> Redis:
    """A client that never repeats a command by itself: redis-py's default retry ran one INCR four times
    when replies were lost, and only the caller knows the command id that makes a repetition safe.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=timeout,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=AsyncRetry(NoBackoff(), 0),
        decode_responses=True,
    )
    return Redis(connection_pool=pool)


def sync_redis(url: str, *, timeout: float = 5.0, decode: bool = False) -> SyncRedis:
    """For rq, which wants bytes, its own connection and a time-out longer than its blocking reads."""
    return SyncRedis.from_url(
        url,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
        decode_responses=decode,
    )
