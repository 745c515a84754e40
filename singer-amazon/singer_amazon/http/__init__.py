"""HTTP towards Amazon: requests with retries, Login with Amazon, calls with a token."""
