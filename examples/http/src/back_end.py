"""A back end that tells customers about their orders. Needs Python 3.8 or newer and nothing else.

Run it with MAGPIE_URL=http://localhost:8080 and MAGPIE_KEY=<an API key>.
"""

import http.client
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid


class Refused(Exception):
    """What Magpie answers where it does not do what was asked. Decide on `code`."""

    def __init__(self, status, error):
        super().__init__(f"{error['code']}: {error['message']} {error['remedy']}")
        self.status = status
        self.code = error["code"]
        self.retryable = error["retryable"]
        self.retry_after = error.get("retryAfterMs", 1_000) / 1_000
        self.details = error.get("details", {})


class Magpie:
    """The HTTP API. A request that failed on its way is sent again, up to `attempts` times."""

    def __init__(self, url, key, attempts=5):
        self.prefix = f"{url}/magpie/api/v1"
        self.key = key
        self.attempts = attempts

    def publish(self, channel, name, data, sender=None):
        """Returns when the message is stored. The key makes it safe to send again: it is stored once."""
        message = {"channel": channel, "name": name, "data": data}
        if sender is not None:
            message["from"] = sender
        return self.ask("POST", "/publish", message, {"Idempotency-Key": str(uuid.uuid4())})

    def publish_all(self, messages):
        """One request for many. Each has a result of its own, in their order."""
        answer = self.ask("POST", "/publish/batch", {"messages": messages}, {"Idempotency-Key": str(uuid.uuid4())})
        return answer["results"]

    def call(self, channel, name, command_input, command_id, wait_seconds=20):
        """Returns how the command stands, at the latest after so long. Under one id it is one command, however often it is asked for."""
        call = {"channel": channel, "name": name, "input": command_input, "id": command_id, "waitMs": wait_seconds * 1_000}
        return self.ask("POST", "/commands", call)

    def history(self, channel, page_length=100):
        """Every message that is still kept, oldest first, page by page."""
        after = 0
        while True:
            query = urllib.parse.urlencode({"channel": channel, "after": after, "limit": page_length})
            try:
                page = self.ask("GET", f"/history?{query}")
            except Refused as refused:
                if refused.code != "UNRECOVERABLE":
                    raise
                after = refused.details["to"]  # What was before is no longer kept.
                continue
            yield from page["messages"]
            if not page["more"]:
                return
            after = page["messages"][-1]["offset"]

    def connections(self, user):
        query = urllib.parse.urlencode({"user": user})
        return self.ask("GET", f"/connections?{query}")["connections"]

    def revoke(self, user, for_seconds):
        return self.ask("POST", "/revoke", {"user": user, "forMs": for_seconds * 1_000})

    def ask(self, method, path, body=None, headers=None):
        for attempt in range(1, self.attempts + 1):
            try:
                return self.ask_once(method, path, body, headers or {})
            except Refused as refused:
                if not refused.retryable or attempt == self.attempts:
                    raise
                time.sleep(refused.retry_after)
            except (OSError, http.client.HTTPException):
                if attempt == self.attempts:
                    raise
                time.sleep(0.1 * 2**attempt)

    def ask_once(self, method, path, body, headers):
        request = urllib.request.Request(
            self.prefix + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"X-Api-Key": self.key, "Content-Type": "application/json", **headers},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as answer:
            raise Refused(answer.code, json.load(answer)) from None


def main():
    magpie = Magpie(os.environ["MAGPIE_URL"], os.environ["MAGPIE_KEY"])

    receipt = magpie.publish("orders/ann", "shipped", {"order": 17, "parcel": "TW-1"})
    print("published", receipt["position"]["offset"], receipt["level"])

    results = magpie.publish_all(
        [{"channel": "orders/ann", "name": "shipped", "data": {"order": order, "parcel": "TW-2"}} for order in (18, 19)]
    )
    print("published", [result["position"]["offset"] for result in results])

    try:
        magpie.publish("orders/ann", "shipped", {"order": "twenty", "parcel": "TW-3"})
    except Refused as refused:
        print("refused", refused.status, refused.code)

    label = magpie.call("printer/desk", "label", {"parcel": "TW-1"}, "label-17")
    print("label", label["state"], label["output"]["pages"])

    print("kept", [message["data"]["order"] for message in magpie.history("orders/ann", page_length=2)])
    print("online", len(magpie.connections("ann")))
    magpie.revoke("ann", for_seconds=3_600)
    print("revoked ann")


if __name__ == "__main__":
    main()
