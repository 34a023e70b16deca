"""What the platform's API is compared with: the same three routes over the same databases, in FastAPI.

Written to be fast, as its users would: uvloop and httptools, asynchronous drivers with pools, scrypt on threads, no
response models, one round trip to Redis a count.
"""

import asyncio
import base64
import hashlib
import hmac
import os
import time

import jwt
import redis.asyncio
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from pymongo import AsyncMongoClient

SECRET = os.environ["SECRET_KEY"]
LIMIT = int(os.environ["RATE_LIMIT"])
ORDER = [("severity", -1), ("path", 1), ("line", 1), ("fingerprint", 1)]
SEVERITIES = ("info", "low", "medium", "high", "critical")

mongo = AsyncMongoClient(os.environ["MONGO_URL"])
results = mongo["cspm_security_scans"]
traffic = redis.asyncio.Redis.from_url(os.environ["REDIS_URL"])
app = FastAPI(openapi_url=None)


async def count(who: str) -> None:
    """One more request of this minute; refused where there are too many."""
    key = f"rival:{who}:{int(time.time()) // 60}"
    async with traffic.pipeline(transaction=False) as pipe:
        taken, _ = await pipe.incr(key).expire(key, 60).execute()
    if taken > LIMIT:
        raise HTTPException(429, "too many requests")


async def caller(request: Request) -> str:
    await count(f"address:{request.client.host}")
    try:
        token = request.headers["authorization"].removeprefix("Bearer ")
        claims = jwt.decode(token, SECRET, algorithms=["HS256"], audience="cspm-api", issuer="cspm")
    except (KeyError, jwt.PyJWTError):
        raise HTTPException(401, "a valid access token is required") from None
    user = await results.users.find_one({"id": claims["sub"]})
    if user is None:
        raise HTTPException(401, "a valid access token is required")
    await count(f"user:{user['id']}")
    return user["id"]


async def timed(ping) -> dict:
    begin = time.perf_counter()
    try:
        await asyncio.wait_for(ping, 2)
        status = "ok"
    except Exception:
        status = "down"
    return {"status": status, "latency_ms": round((time.perf_counter() - begin) * 1000, 3)}


@app.get("/api/health")
async def health():
    store, queue = await asyncio.gather(timed(results.command("ping")), timed(traffic.ping()))
    good = store["status"] == queue["status"] == "ok"
    body = {"status": "ok" if good else "degraded", "version": "1", "parts": {"store": store, "queue": queue}}
    return JSONResponse(body, 200 if good else 503)


@app.get("/api/scans/{scan_id}/findings")
async def findings(request: Request, scan_id: str, limit: int = 50):
    user = await caller(request)
    scan = await results.scans.find_one({"scan_id": scan_id})
    if scan is None or scan["user_id"] != user:
        raise HTTPException(404, "there is no such scan")
    found = await results.findings.find({"scan_id": scan_id}).sort(ORDER).limit(limit + 1).to_list()
    items = [
        {"fingerprint": f["fingerprint"], "rule": f["rule"], "title": f["title"],
         "severity": SEVERITIES[f["severity"]], "path": f["path"], "line": f["line"], "column": f["column"],
         "excerpt": f["excerpt"]}
        for f in found[:limit]]
    return JSONResponse({"items": items, "next": found[limit - 1]["fingerprint"] if len(found) > limit else None})


def matches(password: str, stored: str) -> bool:
    _, _, cost, salt, digest = stored.split("$")
    ln, r, p = (int(part.partition("=")[2]) for part in cost.split(","))
    salt, digest = (base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) for text in (salt, digest))
    found = hashlib.scrypt(password.encode(), salt=salt, n=1 << ln, r=r, p=p, maxmem=1 << 27, dklen=len(digest))
    return hmac.compare_digest(found, digest)


@app.post("/api/auth/login")
async def login(request: Request):
    wanted = await request.json()
    await count(f"address:{request.client.host}")
    await count(f"login:{hashlib.sha256(wanted['username'].encode()).hexdigest()}")
    user = await results.users.find_one({"name": wanted["username"]})
    if user is None or not await asyncio.to_thread(matches, wanted["password"], user["password"]):
        raise HTTPException(401, "wrong username or password")
    now = int(time.time())
    claims = {"iss": "cspm", "aud": "cspm-api", "sub": user["id"], "iat": now, "exp": now + 8 * 3600}
    return JSONResponse({"access_token": jwt.encode(claims, SECRET), "token_type": "bearer", "expires_in": 8 * 3600})
