"""A floor: aiohttp that reads a body and answers 202, keeping nothing."""

import sys

import uvloop
from aiohttp import web


async def post(request):
    await request.read()
    return web.Response(body=b'{"success":true}', status=202, content_type="application/json")


async def ready(_):
    return web.Response(body=b"{}", content_type="application/json")


async def application():
    app = web.Application()
    app.router.add_post("/orders", post)
    app.router.add_get("/ready", ready)
    return app


web.run_app(
    application(),
    host="127.0.0.1",
    port=int(sys.argv[1]),
    reuse_port=True,
    access_log=None,
    print=None,
    loop=uvloop.new_event_loop(),
)
