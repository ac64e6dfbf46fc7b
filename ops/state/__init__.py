"""The bucket that holds Terraform's state: made before Terraform can be, and its lock proved."""
