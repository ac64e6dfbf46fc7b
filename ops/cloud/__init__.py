"""DigitalOcean's API, for what Terraform cannot be asked."""
