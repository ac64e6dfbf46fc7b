"""Terraform for one stack: synthesis, plan, guard, apply."""
