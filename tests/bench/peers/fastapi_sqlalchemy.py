"""FastAPI with pydantic and SQLAlchemy's ORM tables on asyncpg: each request upserts its order in a session."""

import os
from contextlib import asynccontextmanager
from datetime import datetime

from fastapi import FastAPI
from sqlalchemy import func
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import Numeric

from tests.bench.peers.models import Order


class Base(DeclarativeBase):
    pass


class OrderRow(Base):
    __tablename__ = "orders"

    platform: Mapped[str] = mapped_column(primary_key=True)
    order_number: Mapped[str] = mapped_column(primary_key=True)
    order_status: Mapped[str]
    payment_status: Mapped[str | None]
    payment_method: Mapped[str | None]
    customer_email: Mapped[str | None]
    customer_name: Mapped[str | None]
    items = mapped_column(JSONB(none_as_null=True))
    total = mapped_column(Numeric)
    currency: Mapped[str | None]
    amount_paid = mapped_column(Numeric)
    invoice_number: Mapped[str | None]
    invoice_url: Mapped[str | None]
    order_metadata = mapped_column("metadata", JSONB(none_as_null=True))
    updated_at: Mapped[datetime]


NAMES = {
    "platform": "platform",
    "orderNumber": "order_number",
    "orderStatus": "order_status",
    "paymentStatus": "payment_status",
    "paymentMethod": "payment_method",
    "customerEmail": "customer_email",
    "customerName": "customer_name",
    "items": "items",
    "total": "total",
    "currency": "currency",
    "amountPaid": "amount_paid",
    "invoiceNumber": "invoice_number",
    "invoiceUrl": "invoice_url",
    "metadata": "metadata",
}
url = os.environ["BENCH_DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://")
engine = create_async_engine(url, pool_size=16, max_overflow=0)
sessions = async_sessionmaker(engine, expire_on_commit=False)


@asynccontextmanager
async def lifespan(app):
    yield
    await engine.dispose()


app = FastAPI(lifespan=lifespan)


@app.get("/ready")
async def ready():
    return {}


@app.post("/orders", status_code=201)
async def post(order: Order):
    values = {}
    for name, value in order.model_dump(exclude_none=True).items():
        if name == "items":
            value = [item.model_dump(mode="json") for item in order.items]
        values[NAMES[name]] = value
    statement = insert(OrderRow.__table__).values(values)
    statement = statement.on_conflict_do_update(
        index_elements=["platform", "order_number"], set_={**values, "updated_at": func.now()}
    )
    async with sessions.begin() as session:
        await session.execute(statement)
    return {"success": True, "order": {"platform": order.platform, "orderNumber": order.orderNumber}}
