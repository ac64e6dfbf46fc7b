"""DigitalOcean's API, for what Terraform cannot do."""
