"""The exchange itself: matching, accounts, money, prices and seeded traders. Knows no wire."""
