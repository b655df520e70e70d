"""Parts of the venues' clients: their methods by subject."""
