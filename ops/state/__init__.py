"""The bucket for Terraform's state: created before the first apply, and its lock tested."""
