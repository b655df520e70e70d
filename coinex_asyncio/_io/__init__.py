"""What moves bytes and time under asyncio."""
