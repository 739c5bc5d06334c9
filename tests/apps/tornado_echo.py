"""A WebSocket server that answers each message, and says so when one is over: `python tornado_echo.py PORT`."""
import asyncio
import sys

import tornado.web
import tornado.websocket


class Echo(tornado.websocket.WebSocketHandler):
    def on_message(self, message):
        self.write_message(message, binary=isinstance(message, bytes))

    def on_close(self):
        print("closed", self.close_code, flush=True)


class Page(tornado.web.RequestHandler):
    def get(self):
        self.write("a page")


async def main():
    tornado.web.Application([("/echo", Echo), ("/page", Page)]).listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


asyncio.run(main())
