"""Login with Amazon: `tokens` keeps and checks them, `routes` hands them out."""
