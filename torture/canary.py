"""A port that nobody may ever connect to: hostile feeds point there."""

from __future__ import annotations

import asyncio


class Canary:
    """Counts connections."""

    def __init__(self) -> None:
        self.connections = 0

    async def serve(self) -> asyncio.Server:
        """Serve on a free port of 127.0.0.1."""

        async def handle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connections += 1
            writer.close()

        return await asyncio.start_server(handle, "127.0.0.1", 0)
