"""Drives Chromium by its DevTools protocol: `browse.py CHROMIUM OPTION...`. Standard input is a list of steps in JSON:
`url`, where to go; `until`, an expression that is true when the page is complete; `show`, an expression; `picture`, a file
for a picture of the page (optional). Prints a report for each step as a line of JSON: `value` of `show`, and `responses`.
"""
import asyncio
import base64
import json
import os
import subprocess
import sys

from tornado.websocket import websocket_connect

chromium, *options = sys.argv[1:]
[profile] = [option.partition("=")[2] for option in options if option.startswith("--user-data-dir=")]


class Browser:
    def __init__(self, socket):
        self.socket, self.number, self.events = socket, 0, []

    async def call(self, method, session=None, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        await self.socket.write_message(json.dumps(message))
        while True:
            answer = json.loads(await self.socket.read_message())
            if answer.get("id") == self.number:
                if "error" in answer:
                    sys.exit("%s: %s" % (method, answer["error"]))
                return answer["result"]
            self.events.append(answer)


async def visit(browser, session, step):
    browser.events.clear()
    await browser.call("Page.navigate", session, url=step["url"])
    for _ in range(1200):
        found = await browser.call("Runtime.evaluate", session, expression=step["until"])
        if found["result"].get("value") is True:
            break
        await asyncio.sleep(0.05)
    else:
        sys.exit("%s is never complete: %s" % (step["url"], step["until"]))
    value = await browser.call("Runtime.evaluate", session, expression=step["show"])
    if "picture" in step:
        picture = await browser.call("Page.captureScreenshot", session)
        with open(step["picture"], "wb") as file:
            file.write(base64.b64decode(picture["data"]))
    responses = []
    for event in browser.events:
        parameters = event.get("params", {})
        if event.get("method") == "Network.responseReceived":
            response = parameters["response"]
            responses.append({"url": response["url"], "status": response["status"],
                              "protocol": response.get("protocol"), "connection": response.get("connectionId")})
        if event.get("method") == "Network.requestWillBeSent" and "redirectResponse" in parameters:
            response = parameters["redirectResponse"]
            responses.append({"url": response["url"], "status": response["status"], "headers": response["headers"]})
    print(json.dumps({"value": value["result"].get("value"), "responses": responses}), flush=True)


async def main():
    port_file = os.path.join(profile, "DevToolsActivePort")
    for _ in range(1200):
        if os.path.exists(port_file) and open(port_file).read().count("\n"):
            break
        await asyncio.sleep(0.05)
    port, path = open(port_file).read().split("\n")[:2]
    browser = Browser(await websocket_connect("ws://127.0.0.1:%s%s" % (port, path), max_message_size=1 << 26))
    target = await browser.call("Target.createTarget", url="about:blank")
    attached = await browser.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
    for domain in ("Page", "Network", "Runtime"):
        await browser.call(domain + ".enable", attached["sessionId"])
    for step in json.load(sys.stdin):
        await visit(browser, attached["sessionId"], step)
    await browser.call("Browser.close")


process = subprocess.Popen([chromium, "--remote-debugging-port=0", *options, "about:blank"], stdout=sys.stderr)
try:
    asyncio.run(main())
finally:
    process.terminate()
    process.wait()
