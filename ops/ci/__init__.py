"""What the jobs of .github/workflows run. Each script runs on any machine: docs/runbooks/ci.md."""
