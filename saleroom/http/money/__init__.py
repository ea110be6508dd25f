"""Money: terms, invoices, payments, checkout and receipts."""
