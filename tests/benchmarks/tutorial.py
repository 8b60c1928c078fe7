"""The program that tutorials show: FastAPI's `StreamingResponse` over the SDK; it saves and checks nothing."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from openai import AsyncOpenAI

app = FastAPI()


@app.get("/stream")
async def stream(q: str, model: str) -> StreamingResponse:
    """Stream a reply."""

    async def pieces() -> AsyncIterator[str]:
        reply = await client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": q}], stream=True
        )
        async for chunk in reply:
            if chunk.choices and (text := chunk.choices[0].delta.content):
                yield f"data: {text}\n\n"

    return StreamingResponse(pieces(), media_type="text/event-stream")


if __name__ == "__main__":
    client = AsyncOpenAI(base_url=sys.argv[1], api_key="sk-benchmark", max_retries=0)
    uvicorn.run(app, port=int(sys.argv[2]), log_level="error", access_log=False)
