"""Brings the store to this release's schema, once before it gets traffic; doing it again changes nothing."""
import redis

import settings

SCHEMA = 1

store = redis.Redis.from_url(settings.redis_url(), decode_responses=True)
store.rpush("migrations", f"{SCHEMA} {settings.RELEASE}")
if int(store.get("schema") or 0) < SCHEMA:
    store.set("schema", SCHEMA)
