"""What a droplet needs to build itself: its user data, and the scripts and units in it."""
