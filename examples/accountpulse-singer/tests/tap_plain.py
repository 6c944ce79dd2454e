"""A well-behaved tap in plain Python: customers of a REST API, page by page, with a bookmark. It stands for a real one."""

import argparse
import json
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": ["string", "null"]},
        "name": {"type": ["string", "null"]},
        "updated_at": {"type": "string", "format": "date-time"},
        "deleted": {"type": "boolean"},
    },
}


def say(**message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser()
    for name in ("--config", "--state", "--catalog"):
        parser.add_argument(name)
    parser.add_argument("--discover", action="store_true")
    arguments = parser.parse_args()
    config = json.loads(Path(arguments.config).read_text())
    if arguments.discover:
        sys.stdout.write(json.dumps({"streams": [{"tap_stream_id": "customers", "stream": "customers", "schema": SCHEMA}]}))
        return
    state = json.loads(Path(arguments.state).read_text()) if arguments.state else {}
    since = state.get("bookmarks", {}).get("customers")
    say(type="SCHEMA", stream="customers", schema=SCHEMA, key_properties=["id"])
    params, page = {"updated_since": since} if since else {}, None
    while True:
        request = Request(f"{config['api_url']}/customers?{urlencode(params)}")
        request.add_header("Authorization", f"Bearer {config['token']}")
        with urlopen(request, timeout=10) as response:
            found = json.load(response)
        for row in found["data"]:
            say(type="RECORD", stream="customers", record=row)
        if found["data"]:
            since = found["data"][-1].get("updated_at") or since
            say(type="STATE", value={"bookmarks": {"customers": since}})
        if found["next"] is None:
            return
        if found["next"] == page:
            sys.exit("the API gave the same page twice")
        params["page"] = page = found["next"]


if __name__ == "__main__":
    try:
        main()
    except HTTPError as error:
        sys.exit(f"CRITICAL {error}")
    except ValueError:
        sys.exit("CRITICAL 502: the API answered something that is not JSON")
