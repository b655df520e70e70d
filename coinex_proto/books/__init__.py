"""Order books: what a venue's must be able to do, what users read, and a ladder of levels to build one on."""

from coinex_proto.books.book import NO_LEVELS, Book, Levels, MustBeTold
from coinex_proto.books.checked import BookChange, CheckedBook
from coinex_proto.books.ladder import Ladder, Level, LevelTexts
from coinex_proto.books.view import BookChanged, BookView

__all__ = [
    "NO_LEVELS",
    "Book",
    "BookChange",
    "BookChanged",
    "BookView",
    "CheckedBook",
    "Ladder",
    "Level",
    "LevelTexts",
    "Levels",
    "MustBeTold",
]
