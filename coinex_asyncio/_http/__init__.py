"""HTTP under asyncio: the streams below httpx2."""
