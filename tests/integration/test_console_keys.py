"""/api/v1/keys: keys made, listed, rotated and revoked by other keys, which cannot give what they lack."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec

from services.console.accounts import Accounts
from services.console.keys import MOST_ENDED, MOST_USABLE
from shared.database import Database
from shared.keys import SCOPES, is_well_formed
from tests.consoles import known, read_all
from tests.gateways import JSON, Answer, Client
from tests.polling import eventually
from tests.tenant import Tenant


async def ask(console: Client, method: str, path: str, document: Any = None, key: str | None = None) -> Answer:
    body = None if document is None else msgspec.json.encode(document)
    headers = {"X-API-Key": key or console.key, **({} if body is None else JSON)}
    return await console.ask(method, f"/api/v1/keys{path}", body, headers)


async def make(console: Client, key: str | None = None, **members: Any) -> dict[str, Any]:
    answer = await ask(console, "POST", "", {"name": "n", "scopes": ["orders:read"], **members}, key)
    assert answer.status == 201, answer.body
    made: dict[str, Any] = answer.document
    return made


async def refused(console: Client, key: str) -> None:
    async def is_refused() -> bool:
        return (await console.get("/api/v1/orders?limit=1", key)).status == 403

    await eventually(is_refused, within=2.0, what="the key is refused")


async def test_key_is_shown_once_and_works(console: Client, database: Database) -> None:
    expiry = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    made = await make(console, name="boekhouding", platforms=["moneybird", "exact"], expiresAt=expiry)
    assert set(made) == {"success", "id", "key"}
    assert is_well_formed(made["key"])
    assert made["key"].startswith("bg_live_")
    await known(console, made["key"])
    assert (await console.get("/api/v1/orders", made["key"])).status == 200
    (row,) = [row for row in await read_all(console, "/keys") if row["id"] == made["id"]]
    assert set(row) == {
        *("id", "name", "hint", "live", "scopes", "platforms", "createdAt", "expiresAt", "revokedAt"),
    }
    assert (row["name"], row["platforms"], row["revokedAt"]) == ("boekhouding", ["exact", "moneybird"], None)
    assert datetime.fromisoformat(row["expiresAt"]) == datetime.fromisoformat(expiry)
    assert row["hint"].endswith(made["key"][-4:])
    async with database.transaction() as connection:
        everything = await connection.fetchval("SELECT string_agg(k::text, ' ') FROM api_keys AS k")
    assert made["key"] not in everything


async def test_keys_are_listed_newest_first_in_pages(console: Client) -> None:
    names = [f"key {number}" for number in range(5)]
    for name in names:
        await make(console, name=name)
    rows = await read_all(console, "/keys", limit=2)
    assert [row["name"] for row in rows][:5] == names[::-1]
    assert {row["name"] for row in rows[5:]} == {"first live key", "first test key"}
    for query in ("limit=501", "cursor=x", "sort=name"):
        assert (await ask(console, "GET", f"?{query}")).status == 422


async def test_revoked_key_is_refused_within_two_seconds(console: Client) -> None:
    made = await make(console)
    await known(console, made["key"])
    answer = await ask(console, "DELETE", f"/{made['id']}")
    assert (answer.status, answer.body) == (204, b"")
    await refused(console, made["key"])
    (row,) = [row for row in await read_all(console, "/keys") if row["id"] == made["id"]]
    assert (await ask(console, "DELETE", f"/{made['id']}")).status == 204
    assert row in await read_all(console, "/keys")  # when it was revoked stays what it was
    assert (await ask(console, "POST", f"/{made['id']}/rotate")).status == 409


async def test_rotation_leaves_both_keys_for_the_overlap(console: Client) -> None:
    made = await make(console, name="kassa", scopes=["orders:read", "orders:write"], platforms=["custom"])
    answer = await ask(console, "POST", f"/{made['id']}/rotate", {"overlapSeconds": 3600})
    assert answer.status == 200
    assert set(answer.document) == {"success", "id", "key"}
    await known(console, made["key"], answer.document["key"])
    for key in (made["key"], answer.document["key"]):
        assert (await console.get("/api/v1/orders", key)).status == 200
    rows = {row["id"]: row for row in await read_all(console, "/keys")}
    old, new = rows[made["id"]], rows[answer.document["id"]]
    assert {name: new[name] for name in ("name", "scopes", "platforms", "live")} == {
        name: old[name] for name in ("name", "scopes", "platforms", "live")
    }
    left = datetime.fromisoformat(old["expiresAt"]) - datetime.now(UTC)
    assert timedelta(seconds=3500) < left <= timedelta(seconds=3600)
    assert new["expiresAt"] is None


async def test_rotation_without_overlap_ends_the_old_key(console: Client) -> None:
    made = await make(console)
    await known(console, made["key"])
    assert (await ask(console, "POST", f"/{made['id']}/rotate", {"overlapSeconds": 0})).status == 200
    await refused(console, made["key"])


async def test_rotation_without_a_body_overlaps_by_a_day(console: Client) -> None:
    made = await make(console)
    assert (await ask(console, "POST", f"/{made['id']}/rotate")).status == 200
    (row,) = [row for row in await read_all(console, "/keys") if row["id"] == made["id"]]
    assert datetime.fromisoformat(row["expiresAt"]) > datetime.now(UTC) + timedelta(hours=23)


async def test_wrong_key_is_refused_with_everything_named(console: Client) -> None:
    answer = await ask(console, "POST", "", {"scope": ["admin"], "name": 5})
    assert answer.status == 422
    assert [error["pointer"] for error in answer.document["errors"]] == ["/name", "/scopes", "/scope"]
    assert len(await read_all(console, "/keys")) == 2
    assert (await ask(console, "POST", f"/{uuid4()}/rotate", {"overlapSeconds": -1})).status == 422


async def test_keys_without_admin_manage_nothing(console: Client, accounts: Accounts, account: Tenant) -> None:
    weak = await accounts.create_key(account.id, live=True, name="weak", scopes=["orders:read", "orders:write"])
    await known(console, weak.key)
    for method, path, document in (
        ("GET", "", None),
        ("POST", "", {"name": "n", "scopes": ["admin"]}),
        ("POST", f"/{weak.id}/rotate", {}),
        ("DELETE", f"/{weak.id}", None),
    ):
        answer = await ask(console, method, path, document, weak.key)
        assert (answer.status, answer.document["code"]) == (403, "missing_scope")


async def test_test_key_makes_sees_and_manages_test_keys_alone(console: Client, account: Tenant) -> None:
    test = account.test.key
    made = await make(console, test, scopes=["admin"])
    assert made["key"].startswith("bg_test_")
    answer = await ask(console, "POST", "", {"name": "n", "scopes": ["admin"], "live": True}, test)
    assert (answer.status, answer.document["code"]) == (403, "live_key_refused")
    assert {row["live"] for row in await read_all(console, "/keys", test)} == {False}
    assert (await ask(console, "POST", f"/{account.live.id}/rotate", {}, test)).status == 404
    assert (await ask(console, "DELETE", f"/{account.live.id}", None, test)).status == 404
    # A live key manages both worlds.
    assert (await make(console, live=False))["key"].startswith("bg_test_")
    assert {row["live"] for row in await read_all(console, "/keys")} == {True, False}
    assert (await ask(console, "DELETE", f"/{made['id']}")).status == 204


async def test_key_of_some_platforms_cannot_give_or_take_others(
    console: Client, accounts: Accounts, account: Tenant
) -> None:
    some = await accounts.create_key(account.id, live=True, name="some", scopes=SCOPES, platforms=["a", "b"])
    await known(console, some.key)
    for platforms in (None, ["c"], ["a", "c"]):
        answer = await ask(console, "POST", "", {"name": "n", "scopes": ["admin"], "platforms": platforms}, some.key)
        assert (answer.status, answer.document["code"]) == (403, "platform_not_allowed")
    made = await make(console, some.key, platforms=["a"])
    assert (await ask(console, "POST", f"/{made['id']}/rotate", {}, some.key)).status == 200
    assert (await ask(console, "POST", f"/{account.live.id}/rotate", {}, some.key)).status == 403
    assert (await ask(console, "DELETE", f"/{account.live.id}", None, some.key)).status == 403


async def test_keys_of_another_account_do_not_exist(console: Client, accounts: Accounts) -> None:
    _, other, _ = await accounts.create("Another", SCOPES)
    assert str(other.id) not in {row["id"] for row in await read_all(console, "/keys")}
    for path in (f"/{other.id}", f"/{uuid4()}", "/nonsense"):
        answer = await ask(console, "DELETE", path)
        assert (answer.status, answer.document["code"]) == (404, "key_not_found")
        answer = await ask(console, "POST", f"{path}/rotate", {})
        assert (answer.status, answer.document["code"]) == (404, "key_not_found")
    await known(console, other.key)
    assert (await console.get("/api/v1/orders", other.key)).status == 200


_MANY = """
INSERT INTO api_keys (id, account_id, livemode, name, digest, hint, scopes, revoked_at)
SELECT gen_random_uuid(), $1, true, 'many', sha256(gen_random_uuid()::text::bytea), 'hint', '{orders:read}', $3
FROM generate_series(1, $2::int) AS n
"""


async def test_account_has_a_bounded_number_of_keys(console: Client, account: Tenant, database: Database) -> None:
    made = await make(console)
    async with database.transaction() as connection:
        have = await connection.fetchval("SELECT count(*) FROM api_keys WHERE account_id = $1", account.id)
        await connection.execute(_MANY, account.id, MOST_USABLE - have, None)

    for path, body in (("", {"name": "n", "scopes": ["orders:read"]}), (f"/{made['id']}/rotate", None)):
        answer = await ask(console, "POST", path, body)
        assert (answer.status, answer.document["code"]) == (409, "too_many_keys")

    assert (await ask(console, "DELETE", f"/{made['id']}")).status == 204
    await make(console)


async def test_of_keys_that_ended_the_last_are_kept(console: Client, account: Tenant, database: Database) -> None:
    made = await make(console)
    async with database.transaction() as connection:
        await connection.execute(_MANY, account.id, MOST_ENDED + 9, datetime.now(UTC) - timedelta(days=1))
    assert (await ask(console, "DELETE", f"/{made['id']}")).status == 204

    await make(console)

    async with database.transaction() as connection:
        ended = await connection.fetch("SELECT id FROM api_keys WHERE revoked_at IS NOT NULL")
    assert len(ended) == MOST_ENDED
    assert made["id"] in {str(row["id"]) for row in ended}
