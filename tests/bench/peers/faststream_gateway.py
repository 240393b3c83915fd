"""FastStream behind FastAPI: each request is one confirmed, persistent message on a durable queue."""

import os

from fastapi import FastAPI
from faststream.rabbit import RabbitQueue
from faststream.rabbit.fastapi import RabbitRouter

from tests.bench.peers.models import Order

queue = RabbitQueue(os.environ["BENCH_QUEUE"], durable=True)
router = RabbitRouter(os.environ["BENCH_AMQP_URL"])


@router.get("/ready")
async def ready():
    return {}


@router.post("/orders", status_code=202)
async def post(order: Order):
    await router.broker.publish(order, queue=queue, persist=True, mandatory=True)
    return {"success": True, "order": {"platform": order.platform, "orderNumber": order.orderNumber}}


app = FastAPI()
app.include_router(router)
