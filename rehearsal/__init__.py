"""DigitalOcean in a box: what lets the whole platform run on one machine without an account."""
