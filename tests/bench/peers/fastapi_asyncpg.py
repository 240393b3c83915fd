"""FastAPI with asyncpg: each request upserts its order before it is answered."""

import os
from contextlib import asynccontextmanager

import asyncpg
from fastapi import FastAPI

from tests.bench.peers.models import UPSERT, UPSERT_MANY, Order, row_of


@asynccontextmanager
async def lifespan(app):
    async with asyncpg.create_pool(os.environ["BENCH_DATABASE_URL"], min_size=16, max_size=16) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/ready")
async def ready():
    return {}


@app.post("/orders", status_code=201)
async def post(order: Order):
    async with app.state.pool.acquire() as connection:
        await connection.execute(UPSERT, *row_of(order))
    return {"success": True, "order": {"platform": order.platform, "orderNumber": order.orderNumber}}


@app.post("/orders/batch", status_code=201)
async def post_batch(orders: list[Order]):
    rows = sorted((row_of(order) for order in orders), key=lambda row: row[:2])
    async with app.state.pool.acquire() as connection:
        await connection.execute(UPSERT_MANY, *map(list, zip(*rows, strict=True)))
    return {"success": True, "accepted": len(orders)}
