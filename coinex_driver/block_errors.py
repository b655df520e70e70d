"""Which error comes out of the block around a client when the block, its client, or both have failed."""

from __future__ import annotations


def raise_together(
    body_error: BaseException | None, client_error: BaseException | None, cancelled: type[BaseException]
) -> None:
    """Raises one error as itself, two as a group; a cancellation (of the driver's class for it) gives way to an error."""
    errors = tuple(dict.fromkeys(error for error in (body_error, client_error) if error is not None))
    if len(errors) == 2 and isinstance(body_error, cancelled):
        errors = errors[1:]
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise BaseExceptionGroup("the block and its client have failed", errors)
