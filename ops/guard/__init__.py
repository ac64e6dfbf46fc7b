"""What a plan would lose, open or stop, and what it takes to deploy that all the same."""
