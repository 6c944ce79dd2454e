"""The live feed: scores as they change, and why. Ends with Ctrl-C."""

from __future__ import annotations

import asyncio

from connecting import from_environment
from websockets.exceptions import ConnectionClosed


async def main() -> None:
    since: str | None = None
    async with from_environment() as client:
        while True:
            try:
                async for told in client.live_feed(since=since):
                    event = told.score_changed
                    before = "?" if event.score_before is None else f"{event.score_before:.1f}"
                    now = "?" if event.score is None else f"{event.score:.1f}"
                    print(f"{event.account.name if event.account else '?'}: {before} -> {now}, {event.band}", flush=True)
                    for component in event.account.score.components if event.account and event.account.score else ():
                        print(f"  {component.reason}", flush=True)
                    since = event.cursor
            except (ConnectionClosed, OSError) as error:
                # Codes from 4000 on are the server's own word, such as 4403 for a wrong token: asking again would not help.
                if isinstance(error, ConnectionClosed) and error.rcvd is not None and error.rcvd.code >= 4000:
                    raise SystemExit(f"refused: {error.rcvd.code} {error.rcvd.reason}") from None
            # What changes meanwhile is told first: `since` is the last event's cursor.
            await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(main())
