"""The HTTP application: health, who answers, a slow upload, a WebSocket, an event stream, and jobs."""
import asyncio
import hashlib
import os

import redis.asyncio
from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse

import jobs
import settings

app = FastAPI(docs_url=None, redoc_url=None)
store = redis.asyncio.Redis.from_url(settings.redis_url(), decode_responses=True, socket_timeout=2)
identity = {"slot": settings.SLOT, "release": settings.RELEASE, "pid": os.getpid()}


@app.get("/api/health")
async def health() -> dict:
    return {"status": "ok", **identity}


@app.get("/api/health/ready")
async def ready(response: Response) -> dict:
    try:
        await store.ping()
    except redis.RedisError as error:
        response.status_code = 503
        return {"ready": False, "because": str(error)}
    return {"ready": True, **identity}


@app.get("/api/identity")
async def who() -> dict:
    return identity


@app.post("/api/code/upload-scan")
async def upload(request: Request) -> dict:
    """Reads the body as it comes, however slowly, and says what it got."""
    digest, size = hashlib.sha256(), 0
    async for chunk in request.stream():
        digest.update(chunk)
        size += len(chunk)
    return {"bytes": size, "sha256": digest.hexdigest(), **identity}


@app.get("/api/stream")
async def stream(events: int = 0, every: float = 0.1) -> StreamingResponse:
    """Server-sent events, numbered; 0: until the client goes."""

    async def body():
        number = 0
        while not events or number < events:
            yield f"id: {number}\ndata: {settings.SLOT}\n\n"
            number += 1
            await asyncio.sleep(every)

    return StreamingResponse(body(), media_type="text/event-stream", headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})


@app.websocket("/api/socket")
async def socket(connection: WebSocket) -> None:
    """Says who it is, then echoes."""
    await connection.accept()
    try:
        await connection.send_json(identity)
        while True:
            await connection.send_text(await connection.receive_text())
    except WebSocketDisconnect:
        return


@app.post("/api/jobs/{key}", status_code=202)
async def enqueue(key: str, seconds: float = 0.0) -> dict:
    # The broker's client blocks: not in the loop that serves.
    await asyncio.to_thread(jobs.effect.delay, key, seconds)
    return {"key": key}


@app.get("/api/jobs")
async def effects() -> dict:
    """How often each key was run, how often it had its effect, and how many effects each slot's workers had."""
    runs, done, slots = await asyncio.gather(*map(store.hgetall, ["runs", "effects", "effects-by-slot"]))
    return {
        "runs": {key: int(count) for key, count in runs.items()},
        "effects": {key: int(count) for key, count in done.items()},
        "slots": {slot: int(count) for slot, count in slots.items()},
    }
