"""A webhook's secrets: signed with, rotated, sealed at rest, and waited for where no key opens them."""

from datetime import timedelta

from tests.polling import eventually
from tests.webhook_world import Endpoint, Webhooks


async def test_rotation_signs_with_both_secrets_and_then_with_the_new_one(
    webhooks: Webhooks, endpoint: Endpoint
) -> None:
    new = await webhooks.add(endpoint)
    rotated = await webhooks.store.rotate(webhooks.key(), new.id, timedelta(hours=1))
    endpoint.secrets.append(rotated.secret)  # both verify all that comes
    async with webhooks.delivering():
        await webhooks.reaches(new, await webhooks.tell(), "delivered")
        await webhooks.sql.execute("UPDATE webhooks SET old_secret_until = now()")
        endpoint.secrets.remove(new.secret)
        await webhooks.reaches(new, await webhooks.tell(), "delivered")
    both, one = [headers["webhook-signature"].split(" ") for headers in endpoint.headers]
    assert (len(both), len(one)) == (2, 1)
    assert all(signature.startswith("v1,") for signature in both)


async def test_secrets_are_nowhere_in_the_database_in_the_clear(webhooks: Webhooks, endpoint: Endpoint) -> None:
    new = await webhooks.add(endpoint)
    rotated = await webhooks.store.rotate(webhooks.key(), new.id, timedelta(hours=1))
    async with webhooks.delivering():
        endpoint.secrets.append(rotated.secret)
        await webhooks.reaches(new, await webhooks.tell(), "delivered")
    tables = await webhooks.sql.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    whole = ""
    for table in tables:
        rows = await webhooks.sql.fetch(f'SELECT t::text FROM "{table[0]}" AS t')
        whole += "".join(row[0] for row in rows)
    assert str(new.id) in whole
    for secret in (new.secret, rotated.secret):
        assert secret not in whole
        assert secret.removeprefix("whsec_") not in whole


async def test_secret_that_cannot_be_opened_waits_for_the_operator_and_blames_nobody(
    webhooks: Webhooks, endpoint: Endpoint
) -> None:
    new = await webhooks.add(endpoint)
    await webhooks.sql.execute("UPDATE webhooks SET secret = 'gAAAAABk' || repeat('a', 92)")
    async with webhooks.delivering():
        event = await webhooks.tell()

        async def put_off() -> bool:
            return bool((await webhooks.delivery(new, event))["due_in"] > timedelta(seconds=50))

        await eventually(put_off)
        row = await webhooks.reaches(new, event, "pending")
    assert row["attempts"] == 0
    assert (await webhooks.webhook(new))["failingSince"] is None
    assert endpoint.received == []
