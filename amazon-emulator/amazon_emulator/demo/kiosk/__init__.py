"""The part of the demo about Data Kiosk and transactions: read with the reports."""
