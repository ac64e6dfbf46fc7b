"""DigitalOcean in a box: runs the whole platform on one machine, without an account."""
