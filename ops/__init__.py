"""The command line around Terraform: ``python -m ops --help``."""
